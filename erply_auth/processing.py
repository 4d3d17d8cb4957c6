"""The processing log's pen: no personal data without an entry, and no entry with personal data.

`recorded` writes the entry and commits it before it lends the registry, and notes how it ended.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from django.db import Error as DatabaseFailure
from django.db import models, router, transaction
from django.utils import timezone

from . import connection, evidence, request_ids
from .conf import get_settings
from .erply.errors import ErplyUnavailable, Reason
from .erply.records import AddressType, CustomerGroup
from .erply.registry import CustomerRegistry
from .models import Activity, Member, Outcome, ProcessingEntry, ProcessingOutcome

logger = logging.getLogger(__name__)

UNKNOWN_AFTER: Final = datetime.timedelta(hours=1)
"""When an entry without an outcome is final: whoever wrote it has died."""
NOTED_WITHIN: Final = UNKNOWN_AFTER / 2
"""How late an outcome may be noted; the rest is for clocks that differ."""

MEMBER: Final = "member"
"""The actor when customers touch their own data; with their id where it is another's."""
VISITOR: Final = "visitor"
"""The actor when nobody is logged in: registration, a password reset."""

IDENTITY_FIELDS: Final = ("name", "employer")
CARD_FIELDS: Final = (
    "name",
    "phone",
    "mobilePhone",
    "email",
    "address",
    "nationalIdentificationNumber",
    "dateOfBirth",
    "gender",
    "employer",
)
RECORD_FIELDS: Final = tuple(name for name in CARD_FIELDS if name != "address")
CONTACT_FIELDS: Final = ("name", "phone", "email")

ADDRESS_FIELDS: Final = ("address",)
_LOGGED_AS: Final = {
    "first_name": "name",
    "last_name": "name",
    "company_name": "name",
    "vat_number": "vatNumber",
    "mobile": "mobilePhone",
    "birthday": "dateOfBirth",
    "email_opt_out": "emailOptOut",
}


T = TypeVar("T")


class Purpose(models.TextChoices):
    """Why data is touched: a handful of constants, so that Erply can be told of many at once."""

    SIGN_IN = "Log-in to the web shop"
    OVERVIEW = "Member views the overview of their account"
    PROFILE = "Member views their profile"
    PROFILE_CHANGE = "Member changes their profile"
    PASSWORD_CHANGE = "Member changes their password"  # noqa: S105 - a purpose  # nosec B105
    ADDRESSES = "Member views their addresses"
    ADDRESSES_CHANGE = "Member changes their addresses"
    EXPORT = "Member exports their data"
    ERASURE = "Member has their data erased"
    SYNC = "Members are compared with the customer registry"
    PASSWORD_RESET = "Reset of a forgotten password"  # noqa: S105 # nosec B105 - a purpose
    REGISTRATION = "Registration; policy accepted"


class LogUnavailable(Exception):
    """The processing log cannot be written, so nothing personal may be shown."""


class Access:
    """What `recorded` lends: the registry, and a way to enter whoever else comes into view."""

    def __init__(self, registry: CustomerRegistry, entry: ProcessingEntry) -> None:
        self.registry = registry
        self._entries = [entry]
        self._undecided = False

    def also(self, customer_ids: Iterable[int], fields: Iterable[str]) -> None:
        """Enters the same processing for other customers whose data came along.

        Call it before their data leaves the service. Raises LogUnavailable.
        """
        first = self._entries[0]
        # Whoever acts for another is named already.
        actor = f"{MEMBER}:{first.customer_id}" if first.actor == MEMBER else first.actor
        others = [
            _entry(first.client_code, id_, first.activity, fields, first.purpose, actor)
            for id_ in customer_ids
        ]
        if others:
            with _durable():
                self._entries += ProcessingEntry.objects.bulk_create(others)

    def settle(self, write: Callable[[], T], happened: Callable[[], T | None]) -> T:
        """Writes to Erply once; where the answer is lost, looks whether it happened.

        `happened` returns what `write` would have returned, None if nothing was written. While
        that cannot be told either, the entry keeps no outcome, which reads as unknown.
        """
        try:
            return write()
        except ErplyUnavailable as error:
            if error.reason not in (Reason.SILENT, Reason.GARBLED):
                raise
            self._undecided = True
            result = happened()
            self._undecided = False
            if result is None:
                raise
            return result

    def note(self, outcome: Outcome) -> None:
        """Says how it ended, for everybody concerned. Raises LogUnavailable."""
        if self._undecided:
            return
        now = timezone.now()
        if now - self._entries[0].at > NOTED_WITHIN:
            # It may have been sealed as unknown.
            logger.warning("A processing took too long: its outcome is entered as unknown")
            return
        # A change that the classic API refused and the CRM API took is the latter's.
        api = max(self.registry.served_by, default="")
        with _durable():
            ProcessingOutcome.objects.bulk_create(
                _outcome(entry, outcome, now, api) for entry in self._entries
            )


@contextlib.contextmanager
def recorded(
    member: Member,
    activity: Activity,
    fields: Iterable[str],
    purpose: Purpose,
    *,
    owner_id: int | None = None,
) -> Iterator[Access]:
    """Lends the registry to a logged-in member, as `recorded_for` does.

    The entry is the member's own unless `owner_id` names another customer, such as the company a
    contact person acts for.
    """
    customer_id = owner_id or member.customer_id
    actor = MEMBER if customer_id == member.customer_id else f"{MEMBER}:{member.customer_id}"
    with recorded_for(
        customer_id, activity, fields, purpose, actor, client_code=member.client_code
    ) as access:
        yield access


@contextlib.contextmanager
def recorded_for(
    customer_id: int | None,
    activity: Activity,
    fields: Iterable[str],
    purpose: Purpose,
    actor: str,
    *,
    client_code: str = "",
) -> Iterator[Access]:
    """Lends the registry once the entry is committed; the outcome is noted when the block ends.

    A search has no customer id yet: whom it finds is entered with `Access.also` before their data
    leaves the service. `actor` is MEMBER, VISITOR, `staff:<user's primary key>` or
    `command:<name>`.

    Must run outside a transaction: an entry that a later error rolls back would be no evidence.
    Raises LogUnavailable, before or after the block, when the log cannot be written.
    """
    registry = connection.registry().lent()
    client_code = client_code or get_settings().client_code
    entry = _entry(client_code, customer_id, activity, fields, purpose, actor)
    with _durable():
        entry.save(force_insert=True)
    access = Access(registry, entry)
    try:
        yield access
    except Exception:
        # Not BaseException: of a process that is being ended nobody knows how far it came.
        access.note(Outcome.FAILED)
        raise
    access.note(Outcome.DONE)


def address_types(language: str) -> tuple[AddressType, ...]:
    """What addresses can be for. It names nobody, so it needs no entry."""
    return connection.registry().address_types(language)


def groups() -> tuple[CustomerGroup, ...]:
    """The customer groups, each parent before its children. They name nobody."""
    return connection.registry().groups()


def logged_as(names: Iterable[str]) -> tuple[str, ...]:
    """Our field names as the log calls them, each once."""
    return tuple(dict.fromkeys(_LOGGED_AS.get(name, name) for name in names))


def write(
    client_code: str,
    customer_id: int,
    activity: Activity,
    fields: Iterable[str],
    purpose: Purpose,
    outcome: Outcome,
) -> None:
    """An entry with its outcome, in the caller's transaction: for log-in alone."""
    entry = _entry(client_code, customer_id, activity, fields, purpose, MEMBER)
    entry.save(force_insert=True)
    _outcome(entry, outcome, entry.at).save(force_insert=True)


def _entry(
    client_code: str,
    customer_id: int | None,
    activity: str,
    fields: Iterable[str],
    purpose: str,
    actor: str,
) -> ProcessingEntry:
    entry = ProcessingEntry(
        at=timezone.now(),
        client_code=client_code,
        customer_id=customer_id,
        activity=activity,
        fields=",".join(fields),
        purpose=purpose,
        actor=actor,
        request_id=request_ids.current(),
    )
    entry.mac = evidence.mac(*evidence.entry_parts(entry))
    return entry


def _outcome(
    entry: ProcessingEntry, outcome: Outcome, at: datetime.datetime, api: str = ""
) -> ProcessingOutcome:
    row = ProcessingOutcome(entry=entry, outcome=outcome, at=at, api=api)
    row.mac = evidence.mac(*evidence.outcome_parts(entry.mac, row))
    return row


@contextlib.contextmanager
def _durable() -> Iterator[None]:
    try:
        with transaction.atomic(using=router.db_for_write(ProcessingEntry), durable=True):
            yield
    except DatabaseFailure as error:
        raise LogUnavailable from error
