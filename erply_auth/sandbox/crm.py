"""The CRM API under /crm/: who may call, which call it is, and errors as HTTP statuses.

A call is named by its method and its path without ids, such as `PATCH v1/addresses`; by that
name it stands in the account's calls, and faults are ordered for it.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from .account import Account, Call
from .calls.context import Arguments
from .crm_calls import CALLS, CALLS_WITH_IDS, NAME_NOBODY, Done, Wish
from .errors import (
    ACCOUNT_NOT_FOUND,
    IN_USE,
    MALFORMED,
    NO_CUSTOMER_DATA_ACCESS,
    NO_RIGHT,
    NO_SESSION_KEY,
    NO_SUCH_ITEM,
    NOT_UNIQUE,
    QUOTA_SPENT,
    SESSION_EXPIRED,
    SESSION_TOO_OLD,
    SESSION_UNKNOWN,
    UNKNOWN_CALL,
    ErplyError,
)
from .quota import CALL_COST
from .sessions import Session
from .spoiling import drop, spoil
from .wire import Reply, Request

PREFIX = "/crm/"
_NO_METHOD = 405
_STATUSES = {
    **dict.fromkeys((1000, 1003, 1008), HTTPStatus.SERVICE_UNAVAILABLE),
    QUOTA_SPENT: HTTPStatus.TOO_MANY_REQUESTS,
    UNKNOWN_CALL: HTTPStatus.NOT_FOUND,
    _NO_METHOD: HTTPStatus.METHOD_NOT_ALLOWED,
    **dict.fromkeys((NOT_UNIQUE, IN_USE), HTTPStatus.CONFLICT),
    **dict.fromkeys((ACCOUNT_NOT_FOUND, NO_SESSION_KEY), HTTPStatus.UNAUTHORIZED),
    **dict.fromkeys((SESSION_EXPIRED, SESSION_UNKNOWN, SESSION_TOO_OLD), HTTPStatus.UNAUTHORIZED),
    **dict.fromkeys((NO_RIGHT, NO_CUSTOMER_DATA_ACCESS), HTTPStatus.FORBIDDEN),
}


class _Exchange:
    """One call on its way: what it is called, what it was sent, how it ended."""

    def __init__(self, account: Account, request: Request) -> None:
        self.account = account
        self.request = request
        path = unquote(request.path.removeprefix(PREFIX)).strip("/")
        self.path, self.ids, self.perform = _route(request.method, path)
        self.name = f"{request.method} {self.path}"
        pairs = parse_qsl(request.query, keep_blank_values=True, errors="replace")
        self.query = Arguments(pairs)
        self.key = request.headers.get("sessionkey", "")
        self.cost = 0.0

    def body(self) -> Any:
        if not self.request.body:
            return None
        try:
            return json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise ErplyError(MALFORMED) from None

    def note(self, error_code: int | None) -> None:
        """Records the call."""
        try:
            body = self.body()
        except ErplyError:
            body = None
        request = self.request
        path = request.path.removeprefix(PREFIX)
        self.account.calls.append(
            Call(
                self.name,
                dict(self.query),
                request.method,
                request.target,
                request.headers,
                self.key,
                False,
                self.cost,
                error_code,
                path,
                body,
            )
        )


def respond(account: Account, request: Request) -> Reply:
    """Answers one call, or spoils the answer as ordered."""
    exchange = _Exchange(account, request)
    with account.lock:
        account.round_trips += 1
    if not account.fault_book.delay(account.latency, [exchange.name]):
        return drop()
    fault = account.fault_book.spoiler([exchange.name])
    with account.lock:
        if fault is not None and not fault.performed:
            exchange.note(None)
            return spoil(fault, None)
        reply = _answer(exchange)
    return reply if fault is None else spoil(fault, reply)


def _route(method: str, path: str) -> tuple[str, str, Callable[[Wish], Done] | None]:
    """The path without ids, the ids, and what carries it out."""
    if perform := CALLS.get(f"{method} {path}"):
        return path, "", perform
    if perform := CALLS_WITH_IDS.get(f"{method} {path}"):
        return path, "", perform
    base, _slash, ids = path.rpartition("/")
    if perform := CALLS_WITH_IDS.get(f"{method} {base}"):
        return base, ids, perform
    return path, "", None


def _answer(exchange: _Exchange) -> Reply:
    account = exchange.account
    already_logged = len(account.processing_log)
    try:
        done = _perform(exchange)
    except ErplyError as error:
        exchange.note(error.code)
        return _refusal(error)
    finally:
        # The classic calls that carry it out are logged by Erply, the CRM API's own are not.
        del account.processing_log[already_logged:]
    exchange.note(0)
    headers = {}
    if done.total is not None and exchange.query.get("withTotalCount") == "true":
        headers["X-Total-Count"] = str(done.total)
    if done.status == HTTPStatus.NO_CONTENT:
        return Reply(b"", status=done.status)
    return _json(done.content, done.status, headers)


def _perform(exchange: _Exchange) -> Done:
    """Refuses in the order in which a server would notice."""
    account = exchange.account
    if exchange.perform is None:
        raise ErplyError(_NO_METHOD if _has_other_method(exchange.path) else UNKNOWN_CALL)
    if exchange.request.headers.get("clientcode") != account.client_code:
        raise ErplyError(ACCOUNT_NOT_FOUND, "clientCode")
    session = _session(exchange)
    account.meter.charge(CALL_COST, account.quota, account.now())
    exchange.cost = CALL_COST
    if ordered := account.fault_book.error(exchange.name):
        raise ordered
    if account.no_crm_rights:
        raise ErplyError(NO_RIGHT)
    if account.no_customer_data_access and exchange.path not in NAME_NOBODY:
        raise ErplyError(NO_CUSTOMER_DATA_ACCESS)
    wish = Wish(account, session, exchange.path, exchange.ids, exchange.query, exchange.body())
    return exchange.perform(wish)


def _session(exchange: _Exchange) -> Session:
    if not exchange.key:
        raise ErplyError(NO_SESSION_KEY, "sessionKey")
    return exchange.account.sessions.find(exchange.key, exchange.account.now())


def _has_other_method(path: str) -> bool:
    return any(
        name.partition(" ")[2] in (path, path.rpartition("/")[0])
        for name in (*CALLS, *CALLS_WITH_IDS)
    )


def _refusal(error: ErplyError) -> Reply:
    status = _STATUSES.get(error.code, HTTPStatus.BAD_REQUEST)
    if error.code == NO_SUCH_ITEM and not error.field:
        # The record itself, as against one that a field refers to.
        status = HTTPStatus.NOT_FOUND
    content = {
        "code": error.code,
        "message": HTTPStatus(status).phrase,
        "field": error.field or "",
    }
    return _json({"error": content}, status)


def _json(content: Any, status: int, headers: dict[str, str] | None = None) -> Reply:
    body = json.dumps(content).encode("utf-8", "replace")
    return Reply(body, "application/json; charset=utf-8", status, headers or {})
