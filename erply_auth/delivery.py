"""Telling Erply's own log what it cannot see by itself, in as few requests as it takes.

Delivery is at least once: an answer that was lost, or a process that died between sending and
marking, means that an entry is sent again.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone

from . import connection, outbox, sealing
from .conf import get_settings
from .erply.errors import LOG_PROCESSING, ErplyError, ErplyRejected, ErplyUnavailable, Reason
from .erply.records import Processing
from .models import ErplyState
from .outbox import Waiting

CLAIM = 2000
"""The most entries that are leased, and held in memory, at a time."""
MAX_BULK = 100
MAX_CUSTOMERS = 100
"""The most customers of one processing: Erply names no limit, and this is a page of them."""
GIVE_UP_AFTER = 18
"""How often Erply may refuse one entry, over about a week: then the customer is gone for good."""

_COINCIDENCE = 10
"""When Erply refuses more customers than this one by one, and takes nothing, it is not them."""
_SPARE_SECONDS = 30
"""How much longer than one request a lease is: what a deliverer that died had, waits that long."""
_HOPELESS = (
    *(Reason.CONSENT, Reason.RIGHTS, Reason.QUOTA, Reason.THROTTLED, Reason.API_USER),
    *(Reason.ACCOUNT, Reason.MAINTENANCE, Reason.SILENT),
)
"""What the next request would meet too."""
_FOR_THE_OPERATOR = (Reason.CONSENT, Reason.RIGHTS, Reason.REQUEST)
"""What stays so until somebody mends it: to try with all that waits would cost a quota."""
_FORGED = "not what was written"

logger = logging.getLogger(__name__)


@dataclass
class Report:
    """What a pass came to: entries by their new state, requests, and what an operator must know.

    `stopped_by` ended it early; `trouble` did not, and is no customer's fault either.
    """

    states: Counter[ErplyState] = field(default_factory=Counter)
    requests: int = 0
    stopped_by: ErplyUnavailable | None = None
    trouble: ErplyUnavailable | None = None
    outside_eu: ErplyUnavailable | None = None


@dataclass(frozen=True)
class _Parcel:
    """Entries that one line of Erply's log stands for: one of each customer."""

    entries: tuple[Waiting, ...]

    @property
    def processing(self) -> Processing:
        first = self.entries[0]
        ids = tuple(entry.customer_id for entry in self.entries)
        return Processing(ids, first.activity, tuple(first.fields.split(",")), first.purpose)

    def halves(self) -> list[_Parcel]:
        middle = len(self.entries) // 2
        return [_Parcel(self.entries[:middle]), _Parcel(self.entries[middle:])]


def deliver(*, retry_now: bool = False, is_stopping: Callable[[], bool] = lambda: False) -> Report:
    """One pass over all that waits, each entry tried once; seals what is final on the way.

    `retry_now` ignores how long a failed entry was to wait. Ends early, with what was leased given
    back, when Erply cannot take more now or `is_stopping` says so.
    """
    started = timezone.now()
    _prepare()
    report = Report()
    while report.stopped_by is None and not is_stopping():
        lease = outbox.Lease(_longest_request() + _SPARE_SECONDS)
        entries = lease.claim(CLAIM, since=started, retry_now=retry_now)
        if not entries:
            break
        try:
            _send(entries, lease, report, is_stopping)
        finally:
            lease.release()
    return report


def _longest_request() -> float:
    """Seconds. It may wait for a session key, be refused, wait for another key and be repeated."""
    conf = get_settings()
    return 2 * conf.bulk_timeout + 4 * conf.call_timeout


def _prepare() -> None:
    """Queues what is new. What has been tampered with stops the seals, not the delivery."""
    try:
        sealing.seal()
    except sealing.Tampered as error:
        logger.error("The processing log was tampered with: %s", error)  # noqa: TRY400 - no fault here
    outbox.queue(Q(pk__gt=sealing.proven_up_to()))
    outbox.withdraw()


def _send(
    entries: list[Waiting], lease: outbox.Lease, report: Report, is_stopping: Callable[[], bool]
) -> None:
    _hold_back([entry for entry in entries if not entry.is_authentic], lease, report)
    parcels = _merged([entry for entry in entries if entry.is_authentic])
    while parcels and report.stopped_by is None and not is_stopping():
        if report.outside_eu:
            # Erply keeps no log for this account: to ask once is enough.
            _mark(parcels, [report.outside_eu] * len(parcels), lease, report)
            return
        # Nobody else may have them while the request is under way.
        if not lease.lasts(_longest_request()):
            return
        now, parcels = parcels[:MAX_BULK], parcels[MAX_BULK:]
        if (must_wait := _must_wait()) is not None:
            report.stopped_by = must_wait
            return
        parcels = _request(now, lease, report) + parcels
    if report.stopped_by and report.stopped_by.reason in _FOR_THE_OPERATOR:
        _mark(parcels, [report.stopped_by] * len(parcels), lease, report, refused=False)


def _must_wait() -> ErplyUnavailable | None:
    """Why nothing may be sent now: what is left of the quota is kept for members who log in."""
    try:
        low = connection.quota().runs_low()
    except ErplyUnavailable as unavailable:  # Of the shared cache that counts it.
        return unavailable
    return ErplyUnavailable(LOG_PROCESSING, reason=Reason.QUOTA) if low else None


def _hold_back(forged: list[Waiting], lease: outbox.Lease, report: Report) -> None:
    """Erply is not told what nobody wrote. Put right, the entry goes with a later pass."""
    for entry in forged:
        logger.error("Entry %s is %s: Erply is not told of it", entry.entry_id, _FORGED)
    if forged:
        report.states[ErplyState.FAILED] += lease.mark(forged, ErplyState.FAILED, _FORGED)


def _merged(entries: Sequence[Waiting]) -> list[_Parcel]:
    """Entries that say the same of different customers go together; none is left out.

    What Erply has refused before goes alone, lest it is refused with all the others again.
    """
    times: Counter[tuple[object, ...]] = Counter()
    alike: dict[tuple[object, ...], list[Waiting]] = {}
    for entry in entries:
        what = (entry.activity, entry.fields, entry.purpose, entry.refusals and entry.entry_id)
        times[(*what, entry.customer_id)] += 1
        alike.setdefault((*what, times[(*what, entry.customer_id)]), []).append(entry)
    return [
        _Parcel(tuple(chunk)) for group in alike.values() for chunk in _chunks(group, MAX_CUSTOMERS)
    ]


def _request(parcels: list[_Parcel], lease: outbox.Lease, report: Report) -> list[_Parcel]:
    """Sends one request and marks what came of it; what is to be sent again, in smaller parcels."""
    report.requests += 1
    try:
        errors = connection.registry().log_processing([parcel.processing for parcel in parcels])
    except ErplyUnavailable as unavailable:
        # Of no entry in particular, so none counts as refused.
        _mark(parcels, [unavailable] * len(parcels), lease, report, refused=False)
        if report.outside_eu is None:
            report.stopped_by = unavailable
        return []
    # Where Erply refuses several at once, one of them is to blame and must not hold up the others.
    mixed = [
        _is_refusal(error) and len(parcel.entries) > 1
        for parcel, error in zip(parcels, errors, strict=True)
    ]
    decided = [not each for each in mixed]
    _mark(
        list(itertools.compress(parcels, decided)),
        list(itertools.compress(errors, decided)),
        lease,
        report,
    )
    refusals = [error for error in errors if error is not None and _is_refusal(error)]
    if len(refusals) == len(parcels):
        _doubt(parcels, refusals[0], report)
    return [half for parcel in itertools.compress(parcels, mixed) for half in parcel.halves()]


def _doubt(parcels: Sequence[_Parcel], error: ErplyError, report: Report) -> None:
    """Ends the pass when it cannot be the customers' fault: to go on would cost a quota."""
    alone = {parcel.entries[0].customer_id for parcel in parcels if len(parcel.entries) == 1}
    if len(alone) > _COINCIDENCE:
        report.stopped_by = ErplyUnavailable(error.call, error.code, error.field, Reason.REQUEST)


def _mark(
    parcels: Sequence[_Parcel],
    errors: Sequence[ErplyError | None],
    lease: outbox.Lease,
    report: Report,
    *,
    refused: bool = True,
) -> None:
    marks: dict[tuple[ErplyState, str, bool], list[Waiting]] = {}
    for parcel, error in zip(parcels, errors, strict=True):
        for entry in parcel.entries:
            state = _state(error, entry.refusals)
            mark = (state, str(error or ""), refused and _is_refusal(error))
            marks.setdefault(mark, []).append(entry)
        if isinstance(error, ErplyUnavailable):
            if error.reason is Reason.OUTSIDE_EU:
                report.outside_eu = error
            elif error.reason in _HOPELESS:
                report.stopped_by = error
            else:
                report.trouble = error
    for (state, message, counts), entries in marks.items():
        report.states[state] += lease.mark(entries, state, message, refused=counts)


def _is_refusal(error: ErplyError | None) -> bool:
    """Whether Erply minds what it was told, so that something else may be taken."""
    if isinstance(error, ErplyUnavailable):
        return error.reason in (Reason.REQUEST, Reason.BUSY)
    return error is not None


def _state(error: ErplyError | None, refusals: int) -> ErplyState:
    if error is None:
        return ErplyState.DELIVERED
    if isinstance(error, ErplyUnavailable) and error.reason is Reason.OUTSIDE_EU:
        return ErplyState.NOT_APPLICABLE
    if isinstance(error, ErplyRejected) and refusals + 1 >= GIVE_UP_AFTER:
        return ErplyState.NOT_APPLICABLE
    return ErplyState.FAILED


def _chunks(entries: list[Waiting], size: int) -> Iterator[list[Waiting]]:
    rest = iter(entries)
    while chunk := list(itertools.islice(rest, size)):
        yield chunk
