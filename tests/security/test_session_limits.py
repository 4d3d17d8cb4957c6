"""How long a member's session lasts, and what it costs to look after it."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from erply_auth.models import MemberSession
from erply_auth.sandbox import Sandbox
from tests.app.session_support import (
    begun_before,
    device,
    every_engine,
    unused_for,
    use,
)
from tests.app.support import (
    LOGOUT,
    OVERVIEW,
    PROFILE,
    configure,
    is_logged_in,
    statements_of_the_app,
    warm,
)

pytestmark = pytest.mark.django_db
SESSIONS = "/account/sessions/"
HOUR, DAY = 3600, 86400


def test_a_session_of_staff_is_none_of_our_business(
    client: Client, erply: Sandbox, staff: Any, settings: Any
) -> None:
    """Neither limit nor list: they are the host's."""
    configure(settings, SESSION_MAX_SECONDS=1, SESSION_IDLE_SECONDS=1)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    with statements_of_the_app() as statements:
        assert client.get("/who/").json()["user"] == "boss"
    assert not [sql for sql in statements if "membersession" in sql]
    assert "erply_auth.session" not in client.session
    client.post(LOGOUT)


@every_engine
@pytest.mark.parametrize(
    ("remembered", "unused", "age", "alive"),
    [
        (False, 8 * HOUR - 60, 0, True),
        (False, 8 * HOUR, 0, False),
        (False, 0, DAY - 60, True),
        (False, 0, DAY, False),
        (True, 7 * DAY - 60, 0, True),
        (True, 7 * DAY, 0, False),
        (True, 0, 14 * DAY - 60, True),
        (True, 0, 14 * DAY, False),
    ],
)
def test_a_session_ends_unused_and_in_the_end_however_much_it_is_used(
    erply: Sandbox,
    settings: Any,
    engine: str,
    *,
    remembered: bool,
    unused: int,
    age: int,
    alive: bool,
) -> None:
    use(engine, settings)
    client = device(**({"remember_me": "on"} if remembered else {}))
    begun_before(age)
    unused_for(unused)
    assert is_logged_in(client) is alive
    assert is_logged_in(client) is alive


def test_the_limits_are_those_of_now_not_those_of_then(erply: Sandbox, settings: Any) -> None:
    client = device()
    begun_before(2 * HOUR)
    assert is_logged_in(client)
    configure(settings, SESSION_MAX_SECONDS=HOUR)
    assert not is_logged_in(client)


def test_the_cookie_outlives_the_browser_only_where_the_member_said_so(erply: Sandbox) -> None:
    assert device().cookies["sessionid"]["max-age"] == ""
    assert device(remember_me="on").cookies["sessionid"]["max-age"] == 14 * DAY


def test_changes_on_get(erply: Sandbox) -> None:
    """Every page twice: the session is not written, and its age at most every five minutes."""
    client = device()
    paths = (OVERVIEW, PROFILE, SESSIONS, "/plain/")
    before = (list(Session.objects.values()), list(MemberSession.objects.values()))
    for path in paths * 2:
        assert client.get(path).status_code == 200
    assert (list(Session.objects.values()), list(MemberSession.objects.values())) == before
    unused_for(301)
    with statements_of_the_app() as statements:
        for _ in range(2):
            client.get("/plain/")
    assert [sql.split()[0] for sql in statements] == ["SELECT", "UPDATE", "SELECT"]


def test_a_short_limit_is_counted_exactly_enough(erply: Sandbox, settings: Any) -> None:
    configure(settings, SESSION_IDLE_SECONDS=100)
    client = device()
    for _ in range(3):
        unused_for(60)
        assert is_logged_in(client)
    unused_for(100)
    assert not is_logged_in(client)


def test_the_check_costs_no_statement_and_log_in_one_at_most(erply: Sandbox) -> None:
    device()
    warm(erply)
    with statements_of_the_app() as statements:
        client = device()
    assert len(statements) <= 4, statements
    with statements_of_the_app() as statements:
        assert client.get("/plain/").status_code == 200
    assert len(statements) == 1, statements


def test_log_in_clears_the_members_old_rows_and_no_others(erply: Sandbox) -> None:
    device()
    device(remember_me="on")
    device("gold")
    unused_for(DAY)
    device()
    members = [row.member.customer_id for row in MemberSession.objects.all()]
    assert sorted(members) == [15, 15, 30]
