"""Garbage of any kind is an outage, never a wrong password and never a crash."""

import gzip
import json
import socket
import zlib
from typing import Any

import pytest

from erply_auth.erply.errors import CredentialsRejected, ErplyUnavailable, Reason
from erply_auth.sandbox import Sandbox

from .support import LOGGED_IN, Client, Server, answering, client, envelope, handling, http, ok

STATUS_OK = '{"responseStatus": "ok", "errorCode": 0}'
GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n ",
    "HTML": b"<!DOCTYPE html><title>Back soon</title>",
    "half JSON": b'{"status": {"responseStatus": "ok", "errorCode": 0}, "records": [{"clien',
    "two documents": b"{}{}",
    "a list": b"[]",
    "a list of answers": f'[{{"status": {STATUS_OK}}}]'.encode(),
    "null": b"null",
    "a number": b"0",
    "a string": b'"ok"',
    "NaN": b"NaN",
    "no status": b'{"records": []}',
    "status null": b'{"status": null, "records": []}',
    "status a string": b'{"status": "ok", "records": []}',
    "status a list": b'{"status": [], "records": []}',
    "no error code": b'{"status": {"responseStatus": "ok"}, "records": []}',
    "error code null": b'{"status": {"errorCode": null}, "records": []}',
    "error code empty": b'{"status": {"errorCode": ""}, "records": []}',
    "error code blank": b'{"status": {"errorCode": " "}, "records": []}',
    "error code a word": b'{"status": {"errorCode": "none"}, "records": []}',
    "error code false": b'{"status": {"errorCode": false}, "records": []}',
    "error code true": b'{"status": {"errorCode": true}, "records": []}',
    "error code a list": b'{"status": {"errorCode": []}, "records": []}',
    "error code an object": b'{"status": {"errorCode": {}}, "records": []}',
    "error code NaN": b'{"status": {"errorCode": NaN}, "records": []}',
    "error code infinite": b'{"status": {"errorCode": Infinity}, "records": []}',
    "error code a fraction": b'{"status": {"errorCode": 0.5}, "records": []}',
    "error code huge": b'{"status": {"errorCode": 1' + b"0" * 4000 + b'}, "records": []}',
    "error code too long to read": b'{"status": {"errorCode": 1'
    + b"0" * 5000
    + b'}, "records": []}',
    "an error without a code": b'{"status": {"responseStatus": "error", "errorCode": 0}}',
    "records an object": f'{{"status": {STATUS_OK}, "records": {{}}}}'.encode(),
    "records a string": f'{{"status": {STATUS_OK}, "records": "none"}}'.encode(),
    "records a number": f'{{"status": {STATUS_OK}, "records": 0}}'.encode(),
    "records of strings": f'{{"status": {STATUS_OK}, "records": ["15"]}}'.encode(),
    "records of null": f'{{"status": {STATUS_OK}, "records": [null]}}'.encode(),
    "records of lists": f'{{"status": {STATUS_OK}, "records": [[]]}}'.encode(),
    "a record and a string": f'{{"status": {STATUS_OK}, "records": [{{}}, "x"]}}'.encode(),
    "a record of nothing": envelope([{}]).encode(),
    "no id": envelope([{"clientUsername": "mari"}]).encode(),
    "deep nesting": b"[" * 200_000,
    "deep nesting, closed": b'{"status":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "not UTF-8": b'{"status": {"errorCode": 0}, "records": [{"clientID": 1, "x": "\xd5"}]}',
    "NUL bytes": b"\0" * 64,
    "a lone surrogate in the code": b'{"status": {"errorCode": "\\ud800"}, "records": []}',
    "a NUL in the code": b'{"status": {"errorCode": "0\\u0000"}, "records": []}',
}
IDS: list[Any] = [
    *(None, "", 0, "0", -1, "x", True, [], {}, 1.5, "1.5"),
    *(2**63, 10**30, "1e99", float("nan"), float("inf"), "\ud800"),
]


def log_in_fails(made: Client) -> ErplyUnavailable:
    with pytest.raises(ErplyUnavailable) as caught:
        made.registry.verify_credentials("mari", "Secret-123")
    assert caught.value.call == "verifyCustomerUser"
    return caught.value


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_an_answer_that_makes_no_sense_is_an_outage(body: bytes) -> None:
    with answering(LOGGED_IN, http(body)) as erply, client(erply) as made:
        assert log_in_fails(made).reason is Reason.GARBLED


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_so_it_is_where_a_session_key_was_asked_for(body: bytes) -> None:
    with answering(http(body)) as erply, client(erply) as made:
        with pytest.raises(ErplyUnavailable) as caught:
            made.registry.verify_credentials("mari", "Secret-123")
        assert (caught.value.call, caught.value.reason) == ("verifyUser", Reason.GARBLED)


@pytest.mark.parametrize("value", IDS, ids=repr)
def test_a_customer_without_a_sensible_id_is_nobody(value: Any) -> None:
    with (
        answering(LOGGED_IN, ok({"clientID": value, "clientUsername": "mari"})) as erply,
        client(erply) as made,
    ):
        assert log_in_fails(made).reason is Reason.GARBLED


@pytest.mark.parametrize(
    "session",
    [
        {"sessionKey": "", "sessionLength": 3600},
        {"sessionKey": None, "sessionLength": 3600},
        {"sessionKey": ["x"], "sessionLength": 3600},
        {"sessionLength": 3600},
        {"sessionKey": "x"},
        {"sessionKey": "x", "sessionLength": 0},
        {"sessionKey": "x", "sessionLength": -1},
        {"sessionKey": "x", "sessionLength": "long"},
    ],
    ids=repr,
)
def test_a_session_without_key_or_length_is_none(session: dict[str, Any]) -> None:
    with answering(ok(session)) as erply, client(erply) as made:
        with pytest.raises(ErplyUnavailable) as caught:
            made.registry.api_user_is_accepted()
        assert caught.value.reason is Reason.GARBLED


@pytest.mark.parametrize("records", [[], None])
def test_an_answer_without_records_means_that_the_credentials_are_nobody_s(records: Any) -> None:
    with (
        answering(LOGGED_IN, http(envelope(records))) as erply,
        client(erply) as made,
        pytest.raises(CredentialsRejected),
    ):
        made.registry.verify_credentials("mari", "Secret-123")


@pytest.mark.parametrize("kind", ["html", "empty", "not_json", "half", "reset", "huge"])
def test_the_sandbox_s_own_faults_are_outages_too(erply: Sandbox, shop: Client, kind: str) -> None:
    shop.registry.groups()
    erply.fault(kind)
    log_in_fails(shop)


@pytest.mark.parametrize(
    "status", [201, 204, 301, 302, 303, 307, 308, 304, 400, 401, 403, 404, 500, 502, 503, 504]
)
def test_any_http_status_but_200_is_an_outage_whatever_the_body_says(status: int) -> None:
    body = "" if status in (204, 304) else envelope([{"clientID": "15"}])
    spoilt = http(body, f"{status} X", Location="/elsewhere")
    with answering(LOGGED_IN, spoilt) as erply, client(erply) as made:
        error = log_in_fails(made)
        assert (error.reason, error.code) == (Reason.SILENT, status)
        assert len(erply.requests) == 2


def test_too_many_requests_from_one_address_is_a_state_of_its_own() -> None:
    with answering(LOGGED_IN, http("slow down", "429 X")) as erply, client(erply) as made:
        assert log_in_fails(made).reason is Reason.THROTTLED


def test_a_redirect_is_not_followed_with_the_secrets_in_hand() -> None:
    with answering(ok({"clientID": "15"})) as elsewhere:
        moved = http("", "307 X", Location=elsewhere.url)
        with answering(LOGGED_IN, moved) as erply, client(erply) as made:
            log_in_fails(made)
        assert elsewhere.connections == 0


def test_cookies_are_not_kept() -> None:
    baked = http(envelope([{"clientID": "15"}]), Set_Cookie="session=1; Path=/")
    with answering(LOGGED_IN, baked) as erply, client(erply) as made:
        made.registry.verify_credentials("mari", "Secret-123")
        made.registry.verify_credentials("mari", "Secret-123")
        assert not any(
            b"cookie" in request.lower().partition(b"\r\n\r\n")[0] for request in erply.requests
        )


def gzipped(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def test_a_compressed_answer_is_understood() -> None:
    packed = http(gzip.compress(envelope([{"clientID": "15"}]).encode()), Content_Encoding="gzip")
    with answering(LOGGED_IN, packed) as erply, client(erply) as made:
        assert made.registry.verify_credentials("mari", "Secret-123").customer_id == 15


def test_a_compressed_answer_that_is_not_is_an_outage() -> None:
    with (
        answering(LOGGED_IN, http(b"not gzip", Content_Encoding="gzip")) as erply,
        client(erply) as made,
    ):
        log_in_fails(made)


def test_a_small_answer_that_unpacks_to_a_huge_one_is_not_unpacked() -> None:
    bomb = http(gzipped(b"[" + b" " * (64 << 20) + b"]"), Content_Encoding="gzip")
    with answering(LOGGED_IN, bomb) as erply, client(erply, max_bytes=1 << 20) as made:
        assert log_in_fails(made).reason is Reason.GARBLED


def test_an_answer_as_large_as_allowed_is_read_and_one_byte_more_is_not() -> None:
    body = envelope([{"clientID": "15", "notes": "x" * 300_000}])
    for allowed in (len(body), len(body) - 1):
        with answering(http(body)) as erply, client(erply, max_bytes=allowed) as made:
            if allowed == len(body):
                assert made.transport.post("x", erply.url, {}, 5).body == body.encode()
            else:
                with pytest.raises(ErplyUnavailable) as caught:
                    made.transport.post("x", erply.url, {}, 5)
                assert caught.value.reason is Reason.GARBLED


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "500 X"])
def test_an_answer_without_end_is_given_up_at_the_size_limit(status: str) -> None:
    sent = 0

    def pour(server: Server, sock: socket.socket, number: int) -> None:
        nonlocal sent
        server.read(sock)
        sock.sendall(f"HTTP/1.1 {status}\r\nLocation: /x\r\n\r\n".encode())
        while sent < 256 << 20:
            sock.sendall(b" " * 65536)
            sent += 65536

    with handling(pour) as erply, client(erply, max_bytes=1 << 20, seconds=20) as made:
        with pytest.raises(ErplyUnavailable) as caught:
            made.registry.api_user_is_accepted()
        assert caught.value.reason is Reason.GARBLED
    assert sent < 64 << 20


@pytest.mark.parametrize(
    "broken",
    [
        b"garbage\r\n\r\n",
        b"\0\0\0\0",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\nConnection: close\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n{}",
        b"",
    ],
)
def test_broken_http_is_an_outage(broken: bytes) -> None:
    def answer(server: Server, sock: socket.socket, number: int) -> None:
        server.read(sock)
        sock.sendall(broken)

    with handling(answer) as erply, client(erply) as made, pytest.raises(ErplyUnavailable):
        made.registry.api_user_is_accepted()


def test_strange_characters_in_names_do_no_harm() -> None:
    body = envelope([{"clientID": "15", "clientUsername": " ma\0ri\x1b[0m ", "clientName": "x"}])
    body = body.replace('"x"', json.dumps("\ud800Mari\r\n\ttwo Õ"))
    with answering(LOGGED_IN, http(body)) as erply, client(erply) as made:
        identity = made.registry.verify_credentials("mari", "Secret-123")
    assert identity.username == "mari[0m"
    assert identity.name == "Mari\n\ttwo Õ"
    assert identity.name.encode()


def test_half_a_character_in_a_password_is_sent_for_erply_to_refuse(
    erply: Sandbox, shop: Client
) -> None:
    with pytest.raises(CredentialsRejected):
        shop.registry.verify_credentials("person", "half \ud83d")
    assert len(erply.calls_of("verifyCustomerUser")) == 1
