"""The sandbox as an HTTP server, whoever calls it and however."""

import contextlib
import gc
import http.client
import json
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from erply_auth.sandbox import Sandbox

from .support import FORM, Caller

ENDPOINTS = "clientCode=100100&request=getServiceEndpoints"


def raw_post(body: str, *headers: str, version: str = "HTTP/1.1") -> bytes:
    lines = [f"POST /api/ {version}", "Host: erply", f"Content-Type: {FORM}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def test_one_connection_carries_many_calls(call, erply):
    for _ in range(3):
        call("getCustomerGroups")
    assert erply.connections == 1
    assert erply.round_trips == 4


def test_it_answers_a_thousand_calls_a_second(call):
    call.log_in()
    began = time.perf_counter()
    for _ in range(300):
        call("verifyCustomerUser", username="person", password="Sandbox-person-1")
    # Several times faster on an idle machine; this bound only catches a stall in every answer.
    assert time.perf_counter() - began < 3


def test_parameters_may_come_in_the_query(call, erply):
    _, body = call.send("POST", f"/api/?{ENDPOINTS}")
    assert json.loads(body)["status"]["errorCode"] == 0
    assert erply.calls[0].target == f"/api/?{ENDPOINTS}"


def test_get_is_answered_like_post(call, erply):
    _, body = call.send("GET", f"/api?{ENDPOINTS}")
    assert json.loads(body)["status"]["errorCode"] == 0
    assert erply.calls[0].method == "GET"


def test_the_body_counts_over_the_query(call):
    _, body = call.send(
        "POST", "/api/?request=verifyUser&clientCode=9", ENDPOINTS, {"Content-Type": FORM}
    )
    assert json.loads(body)["status"]["request"] == "getServiceEndpoints"


def test_parameters_may_come_in_multipart_form_data(call):
    parts = {"clientCode": "100100", "request": "verifyUser", "username": "õun\r\n--x", "empty": ""}
    body = "".join(
        f'--BO\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    body += "--BO\r\nContent-Type: text/plain\r\n\r\nwithout a name\r\n--BO--\r\n"
    headers = {"Content-Type": 'multipart/form-data; boundary="BO"'}
    _, answer = call.send("POST", "/api/", body.encode(), headers)
    assert json.loads(answer)["status"]["errorCode"] == 1050
    assert call.sandbox.calls[0].parameters == parts


def test_a_body_of_another_type_holds_no_parameters(call):
    _, body = call.send("POST", "/api/", '{"request": "x"}', {"Content-Type": "application/json"})
    assert json.loads(body)["status"]["errorCode"] == 1001


def test_a_chunked_body_is_read(call):
    chunks = (chunk.encode() for chunk in ("clientCode=100100&", "request=getServiceEndpoints"))
    _, body = call.send("POST", "/api/", chunks, {"Content-Type": FORM})
    assert json.loads(body)["status"]["errorCode"] == 0
    assert call("getCustomerGroups")["status"]["errorCode"] == 0


def test_a_client_that_asks_first_is_told_to_go_on(call):
    data = raw_post(
        ENDPOINTS, f"Content-Length: {len(ENDPOINTS)}", "Expect: 100-continue", "Connection: close"
    )
    answer = call.raw(data)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in answer


@pytest.mark.parametrize("wish", ["close", "keep-alive"])
def test_http_1_0_keeps_the_connection_only_when_asked(call, wish):
    first = raw_post(
        ENDPOINTS,
        f"Content-Length: {len(ENDPOINTS)}",
        f"Connection: {wish}",
        version="HTTP/1.0",
    )
    last = raw_post("", version="HTTP/1.0")
    answers = call.raw(first + last).count(b"HTTP/1.1 200 OK")
    assert answers == (2 if wish == "keep-alive" else 1)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /api/ FTP/1.0\r\n\r\n", b"400"),
        (b"POST /api/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /api/ HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST /api/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", b"400"),
        (b"POST /api/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", b"400"),
        (b"POST /api/ HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 201, b"431"),
    ],
)
def test_what_is_no_http_request_is_refused(call, data, status):
    assert call.raw(data).startswith(b"HTTP/1.1 " + status)


def test_a_chunked_body_beyond_the_limit_is_refused(call, monkeypatch):
    monkeypatch.setattr("erply_auth.sandbox.wire.MAX_BODY", 8)
    data = raw_post("5\r\n12345\r\n5\r\n12345\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    assert call.raw(data).startswith(b"HTTP/1.1 413")


def test_a_client_that_leaves_in_the_middle_of_its_request_does_no_harm(call, erply):
    with socket.create_connection(call.address) as connection:
        connection.sendall(raw_post("client", "Content-Length: 500"))
    assert call("getCustomerGroups")["status"]["errorCode"] == 0
    assert len(erply.calls) == 2


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/elsewhere/v1/customers", 404),
        ("PUT", "/api/", 405),
        ("HEAD", "/api/", 405),
    ],
)
def test_only_the_api_is_served(call, erply, method, target, status):
    answer, _ = call.send(method, target)
    assert answer.status == status
    assert erply.round_trips == 0


def test_sixty_four_clients_are_served_at_once(erply):
    erply.latency = 0.2

    def ask():
        caller = Caller(erply)
        caller.post(request="getServiceEndpoints")
        caller.close()

    threads = [threading.Thread(target=ask) for _ in range(64)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(erply.calls) == 64
    assert erply.connections == 64
    assert time.perf_counter() - began < 5


def test_stopping_leaves_no_thread_and_no_socket():
    before = set(threading.enumerate())
    sandbox = Sandbox().start()
    callers = [Caller(sandbox) for _ in range(3)]
    for caller in callers:
        caller.log_in()
    sandbox.stop()
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(callers[0].address)
    for caller in callers:
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            caller("getCustomers")
        caller.close()
    del sandbox
    gc.collect()  # an unclosed socket would warn, and warnings are errors


def test_stopping_twice_is_as_good_as_once():
    sandbox = Sandbox().start()
    sandbox.stop()
    sandbox.stop()


def test_a_stopped_sandbox_starts_again_on_its_port_with_its_data():
    sandbox = Sandbox().start()
    url, customer_id = sandbox.url, sandbox.add_customer(lastName="Kept")
    sandbox.stop()
    with sandbox:
        assert sandbox.url == url
        assert customer_id in sandbox.customers
        caller = Caller(sandbox)
        caller.log_in()
        caller.close()


def test_a_connection_lost_before_it_was_let_in_does_no_harm(erply, call, monkeypatch):
    lost = []

    class Listener(socket.socket):
        def accept(self):
            connection, address = super().accept()
            if not lost:
                lost.append(connection)
                connection.close()
                raise ConnectionAbortedError
            return connection, address

    monkeypatch.setattr(socket, "socket", Listener)
    with Sandbox() as sandbox:
        with socket.create_connection(("127.0.0.1", sandbox._server.port)) as first:
            assert first.recv(1) == b""
        caller = Caller(sandbox)
        caller.log_in()
        caller.close()
    assert lost


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "sandbox.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {path} -out {path}.crt"
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs the openssl command to make a certificate")
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def server_context(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_it_speaks_tls_with_a_context(certificate, server_context):
    with Sandbox(ssl_context=server_context) as sandbox:
        assert sandbox.url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(certificate))
        connection = http.client.HTTPSConnection(
            "127.0.0.1", sandbox._server.port, context=trusting
        )
        connection.request("POST", "/api/", ENDPOINTS, {"Content-Type": FORM})
        crm = json.loads(connection.getresponse().read())["records"][0]["crm"]
        assert crm["url"] == sandbox.crm_url
        connection.close()


def test_a_failed_tls_handshake_does_no_harm(server_context):
    with Sandbox(ssl_context=server_context) as sandbox:
        with socket.create_connection(("127.0.0.1", sandbox._server.port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                while plain.recv(1024):
                    pass
        with socket.create_connection(("127.0.0.1", sandbox._server.port)):
            pass


def test_stopping_does_not_miss_a_client_whose_socket_is_just_being_wrapped(certificate):
    wrapping = threading.Event()

    class Slow(ssl.SSLContext):
        def wrap_socket(self, *args, **options):
            secured = super().wrap_socket(*args, **options)
            wrapping.set()
            while not sandbox._server._stopping:
                time.sleep(0.001)
            return secured

    context = Slow(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    sandbox = Sandbox(ssl_context=context).start()
    with socket.create_connection(("127.0.0.1", sandbox._server.port), timeout=10) as client:
        assert wrapping.wait(10)
        sandbox.stop()
        assert client.recv(1) == b""


def test_stopping_does_not_wait_for_a_client_that_dawdles_over_its_handshake(server_context):
    sandbox = Sandbox(ssl_context=server_context).start()
    with socket.create_connection(("127.0.0.1", sandbox._server.port)) as dawdler:
        while not sandbox.connections:
            time.sleep(0.01)
        sandbox.stop()
        assert dawdler.recv(1) == b""
