"""The account's hourly request quota: what of it this shop has spent, and what is kept back.

Erply counts per account and hour and tells nobody how much is left. So the calls are counted here,
in the store that all processes share; and once Erply has said that nothing is left, it is asked by
one caller every ten seconds, until it serves again or the hour is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .errors import QUOTA_SPENT, ErplyUnavailable, Reason
from .sharing import Store

CALL = 10
"""What a plain call costs, in tenths of a unit; a sub-request of a bulk request costs 1."""

_HOUR = 3600
_PROBE_SECONDS = 10
_SPENT = 10**9
"""Added to the hour's number when Erply says that the quota is spent: one look tells both."""


class Quota:
    """What is spent of `hourly` units; `reserve` of them are kept for what cannot wait."""

    def __init__(
        self,
        store: Store,
        *,
        hourly: int,
        reserve: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._hourly = hourly
        self._reserve = reserve
        self._clock = clock

    def spend(self, call: str, tenths: int) -> bool:
        """Counts a call that is about to be made; whether it is made to see if Erply serves again.

        Raises ErplyUnavailable while the quota is known to be spent.
        """
        name = self._name()
        if self._store.incr(name, tenths, _HOUR) < _SPENT:
            return False
        if not self._store.add("quota.probe", True, _PROBE_SECONDS):
            self._store.incr(name, -tenths, _HOUR)
            raise ErplyUnavailable(call, QUOTA_SPENT, reason=Reason.QUOTA)
        return True

    def learn(self, *, refused: bool, probing: bool) -> None:
        """Notes what an answer says: Erply refused for want of quota, or served."""
        if refused or probing:
            marks = self._number() // _SPENT
            if refused and not marks:
                self._store.incr(self._name(), _SPENT, _HOUR)
            elif marks and not refused:
                self._store.incr(self._name(), -marks * _SPENT, _HOUR)

    def spent(self) -> float:
        """Units that this shop has spent in this hour."""
        return self._number() % _SPENT / 10

    def runs_low(self) -> bool:
        """Whether the reserve has been begun, and Erply still serves for all we know.

        What can wait asks this first, and waits if so. Once Erply has said that nothing is left,
        the calls themselves tell, and look now and then.
        """
        number = self._number()
        return number < _SPENT and number + CALL > (self._hourly - self._reserve) * 10

    def seconds_left(self) -> int:
        """Seconds until the next full hour, when the quota begins anew."""
        return _HOUR - int(self._clock()) % _HOUR

    def _name(self) -> str:
        return f"quota.{int(self._clock()) // _HOUR}"

    def _number(self) -> int:
        number: int | None = self._store.get(self._name())
        return number or 0
