"""How fresh what is shown is: kept a while, never longer than it may, entered every time."""

import datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox
from erply_auth.services import cards
from tests.app.support import LOGOUT, configure, names_called

from .support import (
    ADDRESSES,
    COMPANY,
    DELETE,
    EDIT,
    MARI,
    NEW_ADDRESS,
    OVERVIEW,
    PASSWORD,
    PROFILE,
    entries,
    newest,
    opened,
    page,
    send,
    writes,
)

pytestmark = pytest.mark.django_db

SHOWING = pytest.mark.parametrize("path", [OVERVIEW, ADDRESSES])


def member() -> Member:
    return Member.objects.get(customer_id=MARI)


def key() -> str:
    return cards._store()._key(cards._name(member()))


def make_older(seconds: float) -> None:
    """The kept card was read so much earlier."""
    kept = cache.get(key())
    read_at = kept.read_at - datetime.timedelta(seconds=seconds)
    cache.set(key(), cards.ShownCard(kept.card, read_at), 3600)


@SHOWING
def test_what_was_read_is_shown_again_without_a_call_and_entered_each_time(
    mari: Client, erply: Sandbox, path: str
) -> None:
    since = newest()
    for _ in range(3):
        assert "Näituse" in page(mari.get(ADDRESSES))
        assert mari.get(path).status_code == 200
    assert names_called(erply) == ["getCustomers"]
    assert entries(since) == [(MARI, "read", "done")] * 6


@SHOWING
def test_after_its_time_it_is_read_again(
    mari: Client, erply: Sandbox, settings: Any, path: str
) -> None:
    configure(settings, CARD_SECONDS=100)
    mari.get(path)
    make_older(99)
    mari.get(path)
    assert len(erply.calls) == 1
    make_older(1)
    mari.get(path)
    assert len(erply.calls) == 2


def test_a_card_from_the_future_is_not_trusted(mari: Client, erply: Sandbox) -> None:
    mari.get(OVERVIEW)
    make_older(-3600)
    mari.get(OVERVIEW)
    assert len(erply.calls) == 2


@SHOWING
def test_with_zero_seconds_nothing_is_kept(
    mari: Client, erply: Sandbox, settings: Any, path: str
) -> None:
    configure(settings, CARD_SECONDS=0)
    for _ in range(3):
        mari.get(path)
    assert names_called(erply) == ["getCustomers"] * 3
    assert cache.get(key()) is None
    erply.fault("error", code=1000)
    assert mari.get(path).status_code == 503


@pytest.mark.parametrize("path", [PROFILE, EDIT, DELETE])
def test_edit_forms_always_read_erply_itself(mari: Client, erply: Sandbox, path: str) -> None:
    mari.get(OVERVIEW)
    erply.customers[MARI]["lastName"] = erply.addresses[101]["street"] = "Just now"
    assert "Just now" in page(mari.get(path))
    mari.get(path)
    read = [name for name in names_called(erply) if name in ("getCustomers", "getAddresses")]
    assert len(read) == 3


CHANGES = {
    PROFILE: {"last_name": "Mets"},
    EDIT: {"street": "Uus 5"},
    "/account/addresses/add/": NEW_ADDRESS | {"street": "Uus 5"},
    DELETE: {},
    PASSWORD: {
        "old_password": "Sandbox-person-1",
        "new_password1": "Uus-salasõna-77",
        "new_password2": "Uus-salasõna-77",
    },
}


@pytest.mark.parametrize("path", CHANGES)
def test_a_save_in_one_process_makes_kept_cards_unusable_in_another(
    mari: Client, enter: Any, erply: Sandbox, settings: Any, path: str
) -> None:
    phone = enter("person")
    phone.get(OVERVIEW)
    old_key, old = key(), cache.get(key())
    assert send(mari, path, **CHANGES[path]).status_code == 302
    # Another process whose cache is its own, or who was just about to keep what it had read.
    cache.set(old_key, old, 3600)
    erply.calls.clear()
    if path == PASSWORD:
        phone = mari
    answer = phone.get(ADDRESSES)
    assert names_called(erply)[:1] == ["getCustomers"]
    text = page(answer) + page(phone.get(OVERVIEW))
    if path == PROFILE:
        assert "Mari Mets" in text
    elif path == DELETE:
        assert "Näituse" not in text
    elif path != PASSWORD:
        assert "Uus 5" in text


@pytest.mark.parametrize("performed", [True, False])
def test_a_write_that_was_lost_makes_it_unusable_as_well(
    mari: Client, erply: Sandbox, performed: bool
) -> None:
    mari.get(OVERVIEW)
    before = member().card_version
    fields = opened(mari, PROFILE)
    erply.fault("reset", calls="saveCustomer", performed=performed)
    mari.post(PROFILE, fields | {"last_name": "Mets"})
    assert member().card_version == before + 1


@pytest.mark.parametrize("path", [PROFILE, EDIT, DELETE])
def test_an_attempt_that_never_reached_erply_leaves_the_kept_card_for_the_outage(
    mari: Client, erply: Sandbox, path: str
) -> None:
    fields = opened(mari, path)
    mari.get(OVERVIEW)
    erply.fault("error", code=1000)
    assert mari.post(path, fields | {"phone": "", "city": "Võru"}).status_code == 503
    make_older(600)
    answer = mari.get(OVERVIEW)
    assert answer.status_code == 200
    assert "cannot be asked" in page(answer)


def test_what_is_not_saved_costs_no_version(mari: Client, erply: Sandbox) -> None:
    before = member().card_version
    send(mari, PROFILE)
    send(mari, PROFILE, phone="wrong")
    send(mari, EDIT)
    fields = opened(mari, PROFILE)
    erply.customers[MARI]["phone"] = "+372 600 1111"
    mari.post(PROFILE, fields | {"phone": "+372 600 1111"})
    assert writes(erply) == []
    assert member().card_version == before


@SHOWING
def test_while_erply_is_down_the_old_card_is_shown_with_its_age(
    mari: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    mari.get(OVERVIEW)
    make_older(20 * 60)
    erply.fault("error", code=1000)
    since = newest()
    answer = mari.get(path)
    assert answer.status_code == 200
    assert "This is what it said 20\xa0minutes ago" in page(answer)
    assert entries(since) == [(MARI, "read", "done")]
    assert "a kept card is shown: getCustomers: maintenance (1000)" in caplog.text
    erply.clear_faults()
    assert "cannot be asked" not in page(mari.get(path))


def test_it_is_kept_an_hour_at_most(mari: Client, erply: Sandbox, settings: Any) -> None:
    spy = "tests.selfservice.caching.Noting"
    settings.CACHES = {"default": settings.CACHES["default"] | {"BACKEND": spy}}
    mari.get(OVERVIEW)
    assert 3600 in cache.timeouts.values()  # type: ignore[attr-defined]
    assert cache.timeouts[key()] == 3600  # type: ignore[attr-defined]


POISON = ["a string", {"card": 1}, ["list"], 7, True, b"bytes"]


@pytest.mark.parametrize("poison", POISON)
def test_what_is_no_card_is_read_anew(mari: Client, erply: Sandbox, poison: Any) -> None:
    cache.set(key(), poison, 3600)
    assert "Mari Maasikas" in page(mari.get(OVERVIEW))
    assert len(erply.calls) == 1


def test_a_card_kept_by_another_release_is_never_found() -> None:
    for record in ("ShownCard:", "Card:", "Customer:", "Balance:", "Address:", "ContactPerson:"):
        assert record in cards._FORMAT
    assert "email_opt_out" in cards._FORMAT


def test_it_is_purged_at_log_out(mari: Client) -> None:
    mari.get(OVERVIEW)
    at = key()
    assert cache.get(at) is not None
    mari.post(LOGOUT)
    assert cache.get(at) is None


@pytest.mark.parametrize("end", ["close", "delete member", "delete user"])
def test_it_is_purged_when_the_member_is_closed_or_erased(mari: Client, end: str) -> None:
    mari.get(OVERVIEW)
    at, one = key(), member()
    if end == "close":
        one.closed_at = timezone.now()
        one.save(update_fields=["closed_at"])
    elif end == "delete member":
        one.delete()
    else:
        one.user.delete()
    assert cache.get(at) is None


def test_a_member_saved_otherwise_keeps_it(mari: Client) -> None:
    mari.get(OVERVIEW)
    member().save(update_fields=["name"])
    assert cache.get(key()) is not None


def test_a_record_that_is_gone_takes_it_along(mari: Client, erply: Sandbox) -> None:
    mari.get(OVERVIEW)
    customer = erply.customers.pop(MARI)
    assert mari.get(PROFILE).status_code == 404
    erply.fault("error", code=1000)
    assert mari.get(OVERVIEW).status_code == 503
    erply.customers[MARI] = customer


@pytest.mark.parametrize("path", [OVERVIEW, PROFILE, ADDRESSES])
def test_a_card_that_turns_out_to_be_the_tills_closes_the_member(
    mari: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    erply.customers[MARI]["isPOSDefaultCustomer"] = 1
    since = newest()
    answer = mari.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/")
    assert entries(since) == [(MARI, "read", "failed")]
    assert member().closed_at is not None
    assert cache.get(key()) is None
    assert mari.get(OVERVIEW).status_code == 302
    assert "Customer 15 is a till's walk-in customer: closed" in caplog.text


@pytest.mark.parametrize("path", [PROFILE, PASSWORD])
def test_a_save_that_meets_the_tills_customer_closes_the_member_and_writes_nothing(
    mari: Client, erply: Sandbox, path: str
) -> None:
    fields = opened(mari, path) | CHANGES[path]
    erply.customers[MARI]["isPOSDefaultCustomer"] = 1
    assert mari.post(path, fields)["Location"] == "/account/login/"
    assert writes(erply) == []
    assert member().closed_at is not None


def test_contact_persons_on_a_kept_card_are_entered_too(enter: Any, erply: Sandbox) -> None:
    company = enter("company")
    since = newest()
    for _ in range(2):
        company.get(OVERVIEW)
    assert entries(since) == [(COMPANY, "read", "done"), (21, "read", "done")] * 2
    assert len(erply.calls) == 1


def test_a_service_that_saves_twice_with_one_member_object_shows_what_is_there(
    mari: Client, erply: Sandbox
) -> None:
    one = member()
    for city in ("Võru", "Valga"):
        cards.show(one, cards.Purpose.OVERVIEW)
        erply.addresses[101]["city"] = city
        cards.changed(one)
        shown = cards.show(one, cards.Purpose.OVERVIEW)
        assert shown.card.addresses[0].city == city
    assert one.card_version == member().card_version == 2


def test_who_is_not_a_member_logs_out_without_any_card(client: Client, staff_user: Any) -> None:
    client.force_login(staff_user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(LOGOUT).status_code == 302


@pytest.fixture
def staff_user(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("boss", password="Staff-password-1")
