"""One HTTP/1.1 connection: requests as they arrive, answers as they leave."""

import contextlib
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import urlsplit

MAX_LINE = 1 << 16
MAX_HEADERS = 200
MAX_BODY = 32 << 20

_LENGTH = re.compile("[0-9]{1,18}")
_CHUNK_SIZE = re.compile(b"[0-9A-Fa-f]{1,16}")


class BadRequest(Exception):
    """What came is not an HTTP request that can be served."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Request:
    """One HTTP request, read to its end."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: str
    keep_alive: bool
    path: str
    query: str


@dataclass
class Reply:
    """An answer and, where it must not simply be sent, the way it travels."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)
    deliver: Callable[["Wire", "Reply"], bool] | None = None

    def head(self, *, keep_alive: bool) -> bytes:
        """The status line and the headers."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {int(self.status)} {phrase}", f"Content-Type: {self.content_type}"]
        if "Transfer-Encoding" not in self.headers:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class Wire:
    """The connection to one client."""

    def __init__(self, connection: socket.socket, peer: str) -> None:
        self._connection = connection
        self._peer = peer
        # One send per answer makes Nagle's algorithm pointless, and it would cost 40 ms a call.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader: BinaryIO = connection.makefile("rb")

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(self, request: Request, reply: Reply) -> bool:
        """Sends the answer; whether the connection can carry another request."""
        if reply.deliver is not None:
            return reply.deliver(self, reply) and request.keep_alive
        self.send(reply.head(keep_alive=request.keep_alive) + reply.body)
        return request.keep_alive

    def refuse(self, status: HTTPStatus) -> None:
        reply = Reply(status.phrase.encode(), "text/plain", status)
        self.send(reply.head(keep_alive=False) + reply.body)

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._reader.close()
        with contextlib.suppress(OSError):
            self._connection.close()

    def read(self) -> Request | None:
        """The next request; None when the client has gone."""
        line = self._line()
        if not line:
            return None
        words = line.decode("latin-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        method, target, version = words
        try:
            address = urlsplit(target)
        except ValueError:
            raise BadRequest(HTTPStatus.BAD_REQUEST) from None
        headers = self._headers()
        if headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._body(headers)
        wish = headers.get("connection", "").lower()
        keep_alive = "keep-alive" in wish if version == "HTTP/1.0" else "close" not in wish
        # Nothing here answers HEAD without a body, so such a connection cannot go on.
        keep_alive = keep_alive and method != "HEAD"
        return Request(
            method, target, headers, body, self._peer, keep_alive, address.path, address.query
        )

    def _line(self) -> bytes:
        line = self._reader.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise BadRequest(HTTPStatus.REQUEST_URI_TOO_LONG)
        return line

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(MAX_HEADERS):
            line = self._line().decode("latin-1").rstrip("\r\n")
            if not line:
                return headers
            name, _colon, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = headers.get("content-length", "0")
        if not _LENGTH.fullmatch(length):
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        return self._exactly(int(length))

    def _exactly(self, length: int) -> bytes:
        if length > MAX_BODY:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        data = self._reader.read(length)
        if len(data) < length:
            raise ConnectionAbortedError("The client left in the middle of its request.")
        return data

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            size = self._line().partition(b";")[0].strip()
            if not _CHUNK_SIZE.fullmatch(size):
                raise BadRequest(HTTPStatus.BAD_REQUEST)
            length = int(size, 16)
            if length == 0:
                self._headers()
                return bytes(body)
            body += self._exactly(length)
            if len(body) > MAX_BODY:
                raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            self._line()
