"""What waits for Erply's log: queued, leased to one deliverer at a time, and marked.

No transaction is open while Erply is asked: a lease is committed, then the entries are sent, then
they are marked.
"""

from __future__ import annotations

import datetime
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connections, models, router, transaction
from django.db.models import F, Q
from django.utils import timezone

from . import evidence
from .conf import get_settings
from .models import ErplyState, ProcessingDelivery, ProcessingEntry, to_be_delivered
from .processing import UNKNOWN_AFTER

_BATCH = 1000
_FIRST_WAIT = datetime.timedelta(seconds=30)
_LONGEST_WAIT = datetime.timedelta(days=1)
_DEAF = {"none": Q(), "reads": ~Q(entry__activity="read"), "all": None}
"""What may be queued from before LOG_DELIVERY was changed, and is not to be sent any more."""


@dataclass(frozen=True)
class Waiting:
    """An entry on its way to Erply's log. `is_authentic`: it is what was written."""

    entry_id: int
    customer_id: int
    activity: str
    fields: str
    purpose: str
    tries: int
    refusals: int
    is_authentic: bool


def queue(entries: Q) -> None:
    """Queues those of the entries that Erply must be told of.

    A change whose outcome may still come waits for it.
    """
    found = ProcessingEntry.rows.using(database()).filter(entries, delivery__isnull=True)
    rows = found.filter(to_be_delivered()).order_by("pk")
    dead = timezone.now() - UNKNOWN_AFTER
    last = 0
    # Page by page: SQLite refuses to write in the midst of a query once another has written.
    while page := list(
        rows.filter(pk__gt=last).values_list("pk", "activity", "at", "outcome_row__outcome")[
            :_BATCH
        ]
    ):
        last = page[-1][0]
        # Another process may queue the same ones.
        ProcessingDelivery.objects.using(database()).bulk_create(
            (
                ProcessingDelivery(entry_id=pk)
                for pk, activity, at, outcome in page
                if activity == "read" or outcome is not None or at < dead
            ),
            ignore_conflicts=True,
        )


def withdraw() -> None:
    """Takes back what LOG_DELIVERY does not want sent any more; it reads `not_needed` then."""
    unwanted = _DEAF[get_settings().log_delivery]
    if unwanted is not None:
        undelivered = _deliveries().filter(state__in=ProcessingDelivery.UNDELIVERED)
        undelivered.filter(unwanted).delete()


class Lease:
    """Entries that nobody else delivers until the time is up."""

    def __init__(self, seconds: float) -> None:
        self._id = uuid.uuid4()
        self._until = timezone.now() + datetime.timedelta(seconds=seconds)

    def lasts(self, seconds: float) -> bool:
        """Whether it holds that long from now."""
        return timezone.now() + datetime.timedelta(seconds=seconds) < self._until

    def claim(self, limit: int, *, since: datetime.datetime, retry_now: bool) -> list[Waiting]:
        """Leases the oldest entries that are due and have not been tried since."""
        now = timezone.now()
        due = (
            Q(state__in=ProcessingDelivery.UNDELIVERED)
            & (Q(leased_until=None) | Q(leased_until__lt=now))
            & (Q(tried_at=None) | Q(tried_at__lt=since))
        )
        if not retry_now:
            due &= Q(due_at=None) | Q(due_at__lte=now)
        features = connections[database()].features
        with transaction.atomic(using=database(), durable=True):
            oldest = _deliveries().filter(due, _ours()).order_by("pk")
            oldest = oldest.select_for_update(
                skip_locked=features.has_select_for_update_skip_locked,
                of=("self",) if features.has_select_for_update_of else (),
            )
            ids = list(oldest.values_list("pk", flat=True)[:limit])
            # Where a database locks nothing, whoever updates a row first has it; by now it may even
            # be delivered.
            _deliveries().filter(due, pk__in=ids).update(lease=self._id, leased_until=self._until)
        mine = self._mine().select_related("entry").order_by("pk")
        return [_waiting(delivery) for delivery in mine.iterator(chunk_size=_BATCH)]

    def mark(
        self,
        entries: Iterable[Waiting],
        state: ErplyState,
        error: str = "",
        *,
        refused: bool = False,
    ) -> int:
        """Says what became of entries; a failed one is due again after a while.

        How many it was said of: none that somebody else has leased since.
        """
        now = timezone.now()
        by_tries: dict[int, list[int]] = {}
        for entry in entries:
            by_tries.setdefault(entry.tries, []).append(entry.entry_id)
        return sum(
            self._mine()
            .filter(pk__in=ids)
            .update(
                state=state,
                tries=F("tries") + 1,
                refusals=F("refusals") + int(refused),
                tried_at=now,
                due_at=now + _wait(tries) if state == ErplyState.FAILED else None,
                error=error[:100],
                lease=None,
                leased_until=None,
            )
            for tries, ids in by_tries.items()
        )

    def release(self) -> None:
        """Gives back what has not been marked."""
        self._mine().update(lease=None, leased_until=None)

    def _mine(self) -> models.QuerySet[ProcessingDelivery]:
        return _deliveries().filter(lease=self._id)


def count_waiting() -> int:
    """How many entries Erply's log still lacks, of the account in the settings."""
    return _deliveries().filter(_ours(), state__in=ProcessingDelivery.UNDELIVERED).count()


def database() -> str:
    """Where the log is written; a replica may lag behind."""
    return router.db_for_write(ProcessingEntry)


def _deliveries() -> models.QuerySet[ProcessingDelivery]:
    return ProcessingDelivery.objects.using(database())


def _ours() -> Q:
    return Q(entry__client_code=get_settings().client_code)


def _waiting(delivery: ProcessingDelivery) -> Waiting:
    entry = delivery.entry
    return Waiting(
        *(entry.pk, entry.customer_id or 0, entry.activity, entry.fields, entry.purpose),
        *(delivery.tries, delivery.refusals),
        is_authentic=evidence.is_authentic(entry.mac, *evidence.entry_parts(entry)),
    )


def _wait(tries: int) -> datetime.timedelta:
    """Twice as long each time, up to a day; and not the same for all, lest they come at once."""
    longest: datetime.timedelta = min(_FIRST_WAIT * (1 << min(tries, 20)), _LONGEST_WAIT)
    return longest * random.uniform(0.5, 1.5)  # noqa: S311 # nosec B311 - it guards nothing
