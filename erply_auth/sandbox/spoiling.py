"""How a fault spoils an answer: what is sent instead, or how the right answer travels."""

import json
from collections.abc import Callable
from typing import Any

from .faults import Fault
from .wire import Reply, Wire

CHUNK = 1 << 16

_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_OK = {"responseStatus": "ok", "errorCode": 0, "recordsTotal": 1, "recordsInResponse": 1}
_SHAPES: dict[str, Any] = {
    "list": [],
    "null": None,
    "string": "ok",
    "no_status": {"records": []},
    "status_is_text": {"status": "ok", "records": []},
    "no_error_code": {"status": {"responseStatus": "ok"}, "records": []},
    "no_records": {"status": _OK},
    "empty_records": {"status": _OK, "records": []},
    "null_records": {"status": _OK, "records": None},
    "records_is_object": {"status": _OK, "records": {"0": {}}},
    "records_is_text": {"status": _OK, "records": "none"},
    "records_of_text": {"status": _OK, "records": ["1"]},
    "records_of_null": {"status": _OK, "records": [None]},
    "records_of_lists": {"status": _OK, "records": [[]]},
}


def spoil(fault: Fault, reply: Reply | None) -> Reply:
    """What the client gets; `reply` is the right answer, where the call was carried out."""
    return _SPOILERS[fault.kind](fault, reply or Reply(b""))


def drop() -> Reply:
    """No answer at all: the connection closes."""
    return Reply(b"", deliver=lambda wire, reply: False)


def _timeout(fault: Fault, reply: Reply) -> Reply:
    def hang(_wire: Wire, _reply: Reply) -> bool:
        fault.wait(fault.details["seconds"])
        return False

    return Reply(b"", deliver=hang)


def _reset(fault: Fault, reply: Reply) -> Reply:
    def reset(wire: Wire, _reply: Reply) -> bool:
        wire.reset()
        return False

    return Reply(b"", deliver=reset)


def _cut(fault: Fault, reply: Reply) -> Reply:
    """Half the answer; `silence` then keeps the connection open, `half` closes it."""

    def send_half(wire: Wire, reply: Reply) -> bool:
        wire.send(reply.head(keep_alive=True) + reply.body[: len(reply.body) // 2])
        fault.wait(fault.details.get("seconds", 0))
        return False

    reply.deliver = send_half
    return reply


def _drip(fault: Fault, reply: Reply) -> Reply:
    def send_slowly(wire: Wire, reply: Reply) -> bool:
        at_once, slowly, rest = reply.head(keep_alive=True), reply.body, b""
        if fault.details["where"] == "headers":
            at_once, slowly, rest = b"", at_once, slowly
        wire.send(at_once)
        for position in range(len(slowly)):
            if fault.wait(fault.details["seconds"]):
                return False
            wire.send(slowly[position : position + 1])
        wire.send(rest)
        return True

    reply.deliver = send_slowly
    return reply


def _huge(fault: Fault, reply: Reply) -> Reply:
    def stream(wire: Wire, reply: Reply) -> bool:
        wire.send(reply.head(keep_alive=True))
        opening, end = json.dumps({"status": _OK, "records": [{"notes": "|"}]}).split("|")
        wire.send(_chunk(opening.encode()))
        filler = _chunk(b"x" * CHUNK)
        for _ in range(int(fault.details["megabytes"] * (1 << 20) / CHUNK)):
            wire.send(filler)
            if fault.released.is_set():
                return False
        wire.send(_chunk(end.encode()) + _chunk(b""))
        return True

    return Reply(
        b"", "application/json; charset=utf-8", 200, {"Transfer-Encoding": "chunked"}, stream
    )


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _html(fault: Fault, reply: Reply) -> Reply:
    return Reply(_HTML.format("We will be back soon").encode(), status=fault.details["status"])


def _empty(fault: Fault, reply: Reply) -> Reply:
    return Reply(b"", "application/json; charset=utf-8", fault.details["status"])


def _not_json(fault: Fault, reply: Reply) -> Reply:
    return Reply(fault.details["body"].encode(), "application/json; charset=utf-8")


def _shape(fault: Fault, reply: Reply) -> Reply:
    body = json.dumps(_SHAPES[fault.details["shape"]]).encode()
    return Reply(body, "application/json; charset=utf-8")


def _http(fault: Fault, reply: Reply) -> Reply:
    status = fault.details["status"]
    body = fault.details["body"] or _HTML.format(f"Error {status}")
    return Reply(body.encode(), status=status, headers=fault.details["headers"])


_SPOILERS: dict[str, Callable[[Fault, Reply], Reply]] = {
    "timeout": _timeout,
    "reset": _reset,
    "silence": _cut,
    "half": _cut,
    "drip": _drip,
    "huge": _huge,
    "html": _html,
    "empty": _empty,
    "not_json": _not_json,
    "shape": _shape,
    "http": _http,
}
