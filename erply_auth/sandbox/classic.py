"""The classic API's envelope: single and bulk calls, the status block, what refuses a call."""

import time
from dataclasses import dataclass, field
from typing import Any

from .account import Account, Call
from .calls import CALLS
from .calls.context import Arguments, Context, Found
from .errors import (
    ACCOUNT_NOT_FOUND,
    NO_CUSTOMER_DATA_ACCESS,
    NO_SESSION_KEY,
    REFUSES_WHOLE_BULK,
    REGISTRY_ELSEWHERE,
    TOO_MANY_SUB_REQUESTS,
    UNKNOWN_CALL,
    UNKNOWN_FORMAT,
    ErplyError,
)
from .parameters import MAX_SUB_REQUESTS, read_parameters, read_sub_requests, sub_parameters
from .quota import CALL_COST, SUB_REQUEST_COST
from .rendering import render
from .sessions import Session
from .spoiling import drop, spoil
from .wire import Reply, Request

FORMATS = ("", "JSON", "XML")


@dataclass(frozen=True)
class Asked:
    """One call of a request; `echo` is how its status block names it."""

    name: str
    parameters: dict[str, str]
    echo: dict[str, Any]


@dataclass
class Exchange:
    """One HTTP request to the classic API, with the calls in it."""

    account: Account
    request: Request
    parameters: dict[str, str]
    in_bulk: bool
    asked: list[Asked]
    unreadable: ErplyError | None = None
    cost_of_each: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def note(self, asked: Asked, error_code: int | None) -> None:
        """Records the call."""
        call = Call(
            asked.name,
            asked.parameters,
            self.request.method,
            self.request.target,
            self.request.headers,
            self.parameters.get("sessionKey", ""),
            self.in_bulk,
            self.cost_of_each,
            error_code,
        )
        with self.account.lock:
            self.account.calls.append(call)

    def status(self, echo: dict[str, Any], outcome: Found | ErplyError) -> dict[str, Any]:
        """The status block; `echo` names the call in it."""
        if isinstance(outcome, ErplyError):
            verdict: dict[str, Any] = {
                "responseStatus": "error",
                "errorCode": outcome.code,
                "errorField": outcome.field,
            }
            total = in_response = 0
        else:
            verdict = {"responseStatus": "ok", "errorCode": 0}
            total, in_response = outcome.total, len(outcome.records)
        return {
            **echo,
            "requestUnixTime": int(self.account.now()),
            **verdict,
            "generationTime": round(time.perf_counter() - self.started, 6),
            "recordsTotal": total,
            "recordsInResponse": in_response,
        }

    def block(self, asked: Asked, outcome: Found | ErplyError) -> dict[str, Any]:
        """The answer to one call, which is recorded with it."""
        code, records = (
            (outcome.code, None) if isinstance(outcome, ErplyError) else (0, outcome.records)
        )
        self.note(asked, code)
        return {"status": self.status(asked.echo, outcome), "records": records}


def respond(account: Account, request: Request) -> Reply:
    """Answers one HTTP request to the classic API, or spoils the answer as ordered."""
    with account.lock:
        account.round_trips += 1
    exchange = _read(account, request)
    names = [asked.name for asked in exchange.asked]
    if not account.fault_book.delay(account.latency, names):
        return drop()
    fault = account.fault_book.spoiler(names)
    if fault is not None and not fault.performed:
        for asked in exchange.asked:
            exchange.note(asked, None)
        return spoil(fault, None)
    with account.lock:
        answer = _answer(exchange)
    reply = render(answer, exchange.parameters)
    return reply if fault is None else spoil(fault, reply)


def _read(account: Account, request: Request) -> Exchange:
    parameters = read_parameters(request)
    name = parameters.get("request", "")
    whole = Asked(name, parameters, {"request": name})
    if "requests" not in parameters:
        return Exchange(account, request, parameters, False, [whole])
    try:
        sub_requests = read_sub_requests(parameters["requests"])
    except ErplyError as error:
        return Exchange(account, request, parameters, True, [whole], error)
    if len(sub_requests) > MAX_SUB_REQUESTS:
        too_many = ErplyError(TOO_MANY_SUB_REQUESTS)
        return Exchange(account, request, parameters, True, [whole], too_many)
    return Exchange(account, request, parameters, True, [_sub_request(one) for one in sub_requests])


def _sub_request(sub_request: dict[str, Any]) -> Asked:
    parameters = sub_parameters(sub_request)
    name = parameters.pop("requestName", "")
    echo = {"requestName": name}
    if "requestID" in sub_request:
        echo["requestID"] = sub_request["requestID"]
        del parameters["requestID"]
    return Asked(name, parameters, echo)


def _answer(exchange: Exchange) -> dict[str, Any]:
    envelope = {"request": exchange.parameters.get("request", "")}
    try:
        session, ordered = _admit(exchange)
    except ErplyError as error:
        for asked in exchange.asked:
            exchange.note(asked, error.code)
        return {"status": exchange.status(envelope, error), "records": None}
    blocks = [
        exchange.block(asked, error or _perform(exchange.account, asked, session))
        for asked, error in zip(exchange.asked, ordered, strict=True)
    ]
    if not exchange.in_bulk:
        return blocks[0]
    return {"status": exchange.status(envelope, Found([], 0)), "requests": blocks}


def _admit(exchange: Exchange) -> tuple[Session, list[ErplyError | None]]:
    """What stands before any call: account, format, quota, session.

    Returns the session and, for each call, the error a test has ordered for it.
    """
    account, parameters = exchange.account, exchange.parameters
    if parameters.get("clientCode") != account.client_code:
        raise ErplyError(ACCOUNT_NOT_FOUND)
    if parameters.get("responseType", "").upper() not in FORMATS:
        raise ErplyError(UNKNOWN_FORMAT)
    if exchange.unreadable is not None:
        raise exchange.unreadable
    cost = SUB_REQUEST_COST if exchange.in_bulk else CALL_COST
    account.meter.charge(cost * len(exchange.asked), account.quota, account.now())
    exchange.cost_of_each = cost
    ordered = [account.fault_book.error(asked.name) for asked in exchange.asked]
    for error in filter(None, ordered):
        if error.code in REFUSES_WHOLE_BULK:
            raise error
    return _session(exchange), ordered


def _session(exchange: Exchange) -> Session:
    first = None if exchange.in_bulk else CALLS.get(exchange.asked[0].name)
    if first is not None and not first.needs_session:
        return Session("", "", exchange.request.peer, 0, 0.0)
    key = exchange.parameters.get("sessionKey", "")
    if not key:
        raise ErplyError(NO_SESSION_KEY)
    return exchange.account.sessions.find(key, exchange.account.now())


def _perform(account: Account, asked: Asked, session: Session) -> Found | ErplyError:
    call = CALLS.get(asked.name)
    if call is None:
        return ErplyError(UNKNOWN_CALL)
    if call.registry and account.classic_registry_gone:
        return ErplyError(REGISTRY_ELSEWHERE)
    if call.personal and account.no_customer_data_access:
        return ErplyError(NO_CUSTOMER_DATA_ACCESS)
    try:
        return call.perform(Context(account, Arguments(asked.parameters), session))
    except ErplyError as error:
        return error
