"""The reserve of Erply's quota: members who have been here go first, the rest waits."""

from typing import Any

import pytest
from django.test import Client

from erply_auth import connection
from erply_auth.erply.quota import Quota
from erply_auth.forms.login import LoginForm
from erply_auth.models import Member
from erply_auth.sandbox import Sandbox
from tests.app.support import (
    LOGOUT,
    OVERVIEW,
    configure,
    log_in,
    names_called,
    pair,
    table_gone,
    warm,
)
from tests.selfservice.test_kept_card import make_older

from .guessing import counted, guess

pytestmark = pytest.mark.django_db
THROTTLED = str(LoginForm.error_messages["throttled"])


@pytest.fixture
def scarce(erply: Sandbox, settings: Any) -> Sandbox:
    """Every call from here on comes out of the reserve, except those that warm up."""
    configure(settings, HOURLY_QUOTA=1000, QUOTA_RESERVE=500)
    warm(erply)
    return erply


def run_low() -> None:
    """The reserve has been begun."""
    connection.quota().spend("by others of this shop", 5000)


def without_name(answer: Any, name: str) -> tuple[int, str]:
    page = answer.content.decode().partition("csrfmiddlewaretoken")[2].partition(">")[2]
    return answer.status_code, page.replace(f'value="{name}"', "")


def test_a_stranger_waits_while_the_quota_runs_low(scarce: Sandbox) -> None:
    run_low()
    answer = log_in(Client())
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert THROTTLED in answer.content.decode()
    assert scarce.calls == []
    assert not Member.objects.exists()


def test_members_who_have_been_here_get_in_on_any_device(scarce: Sandbox) -> None:
    log_in(Client())
    run_low()
    assert log_in(Client()).status_code == 302
    assert log_in(Client(REMOTE_ADDR="192.0.2.1")).status_code == 302
    assert log_in(Client(), "gold").status_code == 429


def test_a_known_device_gets_in_even_under_another_name_of_the_customer(scarce: Sandbox) -> None:
    known = Client()
    log_in(known)
    known.post(LOGOUT)
    Member.objects.update(username="as it was called before")
    run_low()
    assert log_in(Client()).status_code == 429
    assert log_in(known).status_code == 302


def test_guesses_at_a_member_wait_after_the_first(scarce: Sandbox) -> None:
    log_in(Client())
    run_low()
    scarce.calls.clear()
    for number in range(10):
        assert guess(address=f"192.0.2.{number}").status_code == 429
    assert names_called(scarce) == ["verifyCustomerUser"]
    assert log_in(Client()).status_code == 429


def test_nobody_learns_from_a_refusal_who_has_been_here(scarce: Sandbox) -> None:
    log_in(Client())
    run_low()
    asked, unasked = guess("person"), guess("nobody")
    assert without_name(asked, "person") == without_name(unasked, "nobody")
    assert set(asked.headers) == set(unasked.headers)


def test_a_closed_member_is_a_stranger(scarce: Sandbox) -> None:
    log_in(Client())
    member = Member.objects.get()
    member.closed_at = member.linked_at
    member.save()
    run_low()
    scarce.calls.clear()
    assert log_in(Client()).status_code == 429
    assert scarce.calls == []


def test_a_stranger_who_waits_has_not_guessed(scarce: Sandbox) -> None:
    run_low()
    for _ in range(20):
        assert log_in(Client()).status_code == 429
    assert counted() == 0
    connection.quota().learn(refused=False, probing=False)
    quota = connection.quota()
    quota.spend("a new hour", -5000)
    assert log_in(Client()).status_code == 302


def test_a_database_that_cannot_say_who_has_been_here_is_an_outage(
    transactional_db: None, scarce: Sandbox
) -> None:
    run_low()
    with table_gone("erply_auth_member"):
        assert log_in(Client()).status_code == 503
    assert scarce.calls == []


def test_a_spent_quota_is_an_outage_and_not_a_throttle(scarce: Sandbox) -> None:
    scarce.quota = 0
    for _ in range(3):
        assert log_in(Client()).status_code == 503
    assert len(scarce.calls) == 2


def test_a_page_shows_what_was_read_before_while_the_quota_runs_low(scarce: Sandbox) -> None:
    mari = Client()
    log_in(mari)
    assert mari.get(OVERVIEW).status_code == 200
    make_older(600)
    run_low()
    scarce.calls.clear()
    page = mari.get(OVERVIEW)
    assert (page.status_code, scarce.calls) == (200, [])
    assert "cannot be asked" in page.content.decode()
    assert "Mari" in page.content.decode()


def test_a_page_that_was_never_read_is_read_all_the_same(scarce: Sandbox) -> None:
    mari = Client()
    log_in(mari)
    run_low()
    scarce.calls.clear()
    assert mari.get(OVERVIEW).status_code == 200
    assert names_called(scarce) == ["getCustomers"]


def test_counting_costs_no_call_and_a_log_in_as_many_as_before(scarce: Sandbox) -> None:
    log_in(Client(), **pair("person"))
    assert names_called(scarce) == ["verifyCustomerUser"]
    assert isinstance(connection.quota(), Quota)
    assert connection.quota().spent() == scarce.spent_this_hour
