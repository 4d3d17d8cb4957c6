"""`erply_verify_log`: whoever can write any SQL, and has not the key, is found out."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from erply_auth import evidence, sealing, verification
from erply_auth.models import ProcessingEntry, ProcessingOutcome, ProcessingSeal
from tests.services import server_database

from .support import configure
from .tampering import (
    ENTRIES,
    OUTCOMES,
    SEALS,
    a_byte_off,
    change,
    export,
    free_hand,
    insert,
    no_unique_index,
    note,
    numbers,
    pruned,
    remove,
    remove_seal,
    row,
    sealed_log,
    sql,
    stored,
    swap,
    verified,
    write,
    write_many,
)

ENTRY_COLUMNS = [f.name for f in ProcessingEntry._meta.fields if not f.primary_key]
OUTCOME_COLUMNS = ["outcome", "api", "at", "mac"]
SEAL_COLUMNS = [f.name for f in ProcessingSeal._meta.fields if not f.primary_key]

Log = list[list[int]]
Attack = Callable[[Log], str]


def moved(log: Log) -> str:
    with free_hand():
        for table, column in ((ENTRIES, "id"), (OUTCOMES, "entry_id")):
            values = (log[3][1] + 1000, log[1][0])
            sql(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", *values)  # noqa: S608
        sql("DELETE FROM erply_auth_processingdelivery WHERE entry_id = %s", log[1][0])
    return f"Entry {log[1][0]} was removed."


def removed(*places: int) -> Attack:
    def attack(log: Log) -> str:
        remove([log[1][place] for place in places])
        return f"Entry {log[1][places[0]]} was removed."

    return attack


def whole_batch_with_its_seal(log: Log) -> str:
    remove(log[1])
    remove_seal(2)
    return "Seal 2 was removed."


def the_first_seal_with_its_batch(log: Log) -> str:
    remove(log[0])
    remove_seal(1)
    return "Seal 1 was removed."


def a_seal_alone(log: Log) -> str:
    remove_seal(3)
    change(ProcessingEntry, log[2][1], "actor", "x")
    return f"Entry {log[2][1]} is not what was written."


def seal_with_another_number(log: Log) -> str:
    change(ProcessingSeal, 3, "number", 4)
    return "Seal 3 was removed."


def inserted_at_the_end(log: Log) -> str:
    new = insert(row(log[1][0]), id=log[3][1] + 1, uid="0" * 32, mac="f" * 64)
    return f"Entry {new} is not what was written."


def copied_with_another_unique_id(log: Log) -> str:
    uid = a_byte_off(stored(ProcessingEntry, log[1][0], "uid"))
    new = insert(row(log[1][0]), id=log[3][1] + 1, uid=uid)
    return f"Entry {new} is not what was written."


def inserted_before_the_first(log: Log) -> str:
    new = insert(row(log[1][0]), id=-(2**63), uid="0" * 32)
    return f"Entry {new} was inserted."


def outcome_removed(log: Log) -> str:
    sql(f"DELETE FROM {OUTCOMES} WHERE entry_id = %s", log[1][1])  # noqa: S608
    return f"Entry {log[1][1]} or its outcome is not what was sealed."


def outcome_added_that_was_forged(log: Log) -> str:
    entry = ProcessingEntry.rows.get(pk=log[1][3])
    ProcessingOutcome(entry=entry, outcome="done", at=entry.at, mac="f" * 64).save()
    return f"The outcome of entry {entry.pk} is not what was written."


def outcome_added_that_had_been_held_back(log: Log) -> str:
    note(ProcessingEntry.rows.get(pk=log[1][3]))
    return f"Entry {log[1][3]} or its outcome is not what was sealed."


def outcome_of_another_entry(log: Log) -> str:
    change(ProcessingOutcome, log[1][2], "entry", log[1][3])
    return f"Entry {log[1][2]} or its outcome is not what was sealed."


def swapped_with_their_outcomes(log: Log) -> str:
    swap(log[1][0], log[1][2], (ENTRIES, "id"), (OUTCOMES, "entry_id"))
    return f"Entry {log[1][0]} or its outcome is not what was sealed."


def swapped_without_their_outcomes(log: Log) -> str:
    swap(log[1][0], log[1][2], (ENTRIES, "id"))
    return f"The outcome of entry {log[1][0]} is not what was written."


def swapped_across_batches(log: Log) -> str:
    swap(log[0][3], log[2][3], (ENTRIES, "id"))
    return f"Entry {log[0][3]} or its outcome is not what was sealed."


def a_hint_too_many(log: Log) -> str:
    change(ProcessingSeal, 2, "hints", stored(ProcessingSeal, 2, "hints") + "0000")
    return "Seal 2 is not what was written."


def an_outcome_and_its_hint(log: Log) -> str:
    entry = ProcessingEntry.rows.get(pk=log[1][3])
    note(entry)
    entry = ProcessingEntry.rows.select_related("outcome_row").get(pk=entry.pk)
    hints = stored(ProcessingSeal, 2, "hints")
    change(ProcessingSeal, 2, "hints", hints[:-4] + sealing.hint(entry))
    return f"Entries {stored(ProcessingSeal, 2, 'ids')} are not what was sealed."


def pruned_by_sql(log: Log) -> str:
    remove(log[0])
    change(ProcessingSeal, 1, "pruned_at", stored(ProcessingSeal, 1, "sealed_at"))
    change(ProcessingSeal, 1, "hints", "")
    return f"Entry {log[0][0]} was removed, and it was not by pruning."


def two_seals_swapped(log: Log) -> str:
    swap(2, 3, (SEALS, "number"))
    return "Seal 2 is not what was written."


def the_first_of_two_is_named(log: Log) -> str:
    change(ProcessingEntry, log[1][2], "purpose", "Another")
    sql(f"DELETE FROM {OUTCOMES} WHERE entry_id = %s", log[1][1])  # noqa: S608
    return f"Entry {log[1][1]} or its outcome is not what was sealed."


ATTACKS: list[Attack] = [
    moved,
    removed(0),
    removed(1),
    removed(3),
    removed(0, 1, 2, 3),
    whole_batch_with_its_seal,
    the_first_seal_with_its_batch,
    a_seal_alone,
    seal_with_another_number,
    inserted_at_the_end,
    copied_with_another_unique_id,
    inserted_before_the_first,
    outcome_removed,
    outcome_added_that_was_forged,
    outcome_added_that_had_been_held_back,
    outcome_of_another_entry,
    swapped_with_their_outcomes,
    swapped_without_their_outcomes,
    swapped_across_batches,
    a_hint_too_many,
    an_outcome_and_its_hint,
    pruned_by_sql,
    two_seals_swapped,
    the_first_of_two_is_named,
]
every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.__qualname__)


def check_every_byte() -> None:
    log = sealed_log()
    pk = log[1][1]
    changes = [(ProcessingEntry, pk, column, f"Entry {pk} is") for column in ENTRY_COLUMNS]
    changes += [
        (ProcessingOutcome, pk, column, f"The outcome of entry {pk} is")
        for column in OUTCOME_COLUMNS
    ]
    changes += [(ProcessingSeal, 2, column, "Seal 2 is") for column in SEAL_COLUMNS]
    for model, key, column, named in changes:
        before = stored(model, key, column)
        after = datetime.datetime.now(datetime.UTC) if before is None else a_byte_off(before)
        change(model, key, column, after)
        expected = f"{named} not what was written." if before is not None else "Seal 2 is not"
        assert verified().startswith(f"1: {expected}"), column
        change(model, key, column, before)
        assert verified().startswith("Untouched"), column


@pytest.mark.django_db
def test_an_untouched_log_is_said_to_be_so() -> None:
    assert verified() == "Untouched: 0 entries, 0 of them not sealed yet; 0 seals.\n"
    sealed_log()
    assert verified().startswith("Untouched: 14 entries, ")


@pytest.mark.django_db
def test_a_changed_byte_of_an_entry_its_outcome_or_its_seal_is_found_and_named() -> None:
    check_every_byte()


@pytest.mark.mariadb
@pytest.mark.django_db
def test_on_mariadb_a_changed_byte_is_found_and_named() -> None:
    check_every_byte()


@every_attack
@pytest.mark.django_db
def test_what_was_removed_inserted_or_reordered_is_found_and_named(attack: Attack) -> None:
    named = attack(sealed_log())
    assert verified() == f"1: {named}"


@every_attack
@pytest.mark.mariadb
@pytest.mark.django_db
def test_on_mariadb_what_was_removed_inserted_or_reordered_is_found(attack: Attack) -> None:
    named = attack(sealed_log())
    assert verified() == f"1: {named}"


def check_a_copy_under_the_same_unique_id() -> None:
    with no_unique_index():
        log = sealed_log()
        copy = insert(row(log[1][0]), id=log[3][1] + 1)
        assert verified() == f"1: Entry {copy} is a copy of entry {log[1][0]}."


def check_a_copy_that_was_sealed_while_the_original_was_away() -> None:
    with no_unique_index():
        original = write(outcome="")
        sealing.seal()
        kept = row(original)
        remove([original])
        copy = insert(kept, id=original + 1)
        sealing.seal()
        insert(kept)
        assert verified() == f"1: Entry {copy} is a copy of entry {original}."
        sql("DELETE FROM erply_auth_processingseal")


@pytest.mark.django_db(transaction=True)
def test_a_copy_is_found_even_without_the_unique_index() -> None:
    check_a_copy_under_the_same_unique_id()


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_on_mariadb_a_copy_is_found_even_without_the_unique_index() -> None:
    check_a_copy_under_the_same_unique_id()


@pytest.mark.django_db(transaction=True)
def test_a_copy_is_found_even_if_it_was_sealed_while_the_original_was_away() -> None:
    check_a_copy_that_was_sealed_while_the_original_was_away()


FOREIGN = [("mac", "'é'"), ("actor", "'é'")]
if server_database() is None:  # SQLite takes anything into any column.
    FOREIGN += [
        ("uid", "'no unique id'"),
        ("uid", "upper(uid)"),
        ("uid", "x'00'"),
        ("at", "'yesterday'"),
        ("at", "'2026-99-99 00:00:00'"),
        ("at", "1"),
        ("customer_id", "x'00'"),
        ("customer_id", "'fifteen'"),
        ("purpose", "CAST(x'ff' AS TEXT)"),
        ("mac", "x'00'"),
    ]


@pytest.mark.parametrize(("column", "value"), FOREIGN, ids=repr)
@pytest.mark.parametrize("batch", [1, 3], ids=["sealed", "not sealed"])
@pytest.mark.django_db
def test_an_entry_that_cannot_even_be_read_is_named(column: str, value: str, batch: int) -> None:
    pk = sealed_log()[batch][1]
    sql(f"UPDATE {ENTRIES} SET {column} = {value} WHERE id = %s", pk)  # noqa: S608
    assert verified() == f"1: Entry {pk} is not what was written."


@pytest.mark.django_db
def test_a_seal_that_cannot_even_be_read_is_named() -> None:
    sealed_log()
    remove_seal(3)
    write()
    sealing.seal()
    value = "newest_at = 'yesterday'" if server_database() is None else "mac = 'é'"
    sql(f"UPDATE {SEALS} SET {value}, pruned_at = sealed_at WHERE number = 3")  # noqa: S608
    assert verified() == "1: Seal 3 is not what was written."
    with pytest.raises(sealing.Tampered, match="Seal 3 is not what was written"):
        sealing.seal()
    last = sealing.newest()
    assert last is not None
    assert last.last_id >= 0


@pytest.mark.django_db
def test_a_database_that_fails_is_not_taken_for_a_forgery() -> None:
    sealed_log()

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if ENTRIES in sql:
            raise OperationalError("server closed the connection")
        return execute(sql, params, many, context)

    with (
        connection.execute_wrapper(fail),
        pytest.raises(OperationalError, match="closed the connection"),
    ):
        verified()


@pytest.mark.django_db
def test_what_is_not_sealed_yet_cannot_be_forged_but_it_can_be_removed() -> None:
    log = sealed_log()
    remove(log[3])
    assert verified().startswith("Untouched: 12 entries, 0 of them")
    new = write()
    change(ProcessingEntry, new, "purpose", "Another")
    assert verified() == f"1: Entry {new} is not what was written."


@pytest.mark.django_db
def test_a_cut_off_end_is_found_with_the_seal_that_was_exported_before(tmp_path: Path) -> None:
    log = sealed_log()
    seal = export(tmp_path)
    last = sealing.newest()
    assert last is not None
    assert json.loads(Path(seal).read_text()) == {"number": last.number, "mac": last.mac}
    assert verified(seal=seal).startswith("Untouched")
    remove([*log[2], *log[3]])
    for number in numbers()[2:]:
        remove_seal(number)
    assert verified().startswith("Untouched: 8 entries")
    named = f"1: Seal {last.number} is missing: the end of the log was cut off."
    assert verified(seal=seal) == named


@pytest.mark.django_db
def test_an_older_backup_put_back_is_found_even_when_new_seals_have_grown_on_it(
    tmp_path: Path,
) -> None:
    log = sealed_log()
    seal = export(tmp_path)
    exported = json.loads(Path(seal).read_text())["number"]
    remove([*log[2], *log[3]])
    for number in numbers()[2:]:
        remove_seal(number)
    for _ in range(2):
        write()
        sealing.seal()
    assert exported in numbers()
    assert verified().startswith("Untouched: 10 entries")
    assert verified(seal=seal) == f"1: Seal {exported} is not the one that was exported."


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        "\xff",
        "[]",
        "1",
        "{}",
        '{"number": 1}',
        '{"number": "1", "mac": ""}',
        '{"number": true, "mac": "%s"}' % ("0" * 64),
        '{"number": Infinity, "mac": "%s"}' % ("0" * 64),
        '{"number": 0, "mac": "%s"}' % ("0" * 64),
        '{"number": 1, "mac": 7}',
        '{"number": 1, "mac": "short"}',
        "[" * 100_000,
    ],
)
@pytest.mark.django_db
def test_a_file_that_is_no_seal_is_named_in_a_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seal"
    path.write_text(content, encoding="latin-1")
    assert verified(seal=str(path)) == f"1: {path} is not an exported seal."


@pytest.mark.django_db
def test_a_seal_with_a_number_beyond_all_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "seal"
    path.write_text(json.dumps({"number": 10**30, "mac": "0" * 64}))
    assert "is missing" in verified(seal=str(path))


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_or_written_is_named_in_a_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert verified(seal=str(gone)) == f"1: {gone} cannot be read: No such file or directory."
    assert verified(seal=str(tmp_path)) == f"1: {tmp_path} cannot be read: Is a directory."
    write()
    assert verified(export=str(tmp_path)) == f"1: {tmp_path} cannot be written: Is a directory."


@pytest.mark.django_db
def test_there_is_nothing_to_export_before_the_first_seal(tmp_path: Path) -> None:
    path = tmp_path / "seal"
    assert verified(export=str(path)) == "1: There is no seal to export yet."
    assert not path.exists()


@pytest.mark.django_db
def test_nothing_is_exported_of_a_log_that_was_tampered_with(tmp_path: Path) -> None:
    change(ProcessingEntry, sealed_log()[0][0], "actor", "x")
    path = tmp_path / "seal"
    assert verified(export=str(path)).startswith("1: Entry")
    assert not path.exists()


@pytest.mark.django_db
def test_without_a_key_it_says_so_in_a_line(settings: Any) -> None:
    write()
    configure(settings, LOG_KEY="")
    said = "1: ERPLY_AUTH['LOG_KEY'] is missing: the log would prove nothing."
    assert verified() == said


@pytest.mark.django_db
def test_what_is_pruned_in_the_middle_of_it_is_in_order() -> None:
    log = sealed_log()
    waiting = [lambda: verification.prune(datetime.datetime.now(datetime.UTC))]
    sql("DELETE FROM erply_auth_processingdelivery")

    def prune(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if waiting and sql.startswith("SELECT") and SEALS in sql and "hints" in sql:
            waiting.pop()()
        return result

    with connection.execute_wrapper(prune):
        found = verification.verify()
    assert not waiting
    assert (found.entries, found.pruned) == (2, 3)
    assert list(ProcessingEntry.rows.values_list("pk", flat=True)) == log[3]


@pytest.mark.django_db
def test_thousands_of_entries_are_verified_piece_by_piece() -> None:
    ids = write_many(2500)
    statements: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        assert verified().startswith("Untouched: 2500 entries, 0 of them not sealed yet; 0 seals.")
    assert [seal.last_id for seal in ProcessingSeal.objects.all()] == [
        ids[999],
        ids[1999],
        ids[2499],
    ]
    assert "Untouched: 2500 entries, 0 of them not sealed yet; 3 seals." in verified()
    reads = [each for each in statements if each.startswith("SELECT") and "purpose" in each]
    assert len(reads) >= 6
    assert all("LIMIT" in each for each in reads)
    change(ProcessingEntry, ids[1700], "purpose", "Another")
    assert verified() == f"1: Entry {ids[1700]} is not what was written."
    assert pruned(0).startswith("1: Nothing was removed. Entry")


@pytest.mark.django_db
def test_a_batch_and_its_seal_out_of_an_older_backup_do_not_fit_what_follows() -> None:
    write()
    sealing.seal()
    old = write(outcome="")
    sealing.seal()
    backup, old_seal = row(old), ProcessingSeal.objects.get(number=2)
    # The end is lost, and the log goes on without it.
    remove([old])
    remove_seal(2)
    new = write(outcome="")
    sealing.seal()
    write()
    sealing.seal()
    assert verified().startswith("Untouched: 3 entries")
    # Of another time line, and authentic.
    remove([new])
    remove_seal(2)
    insert(backup)
    old_seal.save(force_insert=True)
    assert verified() == "1: Seal 3 is not what was written."


@pytest.mark.django_db
def test_a_seal_is_called_by_its_number_and_its_entries() -> None:
    pk = write()
    sealing.seal()
    assert str(ProcessingSeal.objects.get()) == f"1: {pk}"


@pytest.mark.django_db
def test_the_seal_covers_which_api_a_change_went_to() -> None:
    pk = write(activity="update", api="crm")
    sealing.seal()
    change(ProcessingOutcome, pk, "api", "classic")
    assert verified() == f"1: The outcome of entry {pk} is not what was written."
    assert evidence.is_authentic("", "x") is False
