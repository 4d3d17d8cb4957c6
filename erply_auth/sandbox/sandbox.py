"""The sandbox as tests hold it: an account behind a real HTTP server, and the ways to steer it."""

import ssl
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from . import classic, control, crm
from .account import Account, Call
from .faults import Fault
from .records import ADDRESS_FIELDS, CUSTOMER_FIELDS
from .server import Server
from .wire import Reply, Request

CLIENT_CODE = "100100"
API_USERNAME = "webshop"
API_PASSWORD = "webshop-sandbox"  # noqa: S105 - opens nothing but a sandbox  # nosec B105
PLENTY = 1_000_000


class Sandbox(Account):
    """A stand-in Erply account served on `url`.

    `quota`, `latency` and the switches `outside_eu`, `no_customer_data_access`, `no_crm_rights`
    and `classic_registry_gone` may be set at any time; `reset` brings everything back.
    """

    def __init__(
        self,
        client_code: str = CLIENT_CODE,
        api_username: str = API_USERNAME,
        api_password: str = API_PASSWORD,
        host: str = "127.0.0.1",
        port: int = 0,
        quota: float = PLENTY,
        latency: float = 0.0,
        clock: Callable[[], float] = time.time,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(client_code, api_username, api_password, quota, latency, clock)
        self._scheme = "http" if ssl_context is None else "https"
        self._server = Server(host, port, ssl_context, self._respond, self._connected)

    def start(self) -> Self:
        """Serves from now on; after a stop, on the same port as before."""
        self._server.start()
        root = f"{self._scheme}://{self._server.host}:{self._server.port}/"
        self.url, self.crm_url = f"{root}api/", f"{root}crm/"
        return self

    def stop(self) -> None:
        """Ends the server with its connections; faults that hang end at once."""
        self.fault_book.end()
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def calls_of(self, name: str) -> list[Call]:
        """The calls of this name, bulk sub-requests included, oldest first."""
        return [call for call in list(self.calls) if call.name == name]

    @property
    def spent(self) -> float:
        """Quota units that all calls since the last reset have cost."""
        return round(sum(call.cost for call in list(self.calls)), 1)

    @property
    def spent_this_hour(self) -> float:
        """Quota units gone since the last full hour, other integrations' included."""
        return self.meter.spent(self.now())

    def spend(self, units: float) -> None:
        """Spends quota as another integration of the shop would."""
        with self.lock:
            self.meter.spend(units, self.now())

    def advance(self, seconds: float) -> None:
        """Moves the sandbox's clock."""
        self.ahead += seconds

    def expire_sessions(self) -> None:
        """Every session key handed out answers 1054 from now on."""
        with self.lock:
            self.sessions.expire_all()

    def forget_sessions(self) -> None:
        """Every session key handed out answers 1055 from now on."""
        with self.lock:
            self.sessions.forget_all()

    def fault(
        self,
        kind: str,
        *,
        calls: Iterable[str] | str | None = None,
        times: int | None = None,
        **details: Any,
    ) -> Fault:
        """Orders a fault for these calls (None: all), so many times (None: until cleared)."""
        return self.fault_book.order(kind, calls, times, **details)

    def clear_faults(self) -> None:
        """Calls off every fault."""
        self.fault_book.clear()

    def add_customer(self, **fields: Any) -> int:
        """Adds a customer, fields under Erply's names; `username` is the web-shop user name."""
        if "username" in fields:
            fields["webshopUsername"] = fields.pop("username")
        if fields.get("companyName"):
            fields.setdefault("customerType", "COMPANY")
        fields.setdefault("groupID", self.first_group())
        return int(self.insert(self.customers, CUSTOMER_FIELDS, fields)["id"])

    def add_address(self, **fields: Any) -> int:
        """Adds an address, fields under Erply's names."""
        return int(self.insert(self.addresses, ADDRESS_FIELDS, fields)["id"])

    def _connected(self) -> None:
        with self.lock:
            self.connections += 1

    def _respond(self, request: Request) -> Reply:
        if request.path.startswith(control.PREFIX):
            return control.respond(self, request)
        if request.path.startswith(crm.PREFIX) and self.crm_url:
            return crm.respond(self, request)
        if request.path.rstrip("/") != "/api":
            return Reply(b"<h1>Not found</h1>", status=HTTPStatus.NOT_FOUND)
        if request.method not in ("POST", "GET"):
            return Reply(b"<h1>Use POST</h1>", status=HTTPStatus.METHOD_NOT_ALLOWED)
        return classic.respond(self, request)
