"""Proving the log untouched, and removing what is old enough so that the rest still proves it."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from . import evidence, outbox
from .models import ProcessingDelivery, ProcessingEntry, ProcessingOutcome, ProcessingSeal
from .sealing import (
    Tampered,
    check_entry,
    check_not_put_back,
    check_seal,
    digest,
    entries_after,
    hint,
    hints_of,
    ids_of,
    oldest_new,
    pruning_parts,
    twins_of,
)

_CHUNK = 1000


@dataclass(frozen=True)
class Verified:
    """What was found in order: how many entries, how many of them unsealed, and the seals."""

    entries: int
    unsealed: int
    seals: int
    pruned: int


@dataclass(frozen=True)
class Pruned:
    """What was removed; and of the batch that Erply's log still needs, entries and how many."""

    seals: int = 0
    entries: int = 0
    kept: str = ""
    waiting: int = 0


@dataclass(frozen=True)
class ExportedSeal:
    """What an operator keeps elsewhere of a seal: as long as it is there, so is all before it."""

    number: int
    mac: str


def verify(exported: ExportedSeal | None = None) -> Verified:
    """Looks at the whole log. Raises Tampered for the first thing that is wrong."""
    last, entries, seals, pruned = None, 0, 0, 0
    while seal := _following(last):
        seal, proved = _check_batch(last, seal)
        entries += proved
        last, seals, pruned = seal, seals + 1, pruned + (seal.pruned_at is not None)
    if exported is not None:
        _check_exported(exported)
    unsealed = _check_unsealed(last)
    return Verified(entries + unsealed, unsealed, seals, pruned)


def prune(before: datetime.datetime) -> Pruned:
    """Removes whole sealed batches older than that, oldest first.

    A batch of which Erply's log still lacks an entry stays, and so does all after it. Raises
    Tampered rather than remove what is evidence of that.
    """
    verify()
    seals = entries = 0
    unpruned = _seals().filter(pruned_at=None).order_by("number")
    while (seal := unpruned.first()) and seal.newest_at < before:
        deliveries = ProcessingDelivery.objects.using(outbox.database()).filter(_of(seal))
        waiting = deliveries.filter(state__in=ProcessingDelivery.UNDELIVERED).count()
        if waiting:
            return Pruned(seals, entries, seal.ids, waiting)
        removed = _remove(seal)
        seals, entries = seals + bool(removed), entries + removed
    return Pruned(seals, entries)


def _remove(seal: ProcessingSeal) -> int:
    """Leaves the tombstone only; how many entries went. 0 where another process was faster."""
    seal.pruned_at = timezone.now()
    tombstone = {
        "pruned_at": seal.pruned_at,
        "pruned_mac": evidence.mac(*pruning_parts(seal)),
        "hints": "",
    }
    using = outbox.database()
    with transaction.atomic(using=using):
        if not _seals().filter(number=seal.number, pruned_at=None).update(**tombstone):
            return 0
        ProcessingDelivery.objects.using(using).filter(_of(seal)).delete()
        ProcessingOutcome.objects.using(using).filter(_of(seal)).prune()
        return ProcessingEntry.rows.using(using).filter(_of(seal)).prune()


def _of(seal: ProcessingSeal) -> models.Q:
    return models.Q(pk__gte=ids_of(seal)[0], pk__lte=seal.last_id)


def _seals() -> Any:
    return ProcessingSeal.objects.using(outbox.database())


def _following(last: ProcessingSeal | None) -> ProcessingSeal | None:
    """The next seal there is. One by one: what another process prunes meanwhile is in order."""
    after = _seals().filter(number__gt=last.number) if last else _seals()
    found = evidence.read(after.order_by("number"), 1)
    return found[0] if found else None


def _check_batch(last: ProcessingSeal | None, seal: ProcessingSeal) -> tuple[ProcessingSeal, int]:
    """The seal and how many entries it proves."""
    number, previous_mac = (last.number + 1, last.mac) if last else (1, "")
    if seal.number != number:
        raise Tampered(f"Seal {number} was removed.")
    check_seal(seal)
    if seal.previous_mac != previous_mac:
        raise Tampered(f"Seal {number} is not what was written.")
    try:
        return seal, _check_entries(last, seal)
    except Tampered:
        tombstone = _seals().filter(number=number, pruned_at__isnull=False).first()
        if tombstone is None or seal.pruned_at:
            raise
    # It was pruned in this very moment.
    check_seal(tombstone)
    return tombstone, _check_entries(last, tombstone)


def _check_entries(last: ProcessingSeal | None, seal: ProcessingSeal) -> int:
    """How many entries the seal proves. What stands between it and the one before was inserted."""
    expected = [] if seal.pruned_at else ids_of(seal)
    rows = entries_after(last).filter(pk__lte=seal.last_id)
    found = evidence.read(rows, len(expected) + 1)
    is_whole = not expected or digest(found) == seal.digest
    twins = twins_of(found)
    # The hints have no code of their own; they count where the digest says that one is changed.
    hints = hints_of(seal)[: len(expected)]
    for entry, id_, wanted in itertools.zip_longest(found, expected, hints):
        if entry is None or (id_ is not None and entry.pk > id_):
            raise Tampered(f"Entry {id_} was removed.")
        if id_ is None or entry.pk < id_:
            raise Tampered(f"Entry {entry.pk} was inserted.")
        check_entry(entry, twins)
        if not is_whole and hint(entry) != wanted:
            raise Tampered(f"Entry {id_} or its outcome is not what was sealed.")
    if not is_whole:
        raise Tampered(f"Entries {seal.ids} are not what was sealed.")
    if seal.hints != "".join(map(hint, found)):
        raise Tampered(f"Seal {seal.number} is not what was written.")
    return len(expected)


def _check_unsealed(last: ProcessingSeal | None) -> int:
    rows, oldest, unsealed = entries_after(last), oldest_new(), 0
    while chunk := evidence.read(rows, _CHUNK):
        twins = twins_of(chunk)
        for entry in chunk:
            check_entry(entry, twins)
            check_not_put_back(entry, oldest)
        unsealed += len(chunk)
        rows = rows.filter(pk__gt=chunk[-1].pk)
    return unsealed


def _check_exported(exported: ExportedSeal) -> None:
    seal = _seals().filter(number=exported.number).first()
    if seal is None:
        raise Tampered(f"Seal {exported.number} is missing: the end of the log was cut off.")
    if seal.mac != exported.mac:
        raise Tampered(f"Seal {exported.number} is not the one that was exported.")
