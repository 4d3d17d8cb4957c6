"""What resets and registrations share: a mailed link works once, not for long, or is refused."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator

from django.utils import timezone

from ..models import PendingRegistration, ResetLink

Link = PendingRegistration | ResetLink


class LinkRefused(Exception):
    """Not, or no longer, a link that opens anything."""


def expiry(seconds: int) -> datetime.datetime:
    """When a link that is mailed now stops to work."""
    return timezone.now() + datetime.timedelta(seconds=seconds)


def is_current(link: Link) -> bool:
    """Whether it is unused and not too old."""
    return not link.used and link.expires_at > timezone.now()


def forget_expired() -> None:
    """Deletes what nobody can use any more, of either kind."""
    ResetLink.forget_expired()
    PendingRegistration.forget_expired()


@contextlib.contextmanager
def taken(link: Link) -> Iterator[None]:
    """Uses the link up; gives it back where the block fails, so that it can be tried again.

    Raises LinkRefused for all but one of several who try at once.
    """
    if not link.take():
        raise LinkRefused
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            link.give_back()
