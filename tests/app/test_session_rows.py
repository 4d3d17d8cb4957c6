"""The rows behind members' sessions: when the database refuses, and who else asks for the user."""

import logging
from typing import Any

import pytest
from django.contrib.auth import get_user, get_user_model
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.test import AsyncClient, Client

from erply_auth.models import MemberSession
from erply_auth.sandbox import Sandbox
from erply_auth.services.devices import device as name_of_device

from .session_support import IPHONE, device, row_of, thief_of, unused_for
from .support import (
    ERPLY_BACKEND,
    LOGIN,
    LOGOUT,
    NOT_NOW,
    is_logged_in,
    log_in,
    member_of,
    pair,
    statements_of_the_app,
)

TABLE = "erply_auth_membersession"
INQUISITIVE = "tests.app.test_session_rows.inquisitive"
once = pytest.mark.django_db
for_real = pytest.mark.django_db(transaction=True)


def inquisitive(get_response: Any) -> Any:
    """A host's middleware that wants to know who it is before our own has its turn."""

    def look(request: HttpRequest) -> HttpResponseBase:
        request.user.get_username()
        response: HttpResponseBase = get_response(request)
        return response

    return look


def above_ours(settings: Any, path: str) -> None:
    own = settings.MIDDLEWARE.index("erply_auth.middleware.MemberMiddleware")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:own], path, *settings.MIDDLEWARE[own:]]


@once
def test_a_middleware_above_that_asks_for_the_user_opens_no_ended_session(
    erply: Sandbox, settings: Any
) -> None:
    above_ours(settings, INQUISITIVE)
    client, other = device(), device("gold")
    assert is_logged_in(client)
    MemberSession.objects.filter(pk=row_of(client).pk).delete()
    assert not is_logged_in(client)
    assert is_logged_in(other)


@once
def test_async_views_are_told_the_same(erply: Sandbox, async_run: Any, settings: Any) -> None:
    async def visit() -> list[int]:
        client = AsyncClient()
        await client.post(LOGIN, pair("person"))
        statuses = [(await client.get("/patient/")).status_code]
        await MemberSession.objects.all().adelete()
        statuses += [(await client.get("/patient/")).status_code for _ in range(2)]
        assert not await client.session.ahas_key("_auth_user_id")  # type: ignore[attr-defined]
        return statuses

    assert async_run(visit) == [200, 302, 302]


def patiently_inquisitive(get_response: Any) -> Any:
    async def look(request: HttpRequest) -> HttpResponseBase:
        await request.auser()
        response: HttpResponseBase = await get_response(request)
        # Asked for once more, it is looked up no more.
        assert await request.auser() == await request.auser()
        return response

    return look


patiently_inquisitive.async_capable = True  # type: ignore[attr-defined]
patiently_inquisitive.sync_capable = False  # type: ignore[attr-defined]


@once
def test_async_middleware_above_opens_no_ended_session(
    erply: Sandbox, async_run: Any, settings: Any
) -> None:
    above_ours(settings, "tests.app.test_session_rows.patiently_inquisitive")

    async def visit() -> list[int]:
        client = AsyncClient()
        await client.post(LOGIN, pair("person"))
        statuses = [(await client.get("/patient/")).status_code]
        await MemberSession.objects.all().adelete()
        statuses.append((await client.get("/patient/")).status_code)
        return statuses

    assert async_run(visit) == [200, 302]


@once
def test_outside_a_request_the_user_is_found_without_a_row(
    client: Client, erply: Sandbox, rf: Any
) -> None:
    """Django's own `get_user`, as other protocols use it, knows no middleware."""
    log_in(client)
    request = rf.get("/")
    request.session = client.session
    assert get_user(request) == member_of("person", erply).user


@for_real
def test_a_log_in_whose_row_cannot_be_written_is_none(
    client: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    log_in(Client())
    with table_gone_for_inserts(), caplog.at_level(logging.ERROR):
        answer = log_in(client)
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert NOT_NOW in answer.content.decode()
    assert 'value="person"' in answer.content.decode()
    assert "sessionid" not in client.cookies
    assert "The database refused" in caplog.text
    assert log_in(client).status_code == 302


def table_gone_for_inserts() -> Any:
    """The database refuses new rows of sessions."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and TABLE in sql:
            sql = sql.replace(TABLE, f"{TABLE}_gone")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(refuse)


@for_real
@pytest.mark.parametrize("engine", ["db", "cache"])
def test_log_out_works_although_the_row_stays(
    erply: Sandbox, settings: Any, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    client = device()
    thief = thief_of(client)

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sql = sql.replace(TABLE, f"{TABLE}_gone") if sql.startswith("DELETE") else sql
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), caplog.at_level(logging.ERROR):
        assert client.post(LOGOUT).status_code == 302
    assert "a session is listed still" in caplog.text
    assert MemberSession.objects.count() == 1
    assert not is_logged_in(thief)


@for_real
@pytest.mark.parametrize("atomic", [True, False])
def test_a_visit_that_cannot_be_noted_is_a_visit(
    erply: Sandbox, caplog: pytest.LogCaptureFixture, *, atomic: bool
) -> None:
    client = device()
    unused_for(301)

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sql = sql.replace(TABLE, f"{TABLE}_gone") if sql.startswith("UPDATE") else sql
        return execute(sql, params, many, context)

    connection.settings_dict["ATOMIC_REQUESTS"] = atomic
    try:
        with connection.execute_wrapper(refuse), caplog.at_level(logging.ERROR):
            assert is_logged_in(client)
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert "a visit is not noted" in caplog.text


@once
def test_settings_that_cannot_be_read_end_no_session_for_good(
    erply: Sandbox, settings: Any
) -> None:
    client, good = device(), settings.ERPLY_AUTH
    settings.ERPLY_AUTH = {}
    assert not is_logged_in(client)
    settings.ERPLY_AUTH = good
    assert is_logged_in(client)


@once
def test_a_user_without_a_link_gets_no_row(client: Client, erply: Sandbox) -> None:
    user = get_user_model().objects.create_user("nobody")
    client.force_login(user, backend=ERPLY_BACKEND)
    assert not MemberSession.objects.exists()
    assert not is_logged_in(client)


@once
def test_a_session_that_names_no_row_is_nobodys(erply: Sandbox) -> None:
    """One from before there were rows, whether or not the member has others."""
    client = device()
    session = client.session
    del session["erply_auth.session"]
    session.save()
    assert not is_logged_in(client)
    client = device()
    session = client.session
    del session["erply_auth.session"]
    session.save()
    MemberSession.objects.all().delete()
    assert not is_logged_in(client)


@once
def test_a_hosts_own_log_in_gets_a_row_too(client: Client, erply: Sandbox) -> None:
    device()
    client.force_login(member_of("person", erply).user, backend=ERPLY_BACKEND)
    assert is_logged_in(client)
    assert str(row_of(client)) == client.session["erply_auth.session"]
    assert row_of(client).device == ""


@once
def test_a_log_in_in_async_code_gets_a_row_too(erply: Sandbox, async_run: Any) -> None:
    async def visit() -> int:
        client = AsyncClient()
        await client.post(LOGIN, pair("person"))
        user = await get_user_model().objects.aget()
        other = AsyncClient()
        await other.aforce_login(user, backend=ERPLY_BACKEND)
        return int((await other.get("/patient/")).status_code)

    assert async_run(visit) == 200
    assert MemberSession.objects.count() == 2


@once
def test_old_rows_go_in_one_statement_at_log_in(erply: Sandbox) -> None:
    device()
    unused_for(10**6)
    with statements_of_the_app() as statements:
        device()
    assert [sql.split()[0] for sql in statements].count("DELETE") == 1


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (IPHONE, "Safari, iPhone"),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
            ),
            "Edge, Windows",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
                "SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36"
            ),
            "Samsung Internet, Android",
        ),
        (
            (
                "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
                "Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1"
            ),
            "Chrome, iPad",
        ),
        (
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Safari/537.36"
            ),
            "Chrome, ChromeOS",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "Mac"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Firefox, Linux",
        ),
        ("<script>alert(1)</script>\r\n", ""),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_a_device_is_two_words_at_most(user_agent: str, name: str) -> None:
    assert name_of_device(user_agent) == name
