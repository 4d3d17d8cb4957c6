"""Whose user is whose: what linking has been broken by, and what tells customers apart."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox
from erply_auth.signals import erply_unavailable
from tests.app.support import (
    LOGIN,
    PROFILE,
    REFUSED,
    configure,
    is_logged_in,
    log_in,
    member_of,
    names_called,
    warm,
)

pytestmark = pytest.mark.django_db
User = get_user_model()

ALIKE = ["PERSON", "Person", "pèrson", "persoñ", "\uff50erson", "per\u017fon", "pers\u00f6n"]


@pytest.mark.parametrize("field", ["username", "email", "first_name"])
@pytest.mark.parametrize("planted", ["boss", "BOSS", "böss", "boss@shop.example"])
def test_a_customer_with_a_staff_users_name_or_address_never_becomes_them(
    client: Client, erply: Sandbox, erply_customer: Any, staff: Any, field: str, planted: str
) -> None:
    """CVE-2025-61783: linked by e-mail unasked."""
    setattr(staff, field, planted)
    staff.save()
    before = User.objects.filter(pk=staff.pk).values().get()
    erply_customer(username=planted, password="Its-own-1", email="boss@shop.example")
    assert log_in(client, planted, password="Its-own-1").status_code == 302
    member = Member.objects.get()
    assert member.user != staff
    assert (member.user.is_staff, member.user.is_superuser) == (False, False)
    assert not member.user.has_usable_password()
    assert member.user.email == ""
    assert User.objects.filter(pk=staff.pk).values().get() == before
    assert not hasattr(User.objects.get(pk=staff.pk), "erply_member")


def test_ids_are_scoped_to_the_account_in_both_directions(erply: Sandbox, settings: Any) -> None:
    """CVE-2026-57176: the same customer id in two accounts is two users, and neither's session
    serves in the other's account."""
    first, second = Client(), Client()
    log_in(first)
    configure(settings, CLIENT_CODE="200200")
    erply.client_code = "200200"
    log_in(second)
    assert (is_logged_in(first), is_logged_in(second)) == (False, True)
    configure(settings, CLIENT_CODE="100100")
    erply.client_code = "100100"
    assert (is_logged_in(first), is_logged_in(second)) == (True, False)
    members = {(one.client_code, one.customer_id): one.user_id for one in Member.objects.all()}
    assert set(members) == {("100100", 15), ("200200", 15)}
    assert len(set(members.values())) == 2


def assert_names_are_compared_exactly(erply: Sandbox) -> None:
    taken = User.objects.create_user("ERPLY-100100-15")
    alike = User.objects.create_user("Pérson")
    group = Group.objects.create(name="ERPLY: BUSINESS")
    for name in ALIKE:
        client = Client()
        assert log_in(client, name, password="Sandbox-person-1").status_code == 200
        assert not is_logged_in(client)
    assert not Member.objects.exists()
    log_in(Client(), "company")
    log_in(Client())
    log_in(Client())
    member = member_of("person", erply)
    assert member.user not in (taken, alike)
    assert Member.objects.count() == 2
    assert not group.user_set.exists()


def test_names_that_differ_in_case_or_accents_do_not_match(erply: Sandbox) -> None:
    """CVE-2024-32879."""
    assert_names_are_compared_exactly(erply)


@pytest.mark.mariadb
def test_names_that_differ_in_case_or_accents_do_not_match_on_mariadb(erply: Sandbox) -> None:
    """CVE-2024-32879, where the database itself takes them for equal."""
    User.objects.create_user("lookalike")
    assert User.objects.filter(username="LOOKALÍKE").exists(), "this database tells them apart"
    assert_names_are_compared_exactly(erply)


def test_a_name_that_moves_takes_no_user_along(erply: Sandbox) -> None:
    """CVE-2025-65431: two customers swap their names; their users stay their own."""
    for name in ("person", "gold"):
        log_in(Client(), name)
    mari, kalle = (member_of(name, erply).user for name in ("person", "gold"))
    erply.customers[15]["webshopUsername"] = "gold"
    erply.customers[30]["webshopUsername"] = "person"
    one, other = Client(), Client()
    log_in(one, "gold", password="Sandbox-person-1")
    log_in(other, "person", password="Sandbox-gold-1")
    assert "Mari" in one.get(PROFILE).content.decode()
    assert "Mari" not in other.get(PROFILE).content.decode()
    assert member_of("gold", erply).user == mari
    assert member_of("person", erply).user == kalle


@pytest.mark.parametrize("method", ["get", "post", "head", "put"])
@pytest.mark.parametrize("end", ["deactivated", "deleted", "link deleted"])
def test_a_user_who_is_deactivated_or_deleted_is_anonymous_at_the_next_request(
    client: Client, erply: Sandbox, method: str, end: str
) -> None:
    """CVE-2025-65430."""
    log_in(client)
    if end == "deactivated":
        User.objects.update(is_active=False)
    else:
        (User if end == "deleted" else Member).objects.all().delete()
    warm(erply)
    answer = getattr(client, method)(PROFILE)
    assert (answer.status_code, answer["Location"].startswith(LOGIN)) == (302, True)
    assert erply.calls == []
    assert not is_logged_in(client)


_VARYING = {"Content-Length", "Expires"}  # the length of the name, the clock
_CHANGING = re.compile(r'(name="csrfmiddlewaretoken" value=)"[^"]+"')


def answered(erply: Sandbox, name: str, password: str) -> tuple[Any, ...]:
    """All that can be seen of a refused log-in, from outside and at Erply."""
    client = Client()
    token = client.get(LOGIN).cookies["csrftoken"].value
    erply.calls.clear()
    answer = log_in(client, name, password=password, csrfmiddlewaretoken=token)
    text = _CHANGING.sub(r"\1", answer.content.decode()).replace(f'value="{name}"', "value")
    assert REFUSED in text
    headers = {key: value for key, value in answer.headers.items() if key not in _VARYING}
    cookies = {key: (one["max-age"], one["path"]) for key, one in answer.cookies.items()}
    calls = [(call.name, sorted(call.parameters)) for call in erply.calls]
    return answer.status_code, text, repr(sorted(headers.items())), repr(cookies), repr(calls)


def test_unknown_wrong_blocked_passwordless_and_inactive_cannot_be_told_apart(
    erply: Sandbox, settings: Any
) -> None:
    """CVE-2024-39329, CVE-2025-13473: same status, text, headers, cookies and calls."""
    configure(settings, GUESSES_PER_ADDRESS=1000)  # They all come from one address.
    erply.customers[44]["webshopUsername"] = "fresh"
    assert not erply.customers[44].get("password")
    for name in ("gold", "company", "contact"):
        log_in(Client(), name)
    User.objects.filter(erply_member=member_of("gold", erply)).update(is_active=False)
    User.objects.filter(erply_member=member_of("company", erply)).update(is_staff=True)
    member = member_of("contact", erply)
    member.closed_at = member.linked_at
    member.save()
    warm(erply)
    seen = {
        "unknown": answered(erply, "nobody", "wrong"),
        "wrong": answered(erply, "person", "wrong"),
        "passwordless": answered(erply, "fresh", "wrong"),
        "inactive, wrong": answered(erply, "gold", "wrong"),
        "inactive": answered(erply, "gold", "Sandbox-gold-1"),
        "made staff": answered(erply, "company", "Sandbox-company-1"),
        "closed": answered(erply, "contact", "Sandbox-contact-1"),
        "walk-in": answered(erply, "walkin", "Sandbox-walkin-1"),
    }
    for code in (1050, 1052, 1053):
        erply.fault("error", code=code, calls="verifyCustomerUser", times=1)
        seen[f"blocked, {code}"] = answered(erply, f"blocked{code}", "Sandbox-person-1")
    assert {name: one == seen["unknown"] for name, one in seen.items()} == dict.fromkeys(seen, True)
    assert names_called(erply) == ["verifyCustomerUser"]


def test_accepted_rejected_and_cannot_tell_are_three_outcomes(erply: Sandbox) -> None:
    """zulip 13131: an outage has a signal and words of its own, and ends nobody's access."""
    heard: list[Any] = []

    def hear(**kwargs: Any) -> None:
        heard.append(kwargs["error"])

    inside = Client()
    log_in(inside)
    erply_unavailable.connect(hear)
    try:
        assert log_in(Client(), password="wrong").status_code == 200
        assert heard == []
        for wrong in ({"kind": "empty"}, {"kind": "error", "code": 1002}, {"kind": "reset"}):
            erply.fault(calls="verifyCustomerUser", times=2, **wrong)
            answer = log_in(Client())
            assert (answer.status_code, REFUSED in answer.content.decode()) == (503, False)
            erply.clear_faults()
        assert len(heard) == 3
    finally:
        erply_unavailable.disconnect(hear)
    assert is_logged_in(inside)
    assert User.objects.filter(is_active=True).count() == 1
    assert not Member.objects.filter(closed_at__isnull=False).exists()
