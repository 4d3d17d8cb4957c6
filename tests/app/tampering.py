"""A log to tamper with, by whoever can write any SQL and has not the key."""

import contextlib
import datetime
import io
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection, models
from django.utils import timezone

from erply_auth import evidence, sealing
from erply_auth.models import ProcessingEntry, ProcessingOutcome, ProcessingSeal

ENTRIES, OUTCOMES = "erply_auth_processingentry", "erply_auth_processingoutcome"
SEALS, DELIVERIES = "erply_auth_processingseal", "erply_auth_processingdelivery"
LONG_AGO = datetime.timedelta(hours=2)


def write(
    *, ago: datetime.timedelta = LONG_AGO, outcome: str = "done", api: str = "", **columns: Any
) -> int:
    """An entry as `processing` writes it, only older; its id. An empty outcome is none."""
    given = {"client_code": "100100", "customer_id": 15, "activity": "read", "fields": "name"}
    given |= {"purpose": "Test", "actor": "member", "request_id": "r-1"}
    entry = ProcessingEntry(at=timezone.now() - ago, **(given | columns))
    entry.mac = evidence.mac(*evidence.entry_parts(entry))
    entry.save()
    if outcome:
        note(entry, outcome, api)
    return int(entry.pk)


def note(entry: ProcessingEntry, outcome: str = "done", api: str = "") -> None:
    row = ProcessingOutcome(entry=entry, outcome=outcome, api=api, at=entry.at)
    row.mac = evidence.mac(*evidence.outcome_parts(entry.mac, row))
    row.save()


def write_many(count: int, **columns: Any) -> list[int]:
    """As `write` without outcomes, in few statements."""
    given = {"client_code": "100100", "customer_id": 15, "activity": "read", "fields": "name"}
    at = timezone.now() - LONG_AGO
    entries = [ProcessingEntry(at=at, purpose="Test", **given, **columns) for _ in range(count)]
    for entry in entries:
        entry.mac = evidence.mac(*evidence.entry_parts(entry))
    ProcessingEntry.rows.bulk_create(entries, batch_size=1000)
    rows = ProcessingEntry.rows.order_by("-pk").values_list("pk", flat=True)
    return sorted(rows[:count])


def sealed_log() -> list[list[int]]:
    """Three sealed batches of four entries, the fourth of each unknown; and two not sealed yet."""
    batches = []
    for _ in range(3):
        batches.append([write(outcome=end) for end in ("done", "failed", "done", "")])
        assert sealing.seal() == 4
    recent = datetime.timedelta()
    return [*batches, [write(ago=recent), write(ago=recent, outcome="")]]


def verified(**options: Any) -> str:
    """What `erply_verify_log` says; a refusal begins with its exit code."""
    output = io.StringIO()
    try:
        call_command("erply_verify_log", stdout=output, **options)
    except CommandError as error:
        return f"{error.returncode}: {error}"
    return output.getvalue()


def pruned(days: int) -> str:
    """What `erply_prune_log` says; a refusal begins with its exit code."""
    output = io.StringIO()
    try:
        call_command("erply_prune_log", older_than=days, stdout=output)
    except CommandError as error:
        return f"{error.returncode}: {error}"
    return output.getvalue()


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@contextlib.contextmanager
def free_hand() -> Iterator[None]:
    """Whoever may write any SQL may let MariaDB forget foreign keys; others look at the commit."""
    is_mariadb = connection.vendor == "mysql"
    if is_mariadb:
        sql("SET FOREIGN_KEY_CHECKS = 0")
    yield
    if is_mariadb:
        sql("SET FOREIGN_KEY_CHECKS = 1")


@contextlib.contextmanager
def no_unique_index() -> Iterator[None]:
    """And drop the index that keeps unique ids unique. Leaves an empty log behind."""
    unique, plain = (models.UUIDField(unique=each) for each in (True, False))
    for field in (unique, plain):
        field.set_attributes_from_name("uid")
        field.model = ProcessingEntry
    with connection.schema_editor() as editor:
        editor.alter_field(ProcessingEntry, unique, plain)
    try:
        yield
    finally:
        for table in (DELIVERIES, OUTCOMES, ENTRIES):
            sql(f"DELETE FROM {table}")  # noqa: S608
        with connection.schema_editor() as editor:
            editor.alter_field(ProcessingEntry, plain, unique)


def change(model: Any, pk: int, column: str, value: Any) -> None:
    field, key = model._meta.get_field(column), model._meta.pk
    with free_hand():
        sql(
            f"UPDATE {model._meta.db_table} SET {field.column} = %s WHERE {key.column} = %s",  # noqa: S608
            field.get_db_prep_save(value, connection),
            pk,
        )


def a_byte_off(value: Any) -> Any:
    """Almost the same."""
    if isinstance(value, datetime.datetime):
        return value + datetime.timedelta(microseconds=1)
    if isinstance(value, uuid.UUID):
        return uuid.UUID(int=value.int ^ 1)
    if isinstance(value, int):
        return value + 1
    return (value or "")[:-1] + ("0" if (value or "x")[-1] != "0" else "1")


def stored(model: Any, pk: int, column: str) -> Any:
    return model._base_manager.values_list(column, flat=True).get(pk=pk)


def remove(ids: Sequence[int]) -> None:
    """Entries with all that refers to them."""
    for pk in ids:
        for table, column in ((DELIVERIES, "entry_id"), (OUTCOMES, "entry_id"), (ENTRIES, "id")):
            sql(f"DELETE FROM {table} WHERE {column} = %s", pk)  # noqa: S608


def remove_seal(number: int) -> None:
    sql(f"DELETE FROM {SEALS} WHERE number = %s", number)  # noqa: S608


def row(pk: int) -> dict[str, Any]:
    """An entry's columns, to be put in again."""
    return dict(ProcessingEntry.rows.values().get(pk=pk))


def insert(columns: dict[str, Any], **others: Any) -> int:
    """An entry by SQL, with somebody's columns and others in their place."""
    values = columns | others
    fields = [ProcessingEntry._meta.get_field(name) for name in values]
    names = ", ".join(field.column for field in fields)
    sql(
        f"INSERT INTO {ENTRIES} ({names}) VALUES ({', '.join(['%s'] * len(fields))})",  # noqa: S608
        *(f.get_db_prep_save(v, connection) for f, v in zip(fields, values.values(), strict=True)),
    )
    return int(values["id"])


def swap(one: int, other: int, *tables: tuple[str, str]) -> None:
    """Exchanges two rows' ids."""
    with free_hand():
        for table, column in tables:
            # By way of 0: a high one would move MariaDB's counter for good.
            for old, new in ((one, 0), (other, one), (0, other)):
                sql(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", new, old)  # noqa: S608


def export(folder: Path) -> str:
    """The newest seal, in a file."""
    path = folder / "seal.json"
    assert verified(export=str(path)).startswith("Untouched")
    return str(path)


def numbers() -> list[int]:
    return list(ProcessingSeal.objects.values_list("number", flat=True))
