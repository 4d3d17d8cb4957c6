"""A call ends when its time is up, however lively the server seems; servers here never stop."""

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from erply_auth.erply import deadlines
from erply_auth.erply.errors import ErplyUnavailable, Reason

from .conftest import Authority
from .support import (
    PATIENT,
    PROJECT,
    Server,
    answering,
    at_once,
    client,
    envelope,
    handling,
    http,
    ok,
    until,
)

Handle = Callable[[Server, socket.socket, int], None]
TIME = 0.3
ENDLESS = 1000


def silent(server: Server, sock: socket.socket, number: int) -> None:
    server.ending.wait(PATIENT)


def silent_after_the_request(server: Server, sock: socket.socket, number: int) -> None:
    server.read(sock)
    server.ending.wait(PATIENT)


def slow_status_line(server: Server, sock: socket.socket, number: int) -> None:
    server.read(sock)
    server.drip(sock, b"HTTP/1.1 200 " + b"O" * ENDLESS)


def slow_headers(server: Server, sock: socket.socket, number: int) -> None:
    server.read(sock)
    server.drip(sock, b"HTTP/1.1 200 OK\r\nX: " + b"y" * ENDLESS)


def slow_body(server: Server, sock: socket.socket, number: int) -> None:
    server.read(sock)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    server.drip(sock, b" " * ENDLESS)


def slow_body_of_a_connection_to_be_closed(
    server: Server, sock: socket.socket, number: int
) -> None:
    server.read(sock)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n")
    server.drip(sock, b" " * ENDLESS)


def slow_body_without_a_length(server: Server, sock: socket.socket, number: int) -> None:
    server.read(sock)
    sock.sendall(
        b"HTTP/1.0 200 OK\r\n\r\n" + envelope([{"sessionKey": "x", "sessionLength": 9}]).encode()
    )
    server.drip(sock, b" " * ENDLESS)


def slow_chunks(server: Server, sock: socket.socket, number: int) -> None:
    server.read(sock)
    sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    server.drip(sock, b"1\r\n \r\n" * ENDLESS)


def slow_interim_answers(server: Server, sock: socket.socket, number: int) -> None:
    server.read(sock)
    server.drip(sock, b"HTTP/1.1 100 Continue\r\n\r\n" * ENDLESS, seconds=0.002)


def slow_redirect(server: Server, sock: socket.socket, number: int) -> None:
    server.read(sock)
    sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000\r\n\r\n")
    server.drip(sock, b" " * ENDLESS)


LIVELY = [
    silent,
    silent_after_the_request,
    slow_status_line,
    slow_headers,
    slow_body,
    slow_body_of_a_connection_to_be_closed,
    slow_body_without_a_length,
    slow_chunks,
    slow_interim_answers,
    slow_redirect,
]


def gives_up(
    url: str, seconds: float = TIME, read_timeout: float = PATIENT, **options: str
) -> ErplyUnavailable:
    started = time.monotonic()
    with (
        client(
            url, seconds=seconds, read_timeout=read_timeout, connect_timeout=PATIENT, **options
        ) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.registry.api_user_is_accepted()
    assert time.monotonic() - started < PATIENT / 3, "The deadline did not hold"
    assert caught.value.reason is Reason.SILENT
    return caught.value


@pytest.mark.parametrize("handle", LIVELY)
def test_a_call_ends_when_its_time_is_up(handle: Handle) -> None:
    with handling(handle) as erply:
        gives_up(erply.url)


@pytest.mark.parametrize(
    "handle", [slow_headers, slow_body, slow_body_of_a_connection_to_be_closed]
)
def test_so_it_does_over_tls(handle: Handle, authority: Authority) -> None:
    server = Server(lambda sock, number: handle(server, sock, number), authority.server)
    with server:
        gives_up(server.url, ca_bundle=authority.bundle, seconds=0.6)


def test_so_it_does_in_the_middle_of_a_tls_handshake(authority: Authority) -> None:
    hello = b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc" + b"\0" * ENDLESS
    with handling(lambda server, sock, number: server.drip(sock, hello)) as erply:
        gives_up(erply.url.replace("http:", "https:"), ca_bundle=authority.bundle, seconds=0.6)


def test_so_it_does_on_a_connection_that_has_served_before() -> None:
    def once_well(server: Server, sock: socket.socket, number: int) -> None:
        server.read(sock)
        sock.sendall(ok({"sessionKey": "x", "sessionLength": 9}))
        slow_body(server, sock, number)

    with handling(once_well) as erply, client(erply, seconds=TIME) as made:
        made.registry.api_user_is_accepted()
        with pytest.raises(ErplyUnavailable):
            made.registry.api_user_is_accepted()
        assert erply.connections == 1


def test_silence_ends_a_call_before_its_time_is_up() -> None:
    with handling(silent_after_the_request) as erply:
        gives_up(erply.url, seconds=PATIENT, read_timeout=0.1)


def test_a_bulk_request_may_be_silent_for_all_its_time() -> None:
    def slow(server: Server, sock: socket.socket, number: int) -> None:
        server.read(sock)
        sock.sendall(ok({"sessionKey": "x", "sessionLength": 99}))
        server.read(sock)
        server.ending.wait(0.6)
        one = '{"status": {"errorCode": 0, "requestID": 1}, "records": []}'
        sock.sendall(http(f'{{"status": {{"errorCode": 0}}, "requests": [{one}]}}'))

    with (
        handling(slow) as erply,
        client(erply, seconds=5, bulk_seconds=PATIENT, read_timeout=0.3) as made,
    ):
        assert made.classic.bulk([("getCustomers", {})]) == [[]]


def test_a_bulk_request_ends_too() -> None:
    with answering(ok({"sessionKey": "x", "sessionLength": 99})) as erply, client(erply) as made:
        made.classic.call("getCustomers")
    with handling(silent_after_the_request) as erply, client(erply, bulk_seconds=TIME) as made:
        made.store.set("key", "x", 60)
        with pytest.raises(ErplyUnavailable):
            made.classic.bulk([("getCustomers", {})])


def test_connecting_ends_when_its_time_is_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(8):  # The queue of those not yet let in overflows: nobody answers any more.
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
            waiting.append(sock)
        gives_up(f"http://127.0.0.1:{full.getsockname()[1]}/api/")
        for sock in waiting:
            sock.close()


def test_what_is_connected_too_late_is_shut_at_once() -> None:
    with answering(http("{}")) as erply, deadlines.deadline(0.01) as limit:
        until(lambda: limit.expired)
        with socket.create_connection(("127.0.0.1", erply.port)) as sock:
            lifeline = deadlines.Lifeline(sock)
            deadlines.watch(lifeline)
            lifeline.let_go()
            assert sock.recv(1) == b""


def test_a_connection_is_out_of_a_deadline_s_reach_before_another_call_can_have_it() -> None:
    with (
        answering(http("{}")) as erply,
        deadlines.deadline(TIME) as limit,
        socket.create_connection(("127.0.0.1", erply.port)) as sock,
    ):
        lifeline = deadlines.Lifeline(sock)
        deadlines.watch(lifeline)
        deadlines.watch(lifeline)
        deadlines.unwatch()
        until(lambda: limit.expired)
        sock.sendall(b"POST / HTTP/1.1\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
        lifeline.let_go()


def test_a_shut_lifeline_that_is_closed_already_touches_nobody_else_s_connection() -> None:
    ours, theirs = socket.socketpair()
    lifeline = deadlines.Lifeline(ours)
    lifeline.let_go()
    lifeline.shut()
    ours.sendall(b"x")
    assert theirs.recv(1) == b"x"
    ours.close()
    theirs.close()


def test_calls_that_end_about_when_their_time_is_up_spoil_no_later_call() -> None:
    """Answers come just around the short deadline; the calls between have time enough."""
    delays = itertools.cycle((0.02, 0.045, 0.05, 0.055, 0.0))

    def answer(server: Server, sock: socket.socket, number: int) -> None:
        while request := server.read(sock):
            if b"hurried" in request:
                server.ending.wait(next(delays))
            sock.sendall(http("{}"))

    with handling(answer) as erply, client(erply) as made:

        def work(number: int) -> int:
            unharmed = 0
            for _ in range(20):
                with contextlib.suppress(ErplyUnavailable):
                    made.transport.post("hurried", erply.url, {"hurried": "1"}, 0.05)
                made.transport.post("calm", erply.url, {}, PATIENT)
                unharmed += 1
            return unharmed

        assert at_once(4, work) == [20] * 4


def test_one_watchdog_serves_all_threads_and_earlier_ends_first() -> None:
    begun = threading.Event()

    def work(number: int) -> bool:
        if number == 0:
            with deadlines.deadline(PATIENT) as long:
                begun.set()
                until(lambda: ended.is_set())
                return long.expired
        begun.wait(PATIENT)
        with deadlines.deadline(0.05) as short:
            until(lambda: short.expired)
            ended.set()
            return short.expired

    ended = threading.Event()
    assert at_once(2, work) == [False, True]
    assert [thread.name for thread in threading.enumerate()].count("erply-deadlines") == 1


def test_every_address_of_a_name_is_tried_before_the_call_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    error = gives_up(f"http://localhost:{port}/api/", seconds=5)
    assert isinstance(error.__cause__, ConnectionRefusedError)


FORKED = """
import os, sys
from erply_auth.erply.errors import ErplyUnavailable
from erply_auth.erply.transport import Transport

transport, url, slow = Transport(read_timeout=60), sys.argv[1], sys.argv[2]
transport.post("x", url, {}, 5)
child = os.fork()
if not child:
    transport = Transport(read_timeout=60)
try:
    transport.post("x", slow, {}, 0.3)
except ErplyUnavailable:
    pass
else:
    os._exit(3)
transport.post("x", url, {}, 5)
os._exit(0 if not child else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_deadlines_hold_in_a_forked_process_too(tmp_path: Path) -> None:
    with answering(http("{}")) as erply, handling(slow_body) as slow:
        command = [sys.executable, "-c", FORKED, erply.url, slow.url]
        done = subprocess.run(
            command, timeout=PATIENT, env={**os.environ, "PYTHONPATH": str(PROJECT)}
        )
    assert done.returncode == 0
