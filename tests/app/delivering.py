"""What the tests of delivery share: entries as the log writes them, and what Erply's log holds."""

import datetime
import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.core.management import CommandError, call_command
from django.utils import timezone

from erply_auth import delivery, evidence
from erply_auth.models import Outcome, ProcessingDelivery, ProcessingEntry, ProcessingOutcome
from erply_auth.sandbox import Call, Sandbox
from erply_auth.sandbox.account import ProcessingRecord

CALL = "logProcessingOfCustomerData"
NOW = datetime.timedelta()
HOURS = datetime.timedelta(hours=2)
MARI = 15
GONE = 4711
"""A customer whom Erply does not know."""


def entry(
    customer_id: int | None = MARI,
    activity: str = "read",
    *,
    fields: str = "name,email",
    purpose: str = "Test",
    age: datetime.timedelta = NOW,
    client_code: str = "100100",
) -> ProcessingEntry:
    """An entry with its code, not saved."""
    new = ProcessingEntry(
        at=timezone.now() - age,
        client_code=client_code,
        customer_id=customer_id,
        activity=activity,
        fields=fields,
        purpose=purpose,
        actor="member",
    )
    new.mac = evidence.mac(*evidence.entry_parts(new))
    return new


def write(
    customer_id: int | None = MARI,
    activity: str = "read",
    outcome: Outcome | None = Outcome.DONE,
    api: str = "",
    **more: Any,
) -> int:
    """Writes an entry, with an outcome unless it is None; its id."""
    new = entry(customer_id, activity, **more)
    new.save()
    if outcome:
        row = ProcessingOutcome(entry=new, outcome=outcome, at=new.at, api=api)
        row.mac = evidence.mac(*evidence.outcome_parts(new.mac, row))
        row.save()
    return int(new.pk)


def write_many(entries: Iterable[ProcessingEntry]) -> None:
    ProcessingEntry.rows.bulk_create(list(entries), batch_size=1000)


def customers(erply: Sandbox, number: int) -> list[int]:
    """The ids of new customers."""
    return [erply.add_customer(firstName="Test", lastName=f"No. {n}") for n in range(number)]


def told(erply: Sandbox) -> list[ProcessingRecord]:
    """What the shop has told Erply's log."""
    return [line for line in list(erply.processing_log) if not line.by_erply]


def told_of(erply: Sandbox) -> Counter[int]:
    """How many lines of Erply's log each customer has from the shop."""
    return Counter(line.customer_id for line in told(erply))


def requests_of(erply: Sandbox) -> list[Call]:
    return [call for call in list(erply.calls) if call.name == CALL]


def states() -> list[str]:
    """The entries' states, oldest first."""
    rows = ProcessingEntry.objects.order_by("pk").values_list("erply_state", flat=True)
    return [str(state) for state in rows]


def state_of(pk: int) -> str:
    found: Any = ProcessingEntry.objects.get(pk=pk)
    return str(found.erply_state)


def queued() -> list[ProcessingDelivery]:
    return list(ProcessingDelivery.objects.order_by("pk"))


def delivered(report: delivery.Report) -> dict[str, int]:
    """A report's states, those without entries left out."""
    return {str(state): number for state, number in report.states.items() if number}


def run(**options: Any) -> tuple[int, str, str]:
    """`erply_deliver_log` in this process: exit code, what it said and what it complained of."""
    out = io.StringIO()
    errors = io.StringIO()
    try:
        call_command("erply_deliver_log", stdout=out, stderr=errors, **options)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), errors.getvalue()
