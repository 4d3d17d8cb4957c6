"""The proof of the whole: batches of entries, sealed one after the other.

A seal's code covers its entries and outcomes in order and the code of the seal before, so that
nothing can be removed, inserted or reordered behind it. Writing an entry waits for no seal.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
from collections.abc import Mapping, Sequence

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from . import evidence, outbox
from .models import ProcessingEntry, ProcessingSeal
from .processing import UNKNOWN_AFTER

BATCH = 1000
"""The most entries that one seal proves: what pruning removes at a time."""
_HINT = 4
_LOWEST_ID = -(2**63)


class Tampered(Exception):
    """The first thing in the log that is not as it was written, in words for an operator."""


def seal() -> int:
    """Seals what is final, and queues of it what Erply must be told; how many entries.

    Raises Tampered at an entry that is not as it was written, once all before it is sealed. There
    it stays until somebody has put the entry right or removed it: a seal behind it would prove
    what is false, and for good.
    """
    sealed = 0
    while True:
        last = newest()
        if last is not None:
            check_seal(last)
        batch = _next_batch(last)
        if not batch:
            return sealed
        try:
            with transaction.atomic(using=outbox.database()):
                _append(last, batch)
        except IntegrityError:  # Another process was faster: the rest is its work.
            return sealed
        sealed += len(batch)


def newest() -> ProcessingSeal | None:
    """The last seal there is."""
    for last in evidence.read(_seals().order_by("-number"), 1):
        last.last_id = last.last_id or 0  # Of one that cannot be read nothing is known.
        return last
    return None


def proven_up_to() -> int:
    """The last entry that is sealed; 0 where the last seal proves nothing."""
    last = newest()
    try:
        if last is not None:
            check_seal(last)
    except Tampered:
        return 0
    return last.last_id if last else 0


def entries_after(last: ProcessingSeal | None) -> models.QuerySet[ProcessingEntry]:
    """Entries that follow what is sealed, with their outcomes, in order."""
    rows = ProcessingEntry.rows.using(outbox.database()).select_related("outcome_row")
    # From the very first: ids that no database gives out are a forger's.
    return rows.filter(pk__gte=last.last_id + 1 if last else _LOWEST_ID).order_by("pk")


def check_entry(entry: ProcessingEntry, twins: Mapping[object, Sequence[int]]) -> None:
    """Raises Tampered unless entry and outcome are what was written, and are there once."""
    if not evidence.is_authentic(entry.mac, *evidence.entry_parts(entry)):
        raise Tampered(f"Entry {entry.pk} is not what was written.")
    # Where the id is spelt otherwise than we do, the database's index sees no copy in it.
    same = twins.get(entry.uid, ())
    if entry.pk not in same:
        raise Tampered(f"Entry {entry.pk} is not what was written.")
    if entry.pk != same[0]:
        raise Tampered(f"Entry {entry.pk} is a copy of entry {same[0]}.")
    outcome = getattr(entry, "outcome_row", None)
    if outcome is not None and not evidence.is_authentic(
        outcome.mac, *evidence.outcome_parts(entry.mac, outcome)
    ):
        raise Tampered(f"The outcome of entry {entry.pk} is not what was written.")


def twins_of(entries: Sequence[ProcessingEntry]) -> dict[object, list[int]]:
    """All entries that have these ones' unique ids, copies included."""
    found: dict[object, list[int]] = {}
    rows = ProcessingEntry.rows.using(outbox.database())
    rows = rows.filter(uid__in=[entry.uid for entry in entries])
    for pk, uid in rows.order_by("pk").values_list("pk", "uid"):
        found.setdefault(uid, []).append(pk)
    return found


def check_not_put_back(entry: ProcessingEntry, oldest: datetime.datetime | None) -> None:
    """Raises Tampered for one that was pruned: it is as it was written, and back."""
    if oldest is not None and entry.at <= oldest:
        raise Tampered(f"Entry {entry.pk} is as old as what was pruned: it was inserted.")


def oldest_new() -> datetime.datetime | None:
    """What is not sealed yet is younger; None where nothing was pruned."""
    pruned = _seals().filter(pruned_at__isnull=False).order_by("-number")
    for last in evidence.read(pruned, 1):
        # What had come to no end when it was pruned may be as old as that.
        return min(last.newest_at, last.pruned_at - UNKNOWN_AFTER) if last.pruned_at else None
    return None


def check_seal(seal_: ProcessingSeal) -> None:
    """Raises Tampered unless the seal, its pruning included, is what was written."""
    if not evidence.is_authentic(seal_.mac, *_seal_parts(seal_)) or (
        seal_.pruned_mac if seal_.pruned_at is None else seal_.hints
    ):
        raise Tampered(f"Seal {seal_.number} is not what was written.")
    if seal_.pruned_at and not evidence.is_authentic(seal_.pruned_mac, *pruning_parts(seal_)):
        raise Tampered(f"Entry {ids_of(seal_)[0]} was removed, and it was not by pruning.")


def line(entry: ProcessingEntry) -> str:
    """What a seal proves of an entry: its place, its content, its outcome."""
    outcome = getattr(entry, "outcome_row", None)
    return f"{entry.pk}:{entry.mac}:{outcome.mac if outcome else ''}\n"


def digest(entries: Sequence[ProcessingEntry]) -> str:
    """What a seal proves of its entries."""
    return hashlib.sha256("".join(map(line, entries)).encode()).hexdigest()


def hint(entry: ProcessingEntry) -> str:
    """Four digits that tell a changed line from the others, so that it can be named."""
    return hashlib.sha256(line(entry).encode()).hexdigest()[:_HINT]


def hints_of(seal_: ProcessingSeal) -> list[str]:
    """The hint of each entry of a seal, in order."""
    return ["".join(digits) for digits in zip(*[iter(str(seal_.hints))] * _HINT, strict=False)]


def ids_of(seal_: ProcessingSeal) -> list[int]:
    """The ids of its entries, in order."""
    ids: list[int] = []
    for run in seal_.ids.split(","):
        first, _dash, last = run.partition("-")
        ids.extend(range(int(first), int(last or first) + 1))
    return ids


def pruning_parts(seal_: ProcessingSeal) -> tuple[object, ...]:
    """What a tombstone says."""
    return ("pruned", seal_.mac, seal_.pruned_at)


def _seals() -> models.QuerySet[ProcessingSeal]:
    return ProcessingSeal.objects.using(outbox.database())


def _seal_parts(seal_: ProcessingSeal) -> tuple[object, ...]:
    return (
        *("seal", seal_.number, seal_.sealed_at, seal_.ids, seal_.last_id, seal_.newest_at),
        *(seal_.digest, seal_.previous_mac),
    )


def _next_batch(last: ProcessingSeal | None) -> list[ProcessingEntry]:
    """The entries that follow the last sealed one, up to the first that is not final.

    One without an outcome is final when its process must have died, and so is an id that nobody
    has: before that, the transaction that was given it may still be open.
    """
    dead = timezone.now() - UNKNOWN_AFTER
    last_id = last.last_id if last else 0
    batch: list[ProcessingEntry] = []
    found = evidence.read(entries_after(last), BATCH)
    twins, oldest = twins_of(found), oldest_new()
    try:
        for entry in found:
            check_entry(entry, twins)
            check_not_put_back(entry, oldest)
            follows = entry.pk == last_id + 1
            if entry.at >= dead and not (follows and hasattr(entry, "outcome_row")):
                break
            batch.append(entry)
            last_id = entry.pk
    except Tampered:
        if not batch:
            raise
    return batch


def _append(last: ProcessingSeal | None, batch: list[ProcessingEntry]) -> None:
    """Seals a batch. Raises IntegrityError where the number has gone to another one."""
    new = ProcessingSeal(
        number=last.number + 1 if last else 1,
        sealed_at=timezone.now(),
        ids=_ranges([entry.pk for entry in batch]),
        last_id=batch[-1].pk,
        newest_at=max(entry.at for entry in batch),
        digest=digest(batch),
        hints="".join(map(hint, batch)),
        previous_mac=last.mac if last else "",
    )
    new.mac = evidence.mac(*_seal_parts(new))
    new.save(using=outbox.database(), force_insert=True)
    outbox.queue(models.Q(pk__range=(batch[0].pk, batch[-1].pk)))


def _ranges(ids: list[int]) -> str:
    runs = []
    for _gap, run in itertools.groupby(enumerate(ids), lambda pair: pair[1] - pair[0]):
        members = [pk for _place, pk in run]
        first, last = members[0], members[-1]
        runs.append(str(first) if first == last else f"{first}-{last}")
    return ",".join(runs)
