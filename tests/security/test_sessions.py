"""Sessions begin fresh, end when they must, and stay ended: a test for each way they have not."""

import threading
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import AsyncClient, Client

from erply_auth import linking
from erply_auth.models import Member, MemberSession
from erply_auth.sandbox import Sandbox
from tests.app.session_support import (
    IPHONE,
    cookie,
    device,
    every_engine,
    row_of,
    thief_of,
    unused_for,
    use,
)
from tests.app.support import (
    LOGIN,
    LOGOUT,
    PROFILE,
    closing_connections,
    everything_stored,
    is_logged_in,
    log_in,
    member_of,
    pair,
)

pytestmark = pytest.mark.django_db
User = get_user_model()
SESSIONS, PASSWORD = "/account/sessions/", "/account/password/"
HOUR, DAY = 3600, 86400


def exists(key: str, settings: Any) -> bool:
    return bool(import_module(settings.SESSION_ENGINE).SessionStore().exists(key))


def end(client: Client, other: Client) -> Any:
    return client.post(SESSIONS, {"session": str(row_of(other).pk)})


@every_engine
def test_session_fixation(erply: Sandbox, settings: Any, engine: str) -> None:
    """What a stranger has planted is nobody's key after the log-in."""
    use(engine, settings)
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    planted = str(session.session_key)
    client.cookies["sessionid"] = planted
    log_in(client)
    assert cookie(client) != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert is_logged_in(client)
    assert not is_logged_in(thief)


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache"])
def test_a_member_who_logs_in_once_more_gets_another_key(
    erply: Sandbox, settings: Any, engine: str
) -> None:
    """Django keeps it then, and with it whoever has a copy."""
    use(engine, settings)
    client = device()
    thief, before = thief_of(client), cookie(client)
    log_in(client)
    assert cookie(client) != before
    assert not exists(before, settings)
    assert not is_logged_in(thief)
    assert is_logged_in(client)
    assert MemberSession.objects.count() == 1


def test_anothers_log_in_starts_with_nothing_and_ends_the_first(erply: Sandbox) -> None:
    client = device()
    session = client.session
    session["basket"] = [1]
    session.save()
    before = cookie(client)
    log_in(client, "gold")
    assert "basket" not in client.session
    assert not Session.objects.filter(session_key=before).exists()
    assert [row.member for row in MemberSession.objects.all()] == [member_of("gold", erply)]


def test_staff_who_log_in_over_a_member_are_not_that_member(erply: Sandbox, staff: Any) -> None:
    client = device()
    client.post("/admin/login/", {"username": "boss", "password": "Staff-password-1"})
    assert client.get("/who/").json() == {"member": None, "user": "boss"}


def test_staff_rights_in_another_backends_session_end_the_members(erply: Sandbox) -> None:
    client = device()
    user = member_of("person", erply).user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert not is_logged_in(client)
    assert not MemberSession.objects.exists()


@every_engine
def test_soft_log_out(erply: Sandbox, settings: Any, engine: str) -> None:
    """It ends on the server: a copy of the cookie opens nothing, wherever sessions are kept."""
    use(engine, settings)
    client = device()
    thief = thief_of(client)
    assert is_logged_in(thief)
    answer = client.post(LOGOUT)
    assert answer["Clear-Site-Data"] == '"cache"'
    assert not MemberSession.objects.exists()
    assert not is_logged_in(thief)
    assert not is_logged_in(client)


def test_nothing_is_cleared_by_asking_for_log_out(erply: Sandbox) -> None:
    client = device()
    assert "Clear-Site-Data" not in client.get(LOGOUT)
    assert is_logged_in(client)


def deactivated(member: Member) -> None:
    User.objects.filter(pk=member.user_id).update(is_active=False)


def staffed(member: Member) -> None:
    User.objects.filter(pk=member.user_id).update(is_staff=True)


def closed(member: Member) -> None:
    linking.close(member)


def deleted(member: Member) -> None:
    member.user.delete()


def unlinked(member: Member) -> None:
    member.delete()


def changed_password(member: Member) -> None:
    member.user.set_unusable_password()
    member.user.save()


@every_engine
@pytest.mark.parametrize(
    "happens", [deactivated, staffed, closed, deleted, unlinked, changed_password]
)
@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options"])
def test_deactivated_users_keep_their_session(
    erply: Sandbox, settings: Any, engine: str, happens: Any, method: str
) -> None:
    """Of a member's session, the next request is a stranger's, whatever its method."""
    use(engine, settings)
    client, other = device(), device("gold")
    happens(member_of("person", erply))
    assert getattr(client, method)(PROFILE)["Location"].startswith(LOGIN)
    assert not is_logged_in(client)
    assert is_logged_in(other)


@pytest.mark.parametrize("happens", [deactivated, staffed, closed, deleted, changed_password])
def test_so_do_they_under_asgi(erply: Sandbox, async_run: Any, happens: Any) -> None:
    device()

    async def visit() -> list[int]:
        client = AsyncClient()
        await client.post(LOGIN, pair("person"))
        statuses = [(await client.get("/patient/")).status_code]
        member = await Member.objects.select_related("user").aget()
        await _in_thread(happens, member)
        again = [await client.get("/patient/"), await client.post("/patient/")]
        return statuses + [answer.status_code for answer in again]

    assert async_run(visit) == [200, 302, 302]


async def _in_thread(function: Any, *args: Any) -> None:
    from_sync = import_module("asgiref.sync").sync_to_async
    await from_sync(function)(*args)


@every_engine
def test_an_ended_session_cannot_be_revived_by_logging_in_on_that_device(
    erply: Sandbox, settings: Any, engine: str
) -> None:
    use(engine, settings)
    client = device()
    thief = thief_of(client)
    unused_for(8 * HOUR)
    log_in(client)
    assert is_logged_in(client)
    assert not is_logged_in(thief)


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache"])
def test_an_ended_session_is_flushed_at_its_next_request(
    erply: Sandbox, settings: Any, engine: str
) -> None:
    use(engine, settings)
    client = device()
    key = cookie(client)
    unused_for(8 * HOUR)
    assert not is_logged_in(client)
    assert not exists(key, settings)


@every_engine
def test_a_session_that_a_member_ends_is_refused_at_its_next_request(
    erply: Sandbox, settings: Any, engine: str
) -> None:
    use(engine, settings)
    here, there, third = device(), device(user_agent=IPHONE), device()
    thief = thief_of(there)
    assert end(here, there)["Location"] == SESSIONS
    for method in (there.post, there.get):
        assert method(PROFILE)["Location"].startswith(LOGIN)
    assert not is_logged_in(thief)
    assert is_logged_in(here)
    assert is_logged_in(third)


@every_engine
def test_a_request_under_way_does_not_bring_an_ended_session_back(
    erply: Sandbox, settings: Any, engine: str
) -> None:
    """It saves what it has, and a cache takes that as new; the row is gone all the same."""
    use(engine, settings)
    here, there = device(), device(user_agent=IPHONE)
    under_way = there.session
    row = row_of(there)
    assert end(here, there).status_code == 302
    is_logged_in(there)
    under_way["basket"] = [1]
    store = import_module(settings.SESSION_ENGINE).SessionStore(under_way.session_key)
    store.update(dict(under_way.items()))
    store.save(must_create=engine != "signed_cookies")
    revived = Client()
    revived.cookies["sessionid"] = str(store.session_key)
    assert revived.session["basket"] == [1]
    assert not is_logged_in(revived)
    assert not MemberSession.objects.filter(pk=row.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_moment_of_the_end_leave_it_ended(erply: Sandbox) -> None:
    here, there = device(), device(user_agent=IPHONE)
    unused_for(HOUR)
    starting = threading.Barrier(4)

    def look() -> None:
        starting.wait()
        thief_of(there).get("/who/")

    def stop() -> None:
        starting.wait()
        assert end(here, there).status_code == 302

    threads = [
        threading.Thread(target=closing_connections(one)) for one in (look, stop, look, look)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not is_logged_in(there)
    assert MemberSession.objects.count() == 1


def test_a_new_password_ends_all_other_sessions_and_their_rows(erply: Sandbox) -> None:
    here, there = device(), device(user_agent=IPHONE)
    others = device("gold")
    before = cookie(here)
    new = "Uus-salasõna-77"
    answer = here.post(
        PASSWORD,
        {"old_password": "Sandbox-person-1", "new_password1": new, "new_password2": new},
    )
    assert answer.status_code == 302
    assert cookie(here) != before
    assert is_logged_in(here)
    assert not is_logged_in(there)
    assert is_logged_in(others)
    assert set(MemberSession.objects.all()) == {row_of(here), row_of(others)}


def test_who_reads_the_table_cannot_become_the_member(erply: Sandbox) -> None:
    """Neither session key nor anything made of it, and of the browser two words."""
    client = device()
    key = cookie(client)
    table = everything_stored()["erply_auth_membersession"]
    assert key not in table
    assert "Mozilla" not in table
    assert "Firefox, Windows" in table
    reader = Client()
    for value in (row_of(client).pk, row_of(client).pk.hex):
        reader.cookies["sessionid"] = str(value)
        assert not is_logged_in(reader)


def test_a_row_of_somebody_else_opens_nothing(erply: Sandbox) -> None:
    mari, kalle = device(), device("gold")
    session = kalle.session
    session["erply_auth.session"] = str(row_of(mari).pk)
    session.save()
    assert not is_logged_in(kalle)
