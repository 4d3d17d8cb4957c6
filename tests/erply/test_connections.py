import contextlib
import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from erply_auth.erply.errors import ErplyUnavailable, Reason
from erply_auth.sandbox import Sandbox

from .conftest import Authority
from .support import (
    LOGGED_IN,
    PATIENT,
    PROJECT,
    Client,
    Server,
    answering,
    at_once,
    client,
    handling,
    http,
    ok,
    until,
)

PROXIES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
)


def test_ten_calls_use_one_connection(erply: Sandbox, shop: Client) -> None:
    for _ in range(10):
        shop.registry.verify_credentials("person", "Sandbox-person-1")
    assert erply.connections == 1
    assert erply.round_trips == 11


def test_a_connection_that_the_server_has_closed_meanwhile_is_replaced() -> None:
    def twice(server: Server, sock: socket.socket, number: int) -> None:
        for _ in range(2):
            server.read(sock)
            sock.sendall(LOGGED_IN)

    with handling(twice) as erply, client(erply) as made:
        for _ in range(2):
            made.registry.api_user_is_accepted()
        until(lambda: not alive(erply))
        made.registry.api_user_is_accepted()
        assert erply.connections == 2


def alive(server: Server) -> bool:
    return any(thread.is_alive() for thread in server._threads[1:])


def test_a_connection_that_the_server_announces_to_close_is_not_used_again() -> None:
    closing = http(LOGGED_IN.partition(b"\r\n\r\n")[2], Connection="close")
    with answering(closing) as erply, client(erply) as made:
        for _ in range(3):
            made.registry.api_user_is_accepted()
        assert erply.connections == 3


def test_a_connection_with_a_half_read_answer_is_not_used_again() -> None:
    with (
        answering(http(b" " * 300_000), LOGGED_IN) as erply,
        client(erply, max_bytes=10_000) as made,
    ):
        with pytest.raises(ErplyUnavailable):
            made.registry.api_user_is_accepted()
        made.registry.api_user_is_accepted()
        assert erply.connections == 2


def test_many_threads_at_once_get_their_own_answers(erply: Sandbox, shop: Client) -> None:
    shop.registry.groups()
    pairs = [("person", 15), ("company", 20), ("contact", 21), ("gold", 30)]

    def work(number: int) -> bool:
        username, customer_id = pairs[number % len(pairs)]
        identities = [
            shop.registry.verify_credentials(username, f"Sandbox-{username}-1") for _ in range(10)
        ]
        return all(one.customer_id == customer_id for one in identities)

    assert at_once(40, work) == [True] * 40  # More than the pool keeps.
    assert len(erply.calls_of("verifyUser")) == 1
    assert len(erply.calls_of("verifyCustomerUser")) == 400


def test_a_call_goes_on_while_the_connections_are_being_closed(
    erply: Sandbox, shop: Client
) -> None:
    erply.fault("latency", seconds=0.2)

    def work(number: int) -> None:
        if number:
            shop.registry.api_user_is_accepted()
        else:
            until(lambda: erply.round_trips)
            shop.close()

    assert at_once(2, work) == [None, None]
    shop.registry.api_user_is_accepted()


def test_parameters_travel_in_the_body_only(erply: Sandbox, shop: Client) -> None:
    shop.registry.verify_credentials("person", "Sandbox-person-1")
    shop.registry.card(15)
    shop.registry.crm_url()
    shop.classic.bulk([("getCustomers", {"customerID": 15})])
    assert len(erply.calls) == 5
    for call in erply.calls:
        assert (call.method, call.target) == ("POST", "/api/")
        assert call.headers["content-type"] == "application/x-www-form-urlencoded"
        headers = str(call.headers)
        for secret in (
            "webshop-sandbox",
            "Sandbox-person-1",
            call.session_key or "Sandbox-",
            "100100",
        ):
            assert secret not in headers


def test_every_request_says_which_version_and_asks_for_honest_content_types(
    erply: Sandbox, shop: Client
) -> None:
    shop.registry.groups()
    shop.registry.crm_url()
    for call in erply.calls:
        sent = call.parameters
        assert (sent["clientCode"], sent["version"], sent["sendContentType"]) == (
            "100100",
            "1.0",
            "1",
        )
    assert "sessionKey" not in erply.calls_of("verifyUser")[0].parameters
    assert "sessionKey" not in erply.calls_of("getServiceEndpoints")[0].parameters
    assert erply.calls_of("verifyUser")[0].parameters["doNotGenerateIdentityToken"] == "1"


@pytest.mark.parametrize(
    "password", ["&", "%26", "a&b=c", "1 + 1 = 2", "100 %", " Õ äö €🔑 ", "#?/\\\"'", "\t", "null"]
)
def test_a_password_of_any_characters_arrives_whole(erply: Sandbox, password: str) -> None:
    password = f"p{password}&%+= Õ"
    erply.add_customer(firstName="Mari", lastName="Mets", username="Mõisa & Ko", password=password)
    erply.api_password = password
    try:
        with client(erply, password=password) as made:
            assert made.registry.verify_credentials("Mõisa & Ko", password).username == "Mõisa & Ko"
    finally:
        erply.api_password = "webshop-sandbox"
    assert erply.calls_of("verifyUser")[0].parameters["password"] == password


def test_a_refused_connection_is_an_outage() -> None:
    with answering(LOGGED_IN) as gone:
        pass
    with client(gone) as made, pytest.raises(ErplyUnavailable) as caught:
        made.registry.api_user_is_accepted()
    assert caught.value.reason is Reason.SILENT
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


@pytest.mark.parametrize("kind", ["reset", "timeout"])
def test_a_log_in_whose_answer_got_lost_is_not_repeated(
    erply: Sandbox, shop: Client, kind: str
) -> None:
    shop.registry.groups()
    erply.fault(kind, calls="verifyCustomerUser", **({"seconds": 0.0} if kind == "timeout" else {}))
    with pytest.raises(ErplyUnavailable) as caught:
        shop.registry.verify_credentials("person", "Sandbox-person-1")
    assert caught.value.reason is Reason.SILENT
    assert len(erply.calls_of("verifyCustomerUser")) == 1


def test_ipv6_works_as_well() -> None:
    with contextlib.suppress(OSError), Sandbox(host="::1") as erply:
        url = f"http://[::1]:{urlsplit(erply.url).netloc.rpartition(':')[2]}/api/"
        with client(url) as made:
            made.registry.api_user_is_accepted()


def test_proxies_of_the_environment_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, erply: Sandbox
) -> None:
    with answering(http("no", "403 X")) as proxy:
        forget_proxies(monkeypatch)
        for name in PROXIES[:6]:
            monkeypatch.setenv(name, proxy.url)
        with client(erply) as made:
            made.registry.api_user_is_accepted()
        assert proxy.connections == 0


def forget_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def test_proxies_of_the_environment_are_used_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget_proxies(monkeypatch)
    with answering(LOGGED_IN) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with client("http://127.0.0.1:9/api/", environment_proxies=True) as made:
            made.registry.api_user_is_accepted()
            made.registry.api_user_is_accepted()
        assert proxy.connections == 1
        assert proxy.requests[0].startswith(b"POST http://127.0.0.1:9/api/ HTTP/1.1\r\n")


def test_no_proxy_is_heeded(monkeypatch: pytest.MonkeyPatch, erply: Sandbox) -> None:
    forget_proxies(monkeypatch)
    with answering(http("no", "403 X")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with client(erply, environment_proxies=True) as made:
            made.registry.api_user_is_accepted()
        assert proxy.connections == 0


def tunnel(server: Server, sock: socket.socket, number: int) -> None:
    """What an HTTP proxy does with CONNECT, for one exchange after the other."""
    target = server.read(sock).split()[1].decode()
    host, _, port = target.rpartition(":")
    with socket.create_connection((host, int(port))) as onward:
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        pipe(sock, onward)


def pipe(one: socket.socket, other: socket.socket) -> None:
    ends = {one: other, other: one}
    for sock in ends:
        sock.settimeout(0.01)
    while True:
        for source, sink in ends.items():
            with contextlib.suppress(TimeoutError):
                if not (data := source.recv(65536)):
                    return
                sink.sendall(data)


def test_tls_goes_through_a_proxy_unopened(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    forget_proxies(monkeypatch)
    with Sandbox(ssl_context=authority.server) as erply, handling(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with client(erply, ca_bundle=authority.bundle, environment_proxies=True) as made:
            made.registry.verify_credentials("person", "Sandbox-person-1")
        assert proxy.connections == 1
        assert b"webshop" not in b"".join(proxy.requests)
        assert proxy.requests[0].startswith(b"CONNECT 127.0.0.1:")


def test_a_proxy_cannot_pass_for_erply(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, elsewhere: Authority
) -> None:
    forget_proxies(monkeypatch)
    with Sandbox(ssl_context=authority.server) as erply, handling(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            client(erply, ca_bundle=elsewhere.bundle, environment_proxies=True) as made,
            pytest.raises(ErplyUnavailable),
        ):
            made.registry.api_user_is_accepted()
        assert erply.calls == []


def test_a_proxy_that_drips_its_answer_ends_at_the_deadline_too(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    def drip(server: Server, sock: socket.socket, number: int) -> None:
        server.read(sock)
        server.drip(sock, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000)

    forget_proxies(monkeypatch)
    with handling(drip) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            client("https://127.0.0.1:9/api/", environment_proxies=True, seconds=0.3) as made,
            pytest.raises(ErplyUnavailable),
        ):
            made.registry.api_user_is_accepted()


def test_a_proxy_of_another_kind_is_refused_rather_than_gone_past(
    monkeypatch: pytest.MonkeyPatch, erply: Sandbox
) -> None:
    forget_proxies(monkeypatch)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with client(erply, environment_proxies=True) as made, pytest.raises(ErplyUnavailable):
        made.registry.api_user_is_accepted()
    assert erply.connections == 0


FORKING = """
import os, sys
import django
django.setup()
from erply_auth import connection

def log_in(name, customer_id):
    for _ in range(20):
        identity = connection.registry().verify_credentials(name, f"Sandbox-{name}-1")
        assert identity.customer_id == customer_id

log_in("person", 15)
child = os.fork()
log_in(*(("gold", 30) if child else ("company", 20)))
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0)
"""


def test_a_forked_process_makes_connections_of_its_own(erply: Sandbox) -> None:
    place = {"DJANGO_SETTINGS_MODULE": "tests.erply.forked_settings", "PYTHONPATH": str(PROJECT)}
    environment = {**os.environ, **place, "ERPLY_FORKED_URL": erply.url}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING], env=environment, timeout=PATIENT
    )
    assert done.returncode == 0
    assert erply.connections == 2
    assert len(erply.calls_of("verifyCustomerUser")) == 60


def test_an_answer_of_the_wrong_call_never_reaches_another(shop: Client) -> None:
    """What is left over on a connection is not taken for the next answer."""
    two = ok({"clientID": "15"}) + ok({"clientID": "16"})
    with answering(LOGGED_IN, two, ok({"clientID": "17"})) as erply, client(erply) as made:
        assert made.registry.verify_credentials("a", "b").customer_id == 15
        assert made.registry.verify_credentials("c", "d").customer_id == 17
