"""Servers that misbehave below the level of Erply's answers; the client's parts put together."""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from django.core.signals import setting_changed

from erply_auth.connection import CacheStore
from erply_auth.erply.classic import ClassicAPI
from erply_auth.erply.crm import CrmAPI
from erply_auth.erply.crm_customers import CrmCustomers
from erply_auth.erply.quota import Quota
from erply_auth.erply.registry import CustomerRegistry
from erply_auth.erply.sharing import ReferenceData, SingleFlight
from erply_auth.erply.transport import Transport
from erply_auth.sandbox import API_PASSWORD, Sandbox

PROJECT = Path(__file__).parents[2]
PATIENT = 30.0
"""More than any test waits when the client is right, in seconds."""

SILENT_CLIENT = 10.0

Handler = Callable[[socket.socket, int], None]


class Server:
    """Hands every connection, with its number from 1, to `handle`, in a thread of its own."""

    def __init__(self, handle: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handle = handle
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.ending = threading.Event()
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/api/"

    def __enter__(self) -> "Server":
        self._start(self._accept)
        return self

    def __exit__(self, *args: object) -> None:
        self.ending.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            sock.settimeout(SILENT_CLIENT)
            self._open.append(sock)
            self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        with sock, contextlib.suppress(OSError):
            if self._tls is None:
                self._handle(sock, number)
                return
            with self._tls.wrap_socket(sock, server_side=True) as secured:
                self._open.append(secured)
                self._handle(secured, number)

    def read(self, sock: socket.socket) -> bytes:
        """One whole request, which is noted; empty when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := sock.recv(65536)):
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line[15:])
                for line in head.split(b"\r\n")
                if line.lower()[:15] == b"content-length:"
            ),
            0,
        )
        while len(body) < length:
            body += sock.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def drip(self, sock: socket.socket, data: bytes, seconds: float = 0.05) -> None:
        """Byte after byte, each in good time, until the client or the test has had enough."""
        for byte in data:
            sock.sendall(bytes([byte]))
            if self.ending.wait(seconds):
                return


@contextlib.contextmanager
def answering(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that gives these answers, one a request, the last of them again and again."""
    left = list(answers)

    def handle(sock: socket.socket, number: int) -> None:
        while server.read(sock):
            answer = left.pop(0) if len(left) > 1 else left[0]
            sock.sendall(answer)
            if b"Connection: close" in answer:
                return

    server = Server(handle, tls)
    with server:
        yield server


@contextlib.contextmanager
def handling(handle: Callable[[Server, socket.socket, int], None]) -> Iterator[Server]:
    """A server whose handler gets the server itself as well."""
    server = Server(lambda sock, number: handle(server, sock, number))
    with server:
        yield server


def http(body: bytes | str, status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP answer. Header names are written with underscores."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def envelope(records: Any = (), code: Any = 0, field: Any = None) -> str:
    """A classic answer."""
    return json.dumps(
        {
            "status": {
                "responseStatus": "error" if code else "ok",
                "errorCode": code,
                "errorField": field,
            },
            "records": None if code else records,
        }
    )


def ok(*records: dict[str, Any]) -> bytes:
    """A classic answer over HTTP."""
    return http(envelope(records))


LOGGED_IN = ok({"sessionKey": "a-session-key", "sessionLength": "3600"})


def form(request: bytes) -> dict[str, str]:
    """The parameters in a request's body."""
    body = request.partition(b"\r\n\r\n")[2].decode()
    return {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}


class Client:
    """The client's parts, put together as `connection` does it, on Django's cache."""

    def __init__(
        self,
        url: str,
        *,
        client_code: str = "100100",
        username: str = "webshop",
        password: str = API_PASSWORD,
        seconds: float = 5,
        bulk_seconds: float = 5,
        session_seconds: int = 3600,
        wait_seconds: float = 5,
        fresh_seconds: float = 3600,
        points_of_sale: tuple[int, ...] = (),
        quota: dict[str, Any] | None = None,
        **transport: Any,
    ) -> None:
        self.transport = Transport(**transport)
        self.store = CacheStore("default", "tests")
        self.flight = SingleFlight(self.store, wait_seconds)
        self.quota = Quota(self.store, **({"hourly": 6000, "reserve": 600} | (quota or {})))
        self.classic = ClassicAPI(
            self.transport,
            self.store,
            self.flight,
            self.quota,
            url=url,
            client_code=client_code,
            username=username,
            password=password,
            session_seconds=session_seconds,
            call_seconds=seconds,
            bulk_seconds=bulk_seconds,
        )
        self.reference = ReferenceData(self.store, self.flight, fresh_seconds)
        crm = CrmAPI(
            self.transport,
            self.store,
            self.flight,
            self.quota,
            self.classic.session_keys,
            lambda: self.classic.service_url("crm"),
            client_code=client_code,
        )
        self.registry = CustomerRegistry(
            self.classic,
            self.reference,
            self.store,
            CrmCustomers(crm),
            points_of_sale=points_of_sale,
        )

    def age(self, name: str) -> None:
        """Makes kept reference data old."""
        self.store.set(name, (0.0, self.store.get(name)[1]), 60)

    def close(self) -> None:
        self.transport.close()


@contextlib.contextmanager
def client(erply: Sandbox | Server | str, **options: Any) -> Iterator[Client]:
    """A client of this server, closed afterwards."""
    made = Client(erply if isinstance(erply, str) else erply.url, **options)
    try:
        yield made
    finally:
        made.close()


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work` returns or raises in so many threads that begin together."""
    barrier = threading.Barrier(count)
    outcomes: list[Any] = [None] * count

    def run(number: int) -> None:
        barrier.wait(PATIENT)
        try:
            outcomes[number] = work(number)
        except Exception as error:  # noqa: BLE001 - it is the test that judges it
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENT)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes


def until(condition: Callable[[], Any]) -> None:
    """Waits for something another thread brings about."""
    end = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < end, "It never happened"
        time.sleep(0.005)


def settings_changed(setting: str) -> None:
    """What Django's test runner says when a setting changes."""
    setting_changed.send(sender=None, setting=setting, value=None, enter=True)
