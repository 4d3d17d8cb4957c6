"""The listening socket and one daemon thread per connection; stopping leaves neither behind."""

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

from .wire import BadRequest, Reply, Request, Wire


class Server:
    """Serves `respond` over HTTP/1.1 with keep-alive, over TLS where a context is given."""

    def __init__(
        self,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None,
        respond: Callable[[Request], Reply],
        connected: Callable[[], None],
    ) -> None:
        self.host = host
        self.port = port
        self._ssl_context = ssl_context
        self._respond = respond
        self._connected = connected
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._acceptor: threading.Thread | None = None
        self._waker: socket.socket | None = None
        self._stopping = False

    def start(self) -> None:
        """Listens; the port, when it was 0, is known afterwards and kept for the next start."""
        listener = socket.create_server((self.host, self.port), backlog=128)
        # A client may be gone between being announced and being let in; accept() must not wait.
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._stopping = False
        self._waker, woken = socket.socketpair()
        self._acceptor = threading.Thread(
            target=self._accept, args=(listener, woken), name="erply-sandbox", daemon=True
        )
        self._acceptor.start()

    def stop(self) -> None:
        """Ends every connection and every thread."""
        if self._acceptor is None or self._waker is None:
            return
        self._waker.close()
        self._acceptor.join()
        self._acceptor = self._waker = None
        with self._lock:
            self._stopping = True
            connections = dict(self._open)
        for connection in connections.values():
            with contextlib.suppress(OSError):
                # Past ssl's own shutdown(), which would pull the TLS state from under the thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in connections:
            thread.join()

    def _accept(self, listener: socket.socket, woken: socket.socket) -> None:
        with listener, woken, selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while woken not in [key.fileobj for key, _ in selector.select()]:
                try:
                    connection, address = listener.accept()
                except OSError:  # the client had gone before it was let in
                    continue
                self._welcome(connection, address[0])

    def _welcome(self, connection: socket.socket, peer: str) -> None:
        self._connected()
        connection.setblocking(True)
        thread = threading.Thread(
            target=self._serve,
            args=(connection, peer),
            name="erply-sandbox-connection",
            daemon=True,
        )
        with self._lock:
            self._open[thread] = connection
        thread.start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            # A client that leaves, or stop() closing the socket, is an end like any other.
            with contextlib.suppress(OSError), self._secured(connection) as secured:
                self._converse(Wire(secured, peer))
        finally:
            connection.close()
            with self._lock:
                del self._open[threading.current_thread()]

    @contextlib.contextmanager
    def _secured(self, connection: socket.socket) -> Iterator[socket.socket]:
        if self._ssl_context is None:
            yield connection
            return
        with self._ssl_context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ) as secured:
            # stop() must reach a client that dawdles over its handshake, and wrapping has just
            # taken the descriptor from the socket that stop() may already have looked at.
            with self._lock:
                if self._stopping:
                    raise ConnectionAbortedError
                self._open[threading.current_thread()] = secured
            secured.do_handshake()
            yield secured

    def _converse(self, wire: Wire) -> None:
        try:
            while (request := wire.read()) is not None:
                if not wire.answer(request, self._respond(request)):
                    return
        except BadRequest as refusal:
            wire.refuse(refusal.status)
        finally:
            wire.close()
