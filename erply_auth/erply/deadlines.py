"""One hard time limit per call: a watchdog thread that shuts the socket when the time is up.

The limit holds against a server that sends one byte a second, in the TLS handshake, the headers or
the body, where per-read time-outs begin anew with every byte.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator


class Lifeline:
    """A second handle on a connection: shutting it shuts the connection.

    Unlike the first it stays valid when TLS takes the socket over, and when the connection is
    closed while its answer is still being read. Both the connection and the call hold it; the last
    one to let go closes it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock.dup()
        self._lock = threading.Lock()
        self._holders = 1

    def hold(self) -> None:
        """One holder more."""
        with self._lock:
            self._holders += 1

    def let_go(self) -> None:
        """One holder less."""
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._sock.close()

    def shut(self) -> None:
        """Ends the connection, whoever is reading from it."""
        # The lock: a number that is closed meanwhile may be another connection's a moment later.
        # The error: the other side may have closed it this moment.
        with self._lock, contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)


class Deadline:
    """The end of one call's time, by the monotonic clock: setting the clock moves nothing."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self.expired = False
        self._lifeline: Lifeline | None = None
        self._lock = threading.Lock()

    def remaining(self) -> float:
        """Seconds left, at least a millisecond: a socket reads 0 as 'do not wait at all'."""
        return max(self.at - time.monotonic(), 0.001)

    def watch(self, lifeline: Lifeline) -> None:
        """Says which connection the call is using now."""
        lifeline.hold()
        self.unwatch()
        with self._lock:
            self._lifeline = lifeline
            if self.expired:
                lifeline.shut()

    def unwatch(self) -> None:
        """The call is done with its connection, which may serve another from here on."""
        with self._lock:
            lifeline, self._lifeline = self._lifeline, None
        if lifeline is not None:
            lifeline.let_go()

    def expire(self) -> None:
        """Shuts the call's connection, if it is still using one."""
        with self._lock:
            self.expired = True
            if self._lifeline is not None:
                self._lifeline.shut()


class Watchdog:
    """One daemon thread for all calls of the process; it sleeps until the next deadline."""

    def __init__(self) -> None:
        self.start_anew()

    def start_anew(self) -> None:
        """Forgets everything: threads do not survive a fork, nor do locks that one of them held."""
        self._condition = threading.Condition()
        self._queue: list[tuple[float, int, Deadline]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline) -> None:
        """Keeps an eye on a call."""
        with self._condition:
            heapq.heappush(self._queue, (deadline.at, next(self._order), deadline))
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="erply-deadlines", daemon=True)
                thread.start()
                self._thread = thread
            elif self._queue[0][2] is deadline:
                self._condition.notify()

    def _run(self) -> None:
        while True:
            self._next().expire()

    def _next(self) -> Deadline:
        with self._condition:
            while True:
                wait = self._queue[0][0] - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._queue)[2]
                self._condition.wait(wait)


_watchdog = Watchdog()
_current = threading.local()

os.register_at_fork(after_in_child=_watchdog.start_anew)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[Deadline]:
    """Gives what this thread does inside the block `seconds` in all."""
    limit = Deadline(seconds)
    _watchdog.add(limit)
    _current.deadline = limit
    try:
        yield limit
    finally:
        limit.unwatch()
        del _current.deadline


def open_socket(host: str, port: int, timeout: float) -> tuple[socket.socket, Lifeline]:
    """A connection within the current deadline, and its lifeline."""
    limit: Deadline = _current.deadline
    failure = OSError("no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(min(timeout, limit.remaining()))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
            lifeline = Lifeline(sock)
        except OSError as error:
            sock.close()
            failure = error
            continue
        limit.watch(lifeline)
        return sock, lifeline
    raise failure


def watch(lifeline: Lifeline) -> None:
    """Puts a kept connection under the current deadline."""
    _current.deadline.watch(lifeline)


def unwatch() -> None:
    """Takes the call's connection out of the current deadline's reach."""
    _current.deadline.unwatch()
