"""What the tests of the app share: who logs in, and how, and how what happened is counted."""

import contextlib
import sys
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.signals import got_request_exception
from django.db import connection, connections
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from erply_auth.connection import registry
from erply_auth.forms.login import LoginForm
from erply_auth.models import Member, ProcessingEntry
from erply_auth.sandbox import Sandbox

LOGIN = "/account/login/"
LOGOUT = "/account/logout/"
OVERVIEW = "/account/"
PROFILE = "/account/profile/"
REFUSED = str(LoginForm.error_messages["invalid_login"])
NOT_NOW = str(LoginForm.error_messages["unavailable"])

ERPLY_BACKEND = "erply_auth.backend.ErplyBackend"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
BOTH_ORDERS = ([ERPLY_BACKEND, MODEL_BACKEND], [MODEL_BACKEND, ERPLY_BACKEND])

_TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")
_DJANGOS_OWN = ("django_session", '"last_login" =', "`last_login` =")
_OF_THE_LOCK_OUT = "axes_accessattempt"


def pair(name: str) -> dict[str, str]:
    """User name and password of one of the sandbox's members, as the log-in form wants them."""
    return {"username": name, "password": f"Sandbox-{name}-1"}


def log_in(client: Client, name: str = "person", **more: Any) -> Any:
    return client.post(LOGIN, pair(name) | more)


def is_logged_in(client: Client) -> bool:
    return bool(client.get("/who/").json()["member"])


def member_of(name: str, erply: Sandbox) -> Member:
    """The member linked to the customer who has this user name now."""
    (customer,) = (one for one in erply.members() if one["webshopUsername"] == name)
    return Member.objects.get(customer_id=customer["id"])


def configure(settings: Any, **keys: Any) -> None:
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, **keys}


def an_hour_later(settings: Any) -> None:
    """What was kept about Erply, its spent quota above all, is out of date."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": uuid.uuid4().hex}}


def hurry(settings: Any) -> None:
    """Time-outs that a test can wait for."""
    configure(settings, CONNECT_TIMEOUT=1.0, READ_TIMEOUT=1.0, CALL_TIMEOUT=1.5)


def warm(erply: Sandbox) -> None:
    """Session key and walk-in customer are known; what was called for them is forgotten."""
    registry().walk_in_ids()
    erply.calls.clear()


def names_called(erply: Sandbox) -> list[str]:
    return [call.name for call in list(erply.calls)]


def log() -> list[tuple[Any, ...]]:
    """The processing log without its times, oldest first."""
    columns = ("customer_id", "activity", "purpose", "actor", "outcome")
    return list(ProcessingEntry.objects.order_by("pk").values_list(*columns))


@contextlib.contextmanager
def statements() -> Iterator[tuple[list[str], list[str]]]:
    """SQL beside Django's session and `last_login`: the app's own, and what axes adds to it.

    Transaction control is not counted.
    """
    ours: list[str] = []
    lock_out: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield ours, lock_out
    for query in queries.captured_queries:
        sql = query["sql"]
        if sql.lstrip().startswith(_TRANSACTION_CONTROL):
            continue
        if not any(word in sql for word in _DJANGOS_OWN):
            (lock_out if _OF_THE_LOCK_OUT in sql else ours).append(sql)


@contextlib.contextmanager
def statements_of_the_app() -> Iterator[list[str]]:
    """The app's own part of `statements`."""
    with statements() as (ours, _):
        yield ours


@contextlib.contextmanager
def table_gone(table: str) -> Iterator[None]:
    """The database refuses whatever concerns this table; needs a test without a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_elsewhere")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table}_elsewhere RENAME TO {table}")


def everything_stored(leaving_out: Iterable[str] = ()) -> dict[str, str]:
    """Each table's rows as text, sessions decoded."""
    stored = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - set(leaving_out):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            stored[table] = repr(cursor.fetchall())
    return stored


@contextlib.contextmanager
def crashes() -> Iterator[list[tuple[Any, BaseException]]]:
    """The requests that end in a 500, with what was raised."""
    seen: list[tuple[Any, BaseException]] = []

    def note(request: HttpRequest, **kwargs: Any) -> None:
        error = sys.exc_info()[1]
        assert error is not None
        seen.append((request, error))

    got_request_exception.connect(note)
    try:
        yield seen
    finally:
        got_request_exception.disconnect(note)


def closing_connections(function: Any) -> Any:
    """For a thread: what it opened in the database, it closes."""

    def run(*args: Any) -> Any:
        try:
            return function(*args)
        finally:
            connections.close_all()

    return run
