"""Sessions begin and end on the server, and nobody is sent to a stranger's site."""

from importlib import import_module
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from erply_auth.sandbox import Sandbox

from .support import LOGIN, LOGOUT, OVERVIEW, is_logged_in, log_in, member_of

pytestmark = pytest.mark.django_db
SessionStore = import_module(django_settings.SESSION_ENGINE).SessionStore

ELSEWHERE = {
    "another host": "https://evil.example/",
    "no scheme": "//evil.example/",
    "backslash": "/\\evil.example/",
    "backslashes": "\\\\evil.example/",
    "three slashes": "///evil.example/",
    "scheme without slashes": "https:evil.example/",
    "script": "javascript:alert(1)",
    "data": "data:text/html,x",
    "another port": "http://testserver:8080/",
    "credentials": "http://testserver@evil.example/",
    "line break": "/\r\nSet-Cookie: a=b",
    "tab": "/\t/evil.example/",
    "blank first": " //evil.example/",
    "control character first": "\x01//evil.example/",
}
elsewhere = pytest.mark.parametrize("target", ELSEWHERE.values(), ids=ELSEWHERE)


def is_safe(location: str) -> bool:
    return (
        location in (OVERVIEW, "/", LOGIN)
        or location.startswith("/%0D%0A")
        or (location.startswith("/") and location[1:2] not in ("/", "\\") and "\n" not in location)
    )


@elsewhere
def test_log_in_leads_to_no_other_site(client: Client, erply: Sandbox, target: str) -> None:
    form = client.get(LOGIN, {"next": target})
    assert "evil.example" not in form.content.decode()
    assert "alert(1)" not in form.content.decode()
    for answer in (log_in(client, next=target), client.get(LOGIN, {"next": target})):
        assert answer.status_code == 302
        assert is_safe(answer["Location"]), answer["Location"]
        assert "Set-Cookie: a" not in answer["Location"]


@elsewhere
def test_log_out_leads_to_no_other_site(client: Client, erply: Sandbox, target: str) -> None:
    log_in(client)
    page = client.get(LOGOUT, {"next": target})
    assert "evil.example" not in page.content.decode()
    answer = client.post(LOGOUT, {"next": target})
    assert answer.status_code == 302
    assert is_safe(answer["Location"]), answer["Location"]


def test_a_path_of_this_site_is_followed(client: Client, erply: Sandbox) -> None:
    assert 'value="/who/?a=b"' in client.get(LOGIN, {"next": "/who/?a=b"}).content.decode()
    assert log_in(client, next="/who/?a=b")["Location"] == "/who/?a=b"
    assert 'value="/offers/"' in client.get(LOGOUT, {"next": "/offers/"}).content.decode()
    assert client.post(LOGOUT, {"next": "/offers/"})["Location"] == "/offers/"


@pytest.mark.parametrize(("configured", "target"), [("home", "/"), (None, LOGIN)])
def test_log_out_leads_where_the_site_says(
    client: Client, erply: Sandbox, settings: Any, configured: str | None, target: str
) -> None:
    settings.LOGOUT_REDIRECT_URL = configured
    log_in(client)
    assert client.post(LOGOUT)["Location"] == target


def test_the_session_key_changes_at_log_in_and_what_the_stranger_had_is_kept(
    client: Client, erply: Sandbox
) -> None:
    session = client.session
    session["basket"] = [1, 2]
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = str(before)
    log_in(client)
    assert client.session.session_key != before
    assert client.session["basket"] == [1, 2]
    assert not SessionStore().exists(str(before))


def test_another_members_log_in_starts_with_an_empty_session(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    session = client.session
    session["basket"] = [1, 2]
    session.save()
    before = session.session_key
    log_in(client, "gold")
    assert "basket" not in client.session
    assert not SessionStore().exists(str(before))


def test_log_out_ends_the_session_on_the_server(client: Client, erply: Sandbox) -> None:
    log_in(client)
    stolen = client.cookies["sessionid"].value
    client.post(LOGOUT)
    assert not SessionStore().exists(stolen)
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert not is_logged_in(thief)


def test_opening_the_log_out_page_changes_nothing(client: Client, erply: Sandbox) -> None:
    log_in(client)
    for method in (client.get, client.head, client.options):
        assert method(LOGOUT).status_code == 200
        assert is_logged_in(client)


def test_a_stranger_has_nothing_to_log_out_of(client: Client) -> None:
    assert client.get(LOGOUT)["Location"] == LOGIN
    assert client.post(LOGOUT).status_code == 302


def test_a_refused_log_in_leaves_the_session_that_is_there(client: Client, erply: Sandbox) -> None:
    log_in(client)
    assert log_in(client, "gold", password="wrong").status_code == 200
    assert is_logged_in(client)


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_a_member_whom_somebody_makes_staff_is_logged_out_and_stays_out(
    client: Client, erply: Sandbox, right: str
) -> None:
    log_in(client)
    user = member_of("person", erply).user
    setattr(user, right, True)
    user.save()
    assert not is_logged_in(client)
    assert log_in(client).status_code == 200
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("broken", [{}, {"CLIENT_CODE": "100100"}])
def test_settings_that_break_while_a_member_is_logged_in_end_the_session_and_are_no_crash(
    client: Client, erply: Sandbox, settings: Any, broken: dict[str, str]
) -> None:
    log_in(client)
    settings.ERPLY_AUTH = broken
    assert not is_logged_in(client)
    assert log_in(client).status_code == 503
