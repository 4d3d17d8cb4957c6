"""HTTP to Erply: pooled, verified, limited in time and size, every failure translated here.

TLS is always verified, secrets travel in the body only, redirects are not followed, cookies are
not kept, and the environment's proxies are used only when asked for.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import ipaddress
import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import requests
import requests.adapters
import requests.utils
import urllib3
import urllib3.connection

from . import deadlines
from .errors import ErplyUnavailable, Reason

_CHUNK = 64 * 1024
_POOL_SIZE = 32
_COMMON = {"Accept": "application/json", "User-Agent": "django-erply-auth"}
_FORM = {**_COMMON, "Content-Type": "application/x-www-form-urlencoded"}
_JSON = {**_COMMON, "Content-Type": "application/json"}

logger = logging.getLogger(__name__)


def check_url(url: str) -> str:
    """The URL itself if secrets may travel to it: https anywhere, http on this machine only.

    Raises ValueError, whose text leaves the URL out: it may hold credentials.
    """
    parts = _parts(url)
    host = parts.hostname or ""
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be an address without credentials, query or fragment")
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError("must be a complete https:// address")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("must begin with https:// (http:// is for this machine's own addresses)")
    return url


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # Judged only when it is read.
    except ValueError:  # Its text quotes the URL.
        return urlsplit("")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Connection(urllib3.connection.HTTPConnection):
    """A connection that the deadline of the call using it can shut."""

    _lifeline: Any = None

    def _new_conn(self) -> Any:
        sock, self._lifeline = deadlines.open_socket(self.host, self.port, self.timeout or 0)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self._lifeline is not None:
            deadlines.watch(self._lifeline)
        super().request(*args, **kwargs)

    def close(self) -> None:
        super().close()
        if self._lifeline is not None:
            self._lifeline.let_go()
            self._lifeline = None


class _TLSConnection(_Connection, urllib3.connection.HTTPSConnection):
    """The same over TLS."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls: Any = _Connection

    def _put_conn(self, conn: Any) -> None:
        # Before another thread can take it: this call's deadline must not shut that one's answer.
        deadlines.unwatch()
        super()._put_conn(conn)


class _TLSPool(_Pool, urllib3.HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _Adapter(requests.adapters.HTTPAdapter):
    """One SSLContext for all connections; requests would load the CA file at each of them."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=_POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if not proxy.lower().startswith(("http://", "https://")):
            # Our pools would go past any other kind, straight to Erply.
            raise requests.exceptions.InvalidProxyURL("Only HTTP proxies are supported")
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        return self._watch(manager)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leaves the connection alone: verification is the context's, and is never off."""

    @staticmethod
    def _watch(manager: Any) -> Any:
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager


class _Session(requests.Session):
    """A session that follows no redirect, and does not read its body to find out where to."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status and the whole body, which no repr shows."""

    status: int
    body: bytes = field(repr=False)

    def json(self, call: str) -> Any:
        """The body as JSON, or ErplyUnavailable."""
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(self.body)
        # Raised out here, for the parser's own error holds the whole body.
        raise ErplyUnavailable(call, reason=Reason.GARBLED)


class Transport:
    """The process's connections to Erply; safe to use from many threads at once.

    Times are seconds: to connect, between two reads, and for a call as a whole.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 3,
        read_timeout: float = 5,
        max_bytes: int = 8 * 1024 * 1024,
        ca_bundle: str = "",
        environment_proxies: bool = False,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._max_bytes = max_bytes
        self._environment_proxies = environment_proxies
        context = ssl.create_default_context(
            cafile=ca_bundle or requests.utils.DEFAULT_CA_BUNDLE_PATH
        )
        self._session = _Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", _Adapter(context))
        self._session.mount("http://", _Adapter(context))

    def close(self) -> None:
        """Closes the kept connections."""
        self._session.close()

    def post(
        self,
        call: str,
        url: str,
        fields: Mapping[str, str],
        seconds: float,
        silent_seconds: float | None = None,
    ) -> Answer:
        """Sends a form and returns the answer, of whatever status; `call` is for messages.

        `silent_seconds` is how long Erply may be silent, where not as long as ever. Raises
        ErplyUnavailable when there is no complete answer within `seconds`, or it is larger than
        allowed.
        """
        # Half a character, which only a program can type, is Erply's to refuse, not ours to raise.
        body = urlencode(fields, errors="surrogatepass")
        request = requests.Request("POST", check_url(url), _FORM, data=body)
        return self._exchange(call, request, seconds, silent_seconds)

    def send(
        self,
        call: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        seconds: float,
    ) -> Answer:
        """Sends JSON, or nothing, and returns the answer. Raises as `post` does."""
        check_url(url.partition("?")[0])
        request = requests.Request(method, url, {**_JSON, **headers}, data=content)
        return self._exchange(call, request, seconds, None)

    def _exchange(
        self, call: str, request: requests.Request, seconds: float, silent_seconds: float | None
    ) -> Answer:
        started = time.monotonic()
        try:
            with deadlines.deadline(seconds) as limit:
                answer = self._send(request, silent_seconds or self._read_timeout)
                if limit.expired:
                    # A body without a length ends, to all appearance, where the socket was shut.
                    raise TimeoutError
        except _FAILURES as error:
            reason = Reason.GARBLED if isinstance(error, _TooLarge) else Reason.SILENT
            failure, cause = ErplyUnavailable(call, reason=reason), _cause(error)
        else:
            logger.debug("%s: HTTP %d in %.3f s", call, answer.status, time.monotonic() - started)
            return answer
        # Raised out here, for the error above carries the request and may quote the answer.
        raise failure from cause

    def _send(self, request: requests.Request, silent_seconds: float) -> Answer:
        proxies = {}
        if self._environment_proxies:
            proxies = requests.utils.get_environ_proxies(str(request.url))
        response = self._session.send(
            self._session.prepare_request(request),
            proxies=proxies,
            timeout=(self._connect_timeout, silent_seconds),
            allow_redirects=False,
            stream=True,
        )
        with contextlib.closing(response):
            body = bytearray()
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > self._max_bytes:
                    raise _TooLarge
        return Answer(response.status_code, bytes(body))


class _TooLarge(Exception):
    """An answer larger than allowed."""


_FAILURES = (
    _TooLarge,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    UnicodeError,
)


def _cause(error: BaseException) -> OSError | None:
    """The system's own word at the bottom (refused, reset, certificate), which quotes nothing."""
    while error.__context__ is not None:
        error = error.__context__
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        return error.with_traceback(None)
    return None
