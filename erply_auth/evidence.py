"""The proof of single rows: an HMAC on every entry and every outcome of the processing log.

Its key stands in the settings and not in the database, so whoever can write to the tables can
neither forge a row nor change one unnoticed. `sealing` proves that none is missing.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import models
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from .conf import ErplyConfigurationError, get_settings
from .models import ProcessingEntry, ProcessingOutcome

# What reading raises where a column holds what is no time, no unique id or no text.
_UNREADABLE = (ValueError, TypeError, AttributeError, DatabaseFailure)

Row = TypeVar("Row", bound=models.Model)


def entry_parts(entry: ProcessingEntry) -> tuple[object, ...]:
    """All that an entry says. Not its id, which the database gives it afterwards."""
    return (
        *("entry", entry.uid.hex, entry.at, entry.client_code, entry.customer_id, entry.activity),
        *(entry.fields, entry.purpose, entry.actor, entry.request_id),
    )


def outcome_parts(entry_mac: str, outcome: ProcessingOutcome) -> tuple[object, ...]:
    """All that an outcome says, and of which entry."""
    return ("outcome", entry_mac, outcome.outcome, outcome.api, outcome.at)


@sensitive_variables()
def mac(*parts: object) -> str:
    """The authentication code of parts. Raises ErplyConfigurationError where there is no key."""
    return _hmac(_keys()[0], parts)


@sensitive_variables()
def is_authentic(code: str, *parts: object) -> bool:
    """Whether the code was made of these parts, under the key in force or one it replaced."""
    # As bytes: compare_digest takes no text but ASCII, and a forger can write any.
    given = str(code).encode()
    for key in _keys():  # noqa: SIM110 - error reports show the variables of a generator
        if hmac.compare_digest(given, _hmac(key, parts).encode()):
            return True
    return False


def read(rows: models.QuerySet[Row], limit: int) -> list[Row]:
    """The first rows. One that holds what its columns cannot is blank: it is never authentic."""
    try:
        return list(rows[:limit])
    except _UNREADABLE:
        pks = list(rows.values_list("pk", flat=True)[:limit])
    return [row for pk in pks for row in _read_one(rows.filter(pk=pk))]


def _read_one(rows: models.QuerySet[Row]) -> list[Row]:
    try:
        return list(rows)
    except _UNREADABLE:
        # Raises again where it is not the row's fault but the database's.
        return [rows.model(pk=pk) for pk in rows.values_list("pk", flat=True)]


@sensitive_variables()
def _hmac(key: bytes, parts: tuple[object, ...]) -> str:
    # JSON, so that no two lists of parts run together into the same text. What it has no word for,
    # such as bytes in a column of text, somebody else has written.
    message = json.dumps([_plain(part) for part in parts], default=repr)
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()


def _plain(part: object) -> Any:
    if isinstance(part, datetime.datetime):
        return part.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    # Choices are strings of a type of their own.
    return str(part) if isinstance(part, str) else part


@sensitive_variables()
def _keys() -> list[bytes]:
    conf = get_settings()
    if conf.log_key:
        keys = (conf.log_key, *conf.log_key_fallbacks)
        # As the environment gave them: not every key is text in UTF-8.
        return [key.encode(errors="surrogateescape") for key in keys]
    if settings.DEBUG:
        return [salted_hmac("erply_auth.log", "key", algorithm="sha256").digest()]
    raise ErplyConfigurationError("ERPLY_AUTH['LOG_KEY'] is missing: the log would prove nothing.")
