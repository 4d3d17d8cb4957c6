"""What all processes of a shop share through one store: fetched once, not once per process."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from .errors import ErplyError, ErplyUnavailable

_POLL_SECONDS = 0.02
_RETRY_SECONDS = 30
_KEPT_SECONDS = 7 * 86400

T = TypeVar("T")


class Store(Protocol):
    """A shared cache. Values are picklable, time-outs whole seconds."""

    def get(self, name: str) -> Any:
        """The value, None where there is none."""

    def set(self, name: str, value: Any, seconds: int) -> None:
        """Keeps the value."""

    def add(self, name: str, value: Any, seconds: int) -> bool:
        """Keeps the value if there is none yet, in one step; says whether it did."""

    def incr(self, name: str, amount: int, seconds: int) -> int:
        """Adds to a number, from 0 where there is none, in one step; returns the sum."""

    def delete(self, name: str) -> None:
        """Forgets the value."""


class SingleFlight:
    """Lets one of all threads and processes fetch a value while the others wait for it."""

    def __init__(self, store: Store, wait_seconds: float) -> None:
        self._store = store
        self._wait_seconds = wait_seconds

    def value(self, name: str, look: Callable[[], T | None], fetch: Callable[[], T]) -> T:
        """What `look` finds in the store, or else what `fetch` brings and puts there.

        Whoever waits shares the outcome, an ErplyError included. Raises ErplyUnavailable when
        there is none in time.
        """
        lock, ticket = f"{name}.lock", uuid.uuid4().hex
        give_up_at = time.monotonic() + self._wait_seconds
        while not self._store.add(lock, ticket, int(self._wait_seconds) + 1):
            self._wait(name, give_up_at)
            found = look()
            if found is not None:
                return found
        try:
            return self._fetched(name, ticket, look, fetch)
        finally:
            if self._store.get(lock) == ticket:
                self._store.delete(lock)

    def _fetched(
        self, name: str, ticket: str, look: Callable[[], T | None], fetch: Callable[[], T]
    ) -> T:
        found = look()
        if found is not None:  # Another has brought it between our look and our lock.
            return found
        try:
            return fetch()
        except ErplyError as error:
            self._store.set(f"{name}.failure", (ticket, error), int(self._wait_seconds) + 1)
            raise

    def _wait(self, name: str, give_up_at: float) -> None:
        holder = self._store.get(f"{name}.lock")
        while holder is not None and self._store.get(f"{name}.lock") == holder:
            if time.monotonic() > give_up_at:
                raise ErplyUnavailable(name)
            time.sleep(_POLL_SECONDS)
        failure: tuple[str, ErplyError] | None = self._store.get(f"{name}.failure")
        if failure is not None and failure[0] == holder:
            raise failure[1]


class ReferenceData:
    """What changes rarely and names nobody: groups, address types, the walk-in customer's id.

    Past `fresh_seconds` one process asks again while the others use what is kept; what is kept
    also serves while Erply is away.
    """

    def __init__(self, store: Store, flight: SingleFlight, fresh_seconds: float) -> None:
        self._store = store
        self._flight = flight
        self._fresh_seconds = fresh_seconds

    def value(self, name: str, fetch: Callable[[], T]) -> T:
        """The kept value, or a new one from `fetch`. Raises ErplyError when there is neither."""

        def look() -> tuple[float, T] | None:
            kept: tuple[float, T] | None = self._store.get(name)
            return kept

        def bring() -> tuple[float, T]:
            kept = (time.time(), fetch())
            self._store.set(name, kept, _KEPT_SECONDS)
            return kept

        kept = look()
        if kept is None:
            return self._flight.value(name, look, bring)[1]
        fresh = 0 <= time.time() - kept[0] < self._fresh_seconds
        if fresh or not self._store.add(f"{name}.refresh", True, _RETRY_SECONDS):
            return kept[1]
        try:
            return bring()[1]
        except ErplyError:
            return kept[1]

    def forget(self, name: str) -> None:
        """Drops the kept value: it has just been changed."""
        self._store.delete(name)
