"""Planted values must show up nowhere but at Erply: not in logs, exceptions or representations."""

import json
import logging
import pickle
import socket
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from erply_auth import connection
from erply_auth.conf import ErplySettings
from erply_auth.erply.errors import ErplyError, ErplyUnavailable
from erply_auth.sandbox import Sandbox

from .conftest import Authority
from .support import Client, Server, answering, at_once, client, envelope, handling, http, ok

USERNAME = "canary-name"
MEMBER_PASSWORD = "canary-member-password"
API_PASSWORD = "canary-api-password"
SESSION_KEY = "canary-session-key"
PERSONAL = "canary-personal-value"
SESSION = ok({"sessionKey": SESSION_KEY, "sessionLength": 3600})
HTTP = b"HTTP/1.1 200 OK\r\n"


def raw(*answers: bytes) -> Callable[[Server, socket.socket, int], None]:
    left = list(answers)

    def handle(server: Server, sock: socket.socket, number: int) -> None:
        while left and server.read(sock):
            sock.sendall(left.pop(0))

    return handle


SPOILT: dict[str, bytes] = {
    "personal HTML": http(f"<h1>{PERSONAL}</h1>"),
    "half JSON": http(f'{{"records": [{{"clientName": "{PERSONAL}"'),
    "not UTF-8": http(PERSONAL.encode() + b"\xd5"),
    "a wrong record": ok({"clientID": PERSONAL, "clientName": PERSONAL}),
    "a wrong id": ok({"clientID": -1, "clientName": PERSONAL}),
    "a wrong error code": http(envelope(code=PERSONAL)),
    "a wrong error field": http(envelope(code=1016, field=f"{PERSONAL} {MEMBER_PASSWORD}")),
    "a wrong field of an outage": http(envelope(code=1002, field=f"{PERSONAL} {MEMBER_PASSWORD}")),
    "a server error": http(PERSONAL, "500 " + PERSONAL),
    "a redirect": http(PERSONAL, "302 X", Location=f"https://erply.example/?key={SESSION_KEY}"),
    "a status line": PERSONAL.encode() + b"\r\n\r\n",
    "an odd status": b"HTTP/1.1 " + PERSONAL.encode() + b"\r\n\r\n",
    "a chunk's length": HTTP + b"Transfer-Encoding: chunked\r\n\r\n" + PERSONAL.encode() + b"\r\n",
    "an odd chunk": HTTP + b"Transfer-Encoding: chunked\r\n\r\n50\r\n" + PERSONAL.encode(),
    "too little": HTTP + b"Content-Length: 500\r\n\r\n" + PERSONAL.encode(),
    "no gzip": http(PERSONAL, Content_Encoding="gzip"),
    "no credentials": http(envelope(code=1051)),
    "nothing": b"",
}


def reachable(error: BaseException) -> Iterator[Any]:
    """What an error tracker could find: the whole chain with its attributes, as text and as is."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or thing is None:
            continue
        seen.add(id(thing))
        yield thing
        if isinstance(thing, BaseException):
            waiting += [thing.__cause__, thing.__context__, *thing.args, *vars(thing).values()]
            waiting += [
                getattr(thing, name, None)
                for name in ("request", "response", "doc", "object", "partial", "pool")
            ]
        elif isinstance(thing, dict):
            waiting += thing.values()
        elif isinstance(thing, list | tuple):
            waiting += thing
        elif hasattr(thing, "__dict__"):
            waiting += vars(thing).values()


def assert_clean(error: BaseException) -> None:
    for thing in reachable(error):
        assert "canary" not in f"{thing!s} {thing!r}"
    assert "canary" not in "".join(traceback.format_exception(error))
    assert b"canary" not in pickle.dumps(error)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "erply_auth", "django"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def assert_quiet(logged: pytest.LogCaptureFixture) -> None:
    for record in logged.records:
        assert "canary" not in f"{record.getMessage()} {record.args!r} {record.exc_text}"


@pytest.mark.parametrize("answer", SPOILT.values(), ids=SPOILT)
def test_no_failure_of_a_log_in_tells_a_secret(
    answer: bytes, logged: pytest.LogCaptureFixture
) -> None:
    with (
        handling(raw(SESSION, answer)) as erply,
        client(erply, password=API_PASSWORD) as made,
        pytest.raises(ErplyError) as caught,
    ):
        made.registry.verify_credentials(USERNAME, MEMBER_PASSWORD)
    assert_clean(caught.value)
    assert_quiet(logged)


@pytest.mark.parametrize("answer", SPOILT.values(), ids=SPOILT)
def test_no_failure_of_the_api_user_tells_a_secret(
    answer: bytes, logged: pytest.LogCaptureFixture
) -> None:
    with (
        handling(raw(answer)) as erply,
        client(erply, username="canary", password=API_PASSWORD) as made,
        pytest.raises(ErplyError) as caught,
    ):
        made.registry.api_user_is_accepted()
    assert_clean(caught.value)
    assert_quiet(logged)


@pytest.mark.parametrize("kind", ["silent", "refused", "untrusted", "too large", "no such name"])
def test_no_failure_of_the_network_tells_a_secret(
    kind: str, authority: Authority, logged: pytest.LogCaptureFixture
) -> None:
    def silent(server: Server, sock: socket.socket, number: int) -> None:
        server.read(sock)
        server.ending.wait(10)

    with (
        handling(silent) as slow,
        answering(http(PERSONAL * 100)) as large,
        answering(SESSION, tls=authority.server) as untrusted,
    ):
        urls = {
            "silent": slow.url,
            "refused": "http://127.0.0.1:9/api/",
            "untrusted": untrusted.url,
            "too large": large.url,
            "no such name": "https://erply.invalid/api/",
        }
        options: dict[str, Any] = {"seconds": 0.2, "max_bytes": 100, "password": API_PASSWORD}
        with client(urls[kind], **options) as made, pytest.raises(ErplyUnavailable) as caught:
            made.registry.api_user_is_accepted()
    assert_clean(caught.value)
    assert_quiet(logged)


def test_half_a_character_in_a_password_is_no_reason_to_show_it(
    logged: pytest.LogCaptureFixture,
) -> None:
    with (
        answering(SESSION, http(envelope(code=1051))) as erply,
        client(erply) as made,
        pytest.raises(ErplyError) as caught,
    ):
        made.registry.verify_credentials(USERNAME, f"{MEMBER_PASSWORD}\ud800")
    assert_clean(caught.value)


def test_what_waiting_threads_share_of_a_failure_is_clean() -> None:
    with (
        answering(http(envelope(code=1051, field=f"{PERSONAL} x"))) as erply,
        client(erply, password=API_PASSWORD) as made,
    ):
        for error in at_once(4, lambda number: made.registry.groups()):
            assert_clean(error)


def test_log_ins_that_work_leave_no_secret_in_the_logs(
    erply: Sandbox, logged: pytest.LogCaptureFixture
) -> None:
    erply.add_customer(
        firstName=PERSONAL, lastName=PERSONAL, username="canary", password=MEMBER_PASSWORD
    )
    with client(erply) as made:
        identity = made.registry.verify_credentials("canary", MEMBER_PASSWORD)
        card = made.registry.card(identity.customer_id)
        made.registry.update_customer(card.customer, {"email": f"{PERSONAL}@example.ee"})
        card = made.registry.card(identity.customer_id)
        keys = {call.session_key for call in erply.calls if call.session_key}
    assert "verifyCustomerUser: HTTP 200" in logged.text
    assert "urllib3" in {record.name.partition(".")[0] for record in logged.records}
    assert_quiet(logged)
    assert keys
    for key in keys:
        assert key not in logged.text
    for record in (identity, card, card.customer):
        assert "canary" not in repr(record)


def test_no_part_of_the_client_shows_a_secret_of_its_own() -> None:
    with (
        answering(SESSION, ok({"clientID": 15, "clientName": PERSONAL})) as erply,
        client(erply, username="canary", password=API_PASSWORD) as made,
    ):
        made.registry.verify_credentials("canary", MEMBER_PASSWORD)
        answer = made.transport.post("x", erply.url, {"password": MEMBER_PASSWORD}, 5)
        session = made.classic.session_keys
        parts = (
            made.transport,
            made.store,
            made.flight,
            made.classic,
            made.reference,
            made.registry,
        )
        for part in (*parts, session, answer):
            assert "canary" not in f"{part!s} {part!r}"


def test_settings_and_their_errors_show_no_password(tmp_path: Any) -> None:
    conf = ErplySettings(client_code="100100", username="webshop", password=API_PASSWORD)
    assert API_PASSWORD not in f"{conf!r} {conf!s}"
    store = connection.CacheStore("default", connection._scope(conf))
    assert API_PASSWORD not in f"{store!r}"


def test_the_sandbox_s_url_is_all_that_the_debug_log_says_about_a_request(
    erply: Sandbox, shop: Client, logged: pytest.LogCaptureFixture
) -> None:
    shop.classic.bulk([("getCustomers", {"searchEmail": PERSONAL})])
    assert json.dumps(PERSONAL)[1:-1] not in logged.text
    assert "bulk request: HTTP 200" in logged.text


def test_a_wrong_session_key_is_not_repeated_in_any_error() -> None:
    with (
        answering(SESSION, http(envelope(code=1054, field=SESSION_KEY.replace("-", " ")))) as erply,
        client(erply) as made,
        pytest.raises(ErplyError) as caught,
    ):
        made.registry.groups()
    assert_clean(caught.value)
