"""What became of the log-in tried in a request, noted on the request for whoever answers it."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.http import HttpRequest

from .outages import Outage

_COOL_OFF_SECONDS = 900
"""What a lock-out's Retry-After says where AXES_COOLOFF_TIME is not a plain time."""


def mark(
    request: HttpRequest | None,
    *,
    outage: Outage | None = None,
    throttled: int | None = None,
    member_key: str = "",
) -> None:
    """Notes what became of it; what was noted before is forgotten."""
    if request is not None:
        request.erply_outage = outage  # type: ignore[attr-defined]
        request.erply_throttled = throttled  # type: ignore[attr-defined]
        request.erply_member_key = member_key  # type: ignore[attr-defined]


def outage_of(request: HttpRequest) -> Outage | None:
    """Why the log-in tried in this request could not be judged; None if it was."""
    outage: Outage | None = getattr(request, "erply_outage", None)
    return outage


def retry_after_of(request: HttpRequest) -> int | None:
    """Seconds to wait before the next log-in, where this request's was refused unheard or ended in
    a lock-out; None otherwise."""
    seconds: int | None = getattr(request, "erply_throttled", None)
    if seconds is None and getattr(request, "axes_locked_out", False):
        cool_off = getattr(settings, "AXES_COOLOFF_TIME", None)
        if isinstance(cool_off, datetime.timedelta):
            return int(cool_off.total_seconds())
        return _COOL_OFF_SECONDS
    return seconds


def is_judged(request: HttpRequest) -> bool:
    """Whether nothing has kept this request's credentials from being judged."""
    return outage_of(request) is None and getattr(request, "erply_throttled", None) is None


def member_key_of(request: HttpRequest) -> str:
    """The key of the name that a member has just logged in with, else ""."""
    return getattr(request, "erply_member_key", "")
