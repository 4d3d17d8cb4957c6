"""The processing log written out, oldest entry first, without holding it all in memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

COLUMNS = (
    "id",
    "at",
    "customer_id",
    "activity",
    "fields",
    "purpose",
    "actor",
    "outcome",
    "erply_state",
)
KINDS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}

_CHUNK = 2000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        """What was written."""
        return text


def lines(entries: QuerySet[Any], kind: str) -> Iterator[str]:
    """The entries as CSV with a head, or as one JSON array with an entry on each line."""
    rows = _rows(entries)
    return _as_csv(rows) if kind == "csv" else _as_json(rows)


def _rows(entries: QuerySet[Any]) -> Iterator[tuple[Any, ...]]:
    found = entries.order_by("pk").values_list(*COLUMNS)
    for id_, at, *rest in found.iterator(chunk_size=_CHUNK):
        yield (id_, at.isoformat(), *rest)


def _as_csv(rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    write = csv.writer(_Line(), lineterminator="\n").writerow
    yield str(write(COLUMNS))
    for row in rows:
        yield str(write([_harmless(value) for value in row]))


def _harmless(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula, or for the end of the line."""
    if not isinstance(value, str):
        return value
    quoted = f"'{value}" if value.startswith(_FORMULA) else value
    return quoted.replace("\r", " ")


def _as_json(rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    comma = ""
    yield "["
    for row in rows:
        yield f"{comma}\n{json.dumps(dict(zip(COLUMNS, row, strict=True)))}"
        comma = ","
    yield "\n]\n"
