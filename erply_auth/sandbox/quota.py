"""The hourly request quota: what each call costs and when there is none left."""

from .errors import QUOTA_SPENT, ErplyError

CALL_COST = 1.0
SUB_REQUEST_COST = 0.1
HOUR = 3600


class Meter:
    """Units spent in the present hour, by these calls and by other integrations."""

    def __init__(self) -> None:
        self._hour = 0
        # Tenths, because ten times 0.1 is not 1.0 in floating point.
        self._tenths = 0

    def spent(self, now: float) -> float:
        """Units spent since the last full hour."""
        hour = int(now // HOUR)
        if hour != self._hour:
            self._hour, self._tenths = hour, 0
        return self._tenths / 10

    def spend(self, units: float, now: float) -> None:
        self.spent(now)
        self._tenths += round(units * 10)

    def charge(self, units: float, quota: float, now: float) -> None:
        """Spends the units, or refuses when the quota does not hold them."""
        if round((self.spent(now) + units) * 10) > round(quota * 10):
            raise ErplyError(QUOTA_SPENT)
        self.spend(units, now)
