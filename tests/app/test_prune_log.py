"""`erply_prune_log`: whole sealed batches go, and what is left still verifies."""

import datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection
from django.db.models import ProtectedError

from erply_auth import sealing, verification
from erply_auth.models import (
    ErplyState,
    Immutable,
    ProcessingDelivery,
    ProcessingEntry,
    ProcessingOutcome,
    ProcessingSeal,
)

from .support import configure
from .tampering import (
    DELIVERIES,
    ENTRIES,
    OUTCOMES,
    change,
    insert,
    pruned,
    remove,
    row,
    sql,
    verified,
    write,
)

DAY = datetime.timedelta(days=1)
OLD, RECENT = 400 * DAY, DAY
ALL_GONE = "Removed 4 entries of 2 sealed batches.\n"


def batch(ago: datetime.timedelta, *, told: bool = True) -> list[int]:
    """A sealed batch of two entries; Erply has been told of them or not."""
    ids = [write(ago=ago), write(ago=ago, outcome="")]
    assert sealing.seal() == 2
    if told:
        ProcessingDelivery.objects.update(state=ErplyState.DELIVERED)
    return ids


def ids() -> list[int]:
    return list(ProcessingEntry.rows.order_by("pk").values_list("pk", flat=True))


@pytest.mark.django_db
def test_old_batches_go_with_all_that_refers_to_them_and_their_seals_stay() -> None:
    batch(OLD), batch(OLD)
    kept = batch(RECENT)
    assert pruned(365) == ALL_GONE
    assert ids() == kept
    assert ProcessingOutcome.objects.count() == 1
    assert ProcessingDelivery.objects.count() == 2
    assert ProcessingSeal.objects.filter(pruned_at__isnull=False, hints="").count() == 2
    said = "Untouched: 2 entries, 0 of them not sealed yet; 3 seals, 2 of them of pruned entries.\n"
    assert verified() == said
    assert pruned(365) == "Removed 0 entries of 0 sealed batches.\n"
    write(ago=datetime.timedelta())
    assert verified().startswith("Untouched: 3 entries")


@pytest.mark.mariadb
@pytest.mark.django_db
def test_on_mariadb_old_batches_go_and_their_seals_stay() -> None:
    batch(OLD), batch(OLD)
    kept = batch(RECENT)
    assert pruned(365) == ALL_GONE
    assert ids() == kept
    assert verified().startswith("Untouched: 2 entries, ")


@pytest.mark.django_db
def test_an_entry_that_is_not_old_enough_keeps_its_whole_batch_and_what_follows() -> None:
    write(ago=OLD)
    write(ago=RECENT)
    sealing.seal()
    batch(OLD)
    before = ids()
    assert pruned(365) == "Removed 0 entries of 0 sealed batches.\n"
    assert ids() == before


@pytest.mark.parametrize("state", [ErplyState.WAITING, ErplyState.FAILED])
@pytest.mark.django_db
def test_what_erply_has_not_been_told_stays_and_the_operator_reads_why(state: ErplyState) -> None:
    batch(OLD)
    first, last = batch(OLD)
    batch(OLD)
    ProcessingDelivery.objects.filter(entry_id=last).update(state=state)
    assert pruned(365) == (
        "Removed 2 entries of 1 sealed batches.\n"
        f"The batch of entries {first}-{last} stays, and so does all after it: Erply has not been "
        "told of 1 of its entries; erply_deliver_log tells it.\n"
    )
    assert len(ids()) == 4
    ProcessingDelivery.objects.update(state=ErplyState.NOT_APPLICABLE)
    assert pruned(365) == ALL_GONE


@pytest.mark.django_db
def test_what_is_not_sealed_yet_is_not_pruned() -> None:
    batch(OLD)
    open_ = write(ago=datetime.timedelta(), outcome="")
    assert pruned(0) == "Removed 2 entries of 1 sealed batches.\n"
    assert ids() == [open_]
    assert verified().startswith("Untouched: 1 entries, 1 of them not sealed yet")


@pytest.mark.django_db
def test_an_entry_removed_by_hand_next_to_a_tombstone_is_found() -> None:
    batch(OLD)
    first, _last = batch(RECENT)
    assert pruned(365).startswith("Removed 2")
    remove([first])
    assert verified() == f"1: Entry {first} was removed."
    assert pruned(0) == f"1: Nothing was removed. Entry {first} was removed."


@pytest.mark.django_db
def test_an_entry_put_back_under_a_tombstone_is_found() -> None:
    first, last = batch(OLD)
    kept = row(first)
    batch(RECENT)
    pruned(365)
    insert(kept)
    assert verified() == f"1: Entry {first} was inserted."
    remove([first])
    insert(kept, id=0)
    assert verified() == "1: Entry 0 was inserted."
    assert last > first


@pytest.mark.parametrize("column", ["pruned_at", "pruned_mac", "hints", "mac", "ids"])
@pytest.mark.django_db
def test_a_tombstone_that_was_tampered_with_is_found(column: str) -> None:
    first, _last = batch(OLD)
    batch(RECENT)
    pruned(365)
    seal = ProcessingSeal.objects.get(number=1)
    forged = {
        "pruned_at": seal.sealed_at,
        "pruned_mac": "f" * 64,
        "hints": "0000",
        "mac": "f" * 64,
        "ids": "1",
    }
    change(ProcessingSeal, 1, column, forged[column])
    by_hand = f"1: Entry {first} was removed, and it was not by pruning."
    expected = by_hand if column.startswith("pruned") else "1: Seal 1 is not what was written."
    assert verified() == expected


@pytest.mark.django_db
def test_anothers_tombstone_is_no_excuse() -> None:
    batch(OLD)
    second, last = batch(RECENT)
    pruned(365)
    tombstone = ProcessingSeal.objects.get(number=1)
    remove([second, last])
    for column in ("pruned_at", "pruned_mac", "hints"):
        change(ProcessingSeal, 2, column, getattr(tombstone, column))
    assert verified() == f"1: Entry {second} was removed, and it was not by pruning."


@pytest.mark.parametrize("table", [ENTRIES, OUTCOMES, DELIVERIES])
@pytest.mark.django_db
def test_a_crash_in_the_middle_of_a_batch_leaves_all_of_it(table: str) -> None:
    batch(OLD)
    before = ids()

    def crash(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("DELETE") and table in sql:
            raise OperationalError("server closed the connection")
        return result

    with (
        connection.execute_wrapper(crash),
        pytest.raises(OperationalError, match="closed the connection"),
    ):
        pruned(365)
    assert ids() == before
    assert verified().startswith("Untouched: 2 entries, 0 of them not sealed yet; 1 seals.")
    assert pruned(365) == "Removed 2 entries of 1 sealed batches.\n"


@pytest.mark.django_db
def test_the_slower_of_two_prunings_finds_the_fasters_tombstone() -> None:
    batch(OLD)
    waiting = [lambda: verification.prune(datetime.datetime.now(datetime.UTC))]

    def lose(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if waiting and sql.startswith("UPDATE"):
            waiting.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(lose):
        assert pruned(365) == "Removed 0 entries of 0 sealed batches.\n"
    assert ids() == []
    assert verified().startswith("Untouched: 0 entries, 0 of them not sealed yet; 1 seals, 1 of")


def check_no_id_is_given_out_twice() -> None:
    _first, last = batch(OLD)
    assert pruned(365).startswith("Removed 2")
    assert ids() == []
    connection.close()
    new = write(ago=datetime.timedelta())
    assert new > last
    assert verified().startswith("Untouched: 1 entries")


@pytest.mark.django_db(transaction=True)
def test_no_id_is_given_out_twice() -> None:
    check_no_id_is_given_out_twice()


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_on_mariadb_no_id_is_given_out_twice() -> None:
    check_no_id_is_given_out_twice()


@pytest.mark.django_db
def test_nothing_but_pruning_removes_an_entry() -> None:
    batch(RECENT)
    for attempt in (ProcessingEntry.objects.all().delete, ProcessingEntry.rows.all().delete):
        with pytest.raises((Immutable, ProtectedError)):
            attempt()


@pytest.mark.django_db
def test_a_log_that_was_tampered_with_is_not_pruned() -> None:
    batch(OLD)
    last = batch(RECENT)[1]
    change(ProcessingEntry, last, "actor", "x")
    named = f"Entry {last} is not what was written."
    assert pruned(365) == f"1: Nothing was removed. {named}"
    sql("DELETE FROM erply_auth_processingseal")
    assert pruned(365) == f"1: Nothing was removed. {named}"


@pytest.mark.django_db
def test_without_a_key_nothing_is_pruned(settings: Any) -> None:
    batch(OLD)
    configure(settings, LOG_KEY="")
    missing = "ERPLY_AUTH['LOG_KEY'] is missing: the log would prove nothing."
    assert pruned(365) == f"1: Nothing was removed. {missing}"


@pytest.mark.parametrize("days", ["", "-1", "1.5", "x", "36501", "1e3", "²", "\u0661", " 1"])
def test_a_number_of_days_it_must_be(days: str) -> None:
    with pytest.raises(CommandError, match="a whole number of days is needed, 36500 at most"):
        call_command("erply_prune_log", f"--older-than={days}")


def test_the_number_of_days_has_no_default() -> None:
    with pytest.raises(CommandError, match="required: --older-than") as raised:
        call_command("erply_prune_log")
    assert not isinstance(raised.value, SystemCheckError)


@pytest.mark.django_db
def test_days_may_be_as_many_as_a_century_has() -> None:
    call_command("erply_prune_log", "--older-than=36500")
