"""Faults a test can order: which there are, which calls they hit and how often.

A fault either spoils the HTTP answer (see `spoiling`) or, as `error`, is an answer with an error
code, or, as `latency`, delays an answer that is otherwise right.
"""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import ErplyError

DEFAULTS: dict[str, dict[str, Any]] = {
    "latency": {"seconds": 0.1},
    "error": {"code": 1000, "field": ""},
    "timeout": {"seconds": 30.0, "performed": False},
    "reset": {"performed": False},
    "silence": {"seconds": 30.0},
    "half": {},
    "drip": {"seconds": 1.0, "where": "body"},
    "html": {"status": 200, "performed": False},
    "empty": {"status": 200, "performed": False},
    "not_json": {"body": '{"status": {"responseStatus": "ok"', "performed": False},
    "shape": {"shape": "list", "performed": False},
    "huge": {"megabytes": 64.0, "performed": False},
    "http": {"status": 503, "body": "", "headers": {}, "performed": False},
}

SHAPES = (
    "list",
    "null",
    "string",
    "no_status",
    "status_is_text",
    "no_error_code",
    "no_records",
    "empty_records",
    "null_records",
    "records_is_object",
    "records_is_text",
    "records_of_text",
    "records_of_null",
    "records_of_lists",
)
CHOICES = {"shape": SHAPES, "where": ("headers", "body")}


@dataclass(eq=False)
class Fault:
    """One ordered fault; `hits` counts the calls it has struck."""

    kind: str
    calls: frozenset[str] | None
    times: int | None
    details: dict[str, Any]
    released: threading.Event = field(repr=False)
    hits: int = 0

    @property
    def performed(self) -> bool:
        """Whether the call is carried out although its answer gets lost."""
        return bool(self.details.get("performed", True))

    def wait(self, seconds: float) -> bool:
        """Waits; True when the fault was called off meanwhile."""
        return self.released.wait(seconds)

    @property
    def used_up(self) -> bool:
        return self.times is not None and self.hits >= self.times

    def concerns(self, names: Collection[str]) -> bool:
        if self.used_up:
            return False
        return self.calls is None or not self.calls.isdisjoint(names)

    def as_dict(self) -> dict[str, Any]:
        calls = None if self.calls is None else sorted(self.calls)
        return {
            "kind": self.kind,
            "calls": calls,
            "times": self.times,
            "hits": self.hits,
            **self.details,
        }


def _check(kind: str, details: dict[str, Any]) -> None:
    """Refuses what would only fail once the fault strikes, in the midst of an answer."""
    for name, value in details.items():
        if name not in DEFAULTS[kind]:
            raise TypeError(f"A fault {kind!r} takes no {name}.")
        wanted = type(DEFAULTS[kind][name])
        if not isinstance(value, (int, float) if wanted is float else wanted):
            raise TypeError(f"{name} is a {wanted.__name__}.")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}.")


class FaultBook:
    """The faults in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._ended = threading.Event()
        self._faults: list[Fault] = []

    def order(
        self, kind: str, calls: Iterable[str] | str | None, times: int | None, **details: Any
    ) -> Fault:
        """Puts a fault in force; an unknown kind is a ValueError, an unknown detail a TypeError."""
        if kind not in DEFAULTS:
            raise ValueError(f"No such fault: {kind!r}; there are {', '.join(DEFAULTS)}.")
        _check(kind, details)
        if times is not None and not isinstance(times, int):
            raise TypeError("times is a whole number.")
        if isinstance(calls, str):
            calls = (calls,)
        names = None if calls is None else frozenset(calls)
        with self._lock:
            fault = Fault(kind, names, times, {**DEFAULTS[kind], **details}, self._released)
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Calls every fault off; those that hang end at once."""
        with self._lock:
            self._released.set()
            self._released = threading.Event()
            self._faults = []

    def end(self) -> None:
        """Calls every fault off; answers that are merely late are not given any more."""
        self.clear()
        with self._lock:
            self._ended.set()
            self._ended = threading.Event()

    def in_force(self) -> list[Fault]:
        with self._lock:
            return [fault for fault in self._faults if not fault.used_up]

    def delay(self, seconds: float, names: Collection[str]) -> bool:
        """Waits for the account's latency and every one ordered; False when it all ended."""
        with self._lock:
            ended = self._ended
            for fault in self._faults:
                if fault.kind == "latency" and fault.concerns(names):
                    fault.hits += 1
                    seconds += fault.details["seconds"]
        return not (seconds and ended.wait(seconds))

    def spoiler(self, names: Collection[str]) -> Fault | None:
        """The fault that spoils the answer to these calls."""
        return self._strike(names, DEFAULTS.keys() - {"latency", "error"})

    def error(self, name: str) -> ErplyError | None:
        """The error ordered for this call."""
        fault = self._strike((name,), {"error"})
        if fault is None:
            return None
        return ErplyError(fault.details["code"], fault.details["field"] or None)

    def _strike(self, names: Collection[str], kinds: Collection[str]) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.concerns(names):
                    fault.hits += 1
                    return fault
        return None
