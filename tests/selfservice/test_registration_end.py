"""The mailed link of a registration: what is made in Erply, and that it is made once."""

import logging
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from erply_auth.models import PendingRegistration, PolicyAcceptance
from erply_auth.sandbox import Sandbox
from tests.app.support import (
    closing_connections,
    configure,
    everything_stored,
    log_in,
    names_called,
    table_gone,
    warm,
)

from .links import (
    COMPANY,
    MARI_AT,
    NEW,
    PASSWORDS,
    REGISTER,
    RESET,
    UKU,
    at_once,
    end,
    log_after,
    newcomers,
    newest_entry,
    places,
    register,
    registration_link,
    set_up_group,
)
from .support import errors, forms_of, page, said, writes

pytestmark = pytest.mark.django_db

PLACES = places()


@pytest.fixture(autouse=True)
def group(erply: Sandbox, db: None) -> int:
    """The group of those who register."""
    return set_up_group(erply)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password2": "Another-one-1"}, "password2"),
        ({"password1": ""}, "password1"),
        ({"password1": "Ab1-xyz", "password2": "Ab1-xyz"}, "password1"),
        ({"password1": "uku@example.ee", "password2": "uku@example.ee"}, "password1"),
    ],
)
def test_a_password_that_django_refuses_leaves_the_link_as_it_is(
    erply: Sandbox, mailoutbox: list[Any], changes: dict[str, str], field: str
) -> None:
    path = registration_link(mailoutbox)
    answer = end(path, **changes)
    assert (answer.status_code, list(errors(answer))) == (200, [field])
    assert end(path).status_code == 302


@pytest.mark.parametrize(
    ("code", "blamed", "place"),
    [
        (1100, "password", "password1"),
        (1196, "", "password1"),
        (1016, "password", "password1"),
        (1016, "lastName", "__all__"),
    ],
)
def test_erplys_verdict_is_said_and_the_link_still_works(
    erply: Sandbox, mailoutbox: list[Any], code: int, blamed: str, place: str
) -> None:
    path = registration_link(mailoutbox)
    erply.fault("error", code=code, field=blamed, calls="saveCustomer", times=1)
    answer = end(path)
    assert (answer.status_code, list(errors(answer))) == (200, [place])
    assert NEW not in page(answer)
    assert end(path).status_code == 302


@pytest.mark.parametrize("call", ["getCustomers", "validateCustomerUsername", "saveCustomer"])
def test_an_outage_uses_no_link_up_and_shows_no_password(
    erply: Sandbox, mailoutbox: list[Any], call: str
) -> None:
    path = registration_link(mailoutbox)
    erply.fault("error", code=1000, calls=call, times=1)
    answer = end(path)
    assert answer.status_code == 503
    assert NEW not in page(answer)
    assert escape(NEW) not in page(answer)
    assert end(path).status_code == 302
    assert len(newcomers(erply)) == 1


@pytest.mark.parametrize("api", ["classic", "crm"])
def test_a_group_that_is_missing_is_the_operators_to_make(
    erply: Sandbox,
    group: int,
    mailoutbox: list[Any],
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    api: str,
) -> None:
    configure(settings, REGISTRATION_GROUP=9999, CUSTOMER_API=api)
    assert register().status_code == 503
    assert "ERPLY_AUTH['REGISTRATION_GROUP']" in caplog.text
    assert mailoutbox == []
    configure(settings, REGISTRATION_GROUP=3)
    end(registration_link(mailoutbox))
    assert newcomers(erply)[0]["groupID"] == 3


def test_a_group_that_was_made_meanwhile_is_found(
    erply: Sandbox, group: int, mailoutbox: list[Any], settings: Any
) -> None:
    """What is kept about the groups may be an hour old."""
    configure(settings, MEMBERS_GROUP="Later")
    assert register().status_code == 302
    erply.groups[group]["name"] = erply.groups[group]["nameENG"] = "Later"
    end(registration_link(mailoutbox))
    assert newcomers(erply)[0]["groupID"] == group


def test_without_a_group_of_their_own_newcomers_are_in_erplys_first(
    erply: Sandbox, mailoutbox: list[Any], settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    configure(settings, MEMBERS_GROUP="Nobody has made it")
    assert register().status_code == 302
    end(registration_link(mailoutbox))
    assert newcomers(erply)[0]["groupID"] == min(erply.groups)
    assert "run `manage.py erply_setup`" in caplog.text


@pytest.mark.parametrize(("performed", "status"), [(True, 302), (False, 503)])
def test_after_a_lost_answer_it_is_looked_whether_it_happened(
    erply: Sandbox, mailoutbox: list[Any], performed: bool, status: int
) -> None:
    path = registration_link(mailoutbox)
    erply.calls.clear()
    erply.fault("reset", calls="saveCustomer", performed=performed, times=1)
    assert end(path).status_code == status
    look = ["getCustomers", "getCustomers"]
    assert names_called(erply) == [*look, "validateCustomerUsername", "saveCustomer", *look]
    assert len(newcomers(erply)) == PolicyAcceptance.objects.count() == int(performed)
    assert end(path).status_code == (404 if performed else 302)
    assert len(newcomers(erply)) == 1


def test_what_happened_and_could_not_be_told_is_found_the_next_time(
    client: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    path = registration_link(mailoutbox)
    since = newest_entry()

    class Gone(dict[int, Any]):
        """Erply goes away once somebody new is in it."""

        def __setitem__(self, key: int, value: Any) -> None:
            super().__setitem__(key, value)
            erply.fault("reset", calls="getCustomers")

    erply.customers = Gone(erply.customers)
    erply.fault("reset", calls="saveCustomer", performed=True, times=1)
    assert end(path).status_code == 503
    assert [row[-1] for row in log_after(since) if row[1] == "create"] == ["unknown"]
    erply.clear_faults()
    again = client.post(path, PASSWORDS)
    assert "You are registered already" in said(client, again)
    assert len(newcomers(erply)) == len(writes(erply)) == 1
    assert PolicyAcceptance.objects.get().customer_id == newcomers(erply)[0]["id"]
    assert not PendingRegistration.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_customer(erply: Sandbox, mailoutbox: list[Any]) -> None:
    path = registration_link(mailoutbox)
    erply.fault("latency", seconds=0.2, calls="getCustomers")
    assert at_once(*[lambda: end(path)] * 2) == [302, 404]
    assert len(newcomers(erply)) == len(writes(erply)) == 1


def test_of_two_mails_for_the_same_one_makes_the_customer(
    client: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    first, second = registration_link(mailoutbox), registration_link(mailoutbox)
    assert end(second).status_code == 302
    answer = end(first)
    assert answer.status_code == 404
    assert forms_of(answer) == []
    assert "This link does not work" in page(answer)
    assert len(newcomers(erply)) == 1


def test_other_registrations_stay(erply: Sandbox, mailoutbox: list[Any]) -> None:
    other = registration_link(mailoutbox, username="liis", email="liis@example.ee")
    end(registration_link(mailoutbox))
    assert end(other).status_code == 302
    assert len(newcomers(erply)) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"webshopUsername": "uku", "email": "another@example.ee"},
        {"webshopUsername": "another", "email": "uku@example.ee"},
        {"webshopUsername": "", "email": "uku@example.ee"},
    ],
)
def test_what_was_taken_meanwhile_is_said(
    erply: Sandbox, mailoutbox: list[Any], fields: dict[str, str]
) -> None:
    path = registration_link(mailoutbox)
    erply.customers[44].update(fields)
    answer = end(path)
    assert (answer.status_code, list(errors(answer))) == (200, ["__all__"])
    assert "taken meanwhile" in errors(answer)["__all__"]
    assert writes(erply) == []


def test_a_twin_that_erply_names_is_not_taken_for_the_new_customer(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    """Erply itself finds somebody who is the same: the answer is another customer's id."""
    path = registration_link(mailoutbox)
    body = '{"status": {"errorCode": 0}, "records": [{"customerID": 44, "alreadyExists": true}]}'
    erply.fault("not_json", body=body, calls="saveCustomer", times=1)
    assert "taken meanwhile" in errors(end(path))["__all__"]
    assert not PolicyAcceptance.objects.exists()


def test_a_link_of_another_kind_opens_nothing(erply: Sandbox, mailoutbox: list[Any]) -> None:
    token = registration_link(mailoutbox).rstrip("/").rpartition("/")[2]
    pending = PendingRegistration.objects.get()
    assert str(pending) == str(pending.pk)
    for path in (f"{RESET}{token}/", f"{REGISTER}x{token}/", f"{REGISTER}{token[:-1]}/"):
        assert Client().get(path).status_code == end(path).status_code == 404
    PendingRegistration.objects.update(fingerprint="f" * 64)
    assert end(f"{REGISTER}{token}/").status_code == 404
    assert writes(erply) == []


def test_a_registration_that_nobody_confirms_is_forgotten(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    path = registration_link(mailoutbox)
    PendingRegistration.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert Client().get(path).status_code == end(path).status_code == 404
    register(email="another@example.ee")
    assert [one.email for one in PendingRegistration.objects.all()] == ["another@example.ee"]


def test_opening_the_link_changes_nothing(erply: Sandbox, mailoutbox: list[Any]) -> None:
    path = registration_link(mailoutbox)
    before = everything_stored()
    erply.calls.clear()
    for _ in range(2):
        assert Client().get(path).status_code == 200
    assert (everything_stored(), erply.calls) == (before, [])


def test_the_password_and_the_token_are_kept_nowhere(
    erply: Sandbox, mailoutbox: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    path = registration_link(mailoutbox)
    token = path.rstrip("/").rpartition("/")[2]
    with caplog.at_level(logging.DEBUG):
        erply.fault("error", code=1000, calls="saveCustomer", times=1)
        end(path)
        done = end(path)
    stored = repr(everything_stored())
    lines = "\n".join(one.getMessage() for one in caplog.records if "db" not in one.name)
    assert done.status_code == 302
    assert [each for each in (NEW, token) if each in stored + lines] == []
    assert UKU["email"] not in stored


@pytest.mark.django_db(transaction=True)
def test_what_is_made_is_made_even_if_the_log_fails_afterwards(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    path = registration_link(mailoutbox)

    class Gone(dict[int, Any]):
        """The log's table goes away once somebody new is in Erply."""

        def __setitem__(self, key: int, value: Any) -> None:
            super().__setitem__(key, value)
            closing_connections(away.__enter__)()  # in the sandbox's thread

    away = table_gone("erply_auth_processingoutcome")
    erply.customers = Gone(erply.customers)
    try:
        assert end(path).status_code == 503
    finally:
        away.__exit__(None, None, None)
    assert PolicyAcceptance.objects.count() == 1
    assert end(path).status_code == 404
    assert len(newcomers(erply)) == 1


@pytest.mark.parametrize("names", [{}, COMPANY])
def test_it_is_the_same_over_the_crm_api(
    erply: Sandbox, group: int, mailoutbox: list[Any], settings: Any, names: dict[str, str]
) -> None:
    erply.classic_registry_gone = True
    configure(settings, CUSTOMER_API="crm", ADDRESS_API="crm")
    warm(erply)
    assert register(email=MARI_AT, **names).status_code == 302
    assert mailoutbox.pop().subject == "You are a customer of ours already"
    assert end(registration_link(mailoutbox, **names)).status_code == 302
    (customer,) = newcomers(erply)
    assert (customer["webshopUsername"], customer["groupID"]) == ("uku", group)
    assert log_in(Client(), "uku", password=NEW).status_code == 302
