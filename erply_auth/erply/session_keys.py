"""One session key per account for all processes, renewed by one of them.

Erply counts every authentication against the account's quota; a key per call doubles the bill.
"""

from __future__ import annotations

from collections.abc import Callable

from .errors import VERIFY_USER
from .records import Session
from .sharing import SingleFlight, Store

_EARLY_SECONDS = 60
"""How long before its end a key is given up, so that none dies on its way to Erply."""


class SessionKeys:
    """The account's current key. `authenticate` brings a new one; it may raise ErplyUnavailable."""

    def __init__(
        self, store: Store, flight: SingleFlight, authenticate: Callable[[], Session]
    ) -> None:
        self._store = store
        self._flight = flight
        self._authenticate = authenticate

    def current(self) -> str:
        """A key that was good when last seen. Raises ErplyUnavailable."""
        return self._kept() or self._flight.value(VERIFY_USER, self._kept, self._fetched)

    def renew(self, refused: str) -> str:
        """A key other than the one Erply has just refused. Raises ErplyUnavailable."""

        def look() -> str | None:
            # Never deleted out here: it may have been replaced since we looked.
            key = self._kept()
            return None if key == refused else key

        return look() or self._flight.value(VERIFY_USER, look, self._fetched)

    def _kept(self) -> str | None:
        key: str | None = self._store.get("key")
        return key

    def _fetched(self) -> str:
        self._store.delete("key")  # Refused, or gone already: nobody need try it meanwhile.
        session = self._authenticate()
        # A short session is half used before it is given up, or it would never serve at all.
        seconds = max(session.seconds - _EARLY_SECONDS, session.seconds // 2, 1)
        self._store.set("key", session.key, seconds)
        return session.key
