"""The processing log tells the truth: before anything is read, and for good."""

import threading
import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, NotSupportedError, transaction
from django.test import Client
from django.utils import timezone

from erply_auth.models import (
    Activity,
    Immutable,
    Member,
    Outcome,
    ProcessingEntry,
    ProcessingOutcome,
)
from erply_auth.processing import Access, LogUnavailable, Purpose, recorded
from erply_auth.sandbox import Sandbox

from .support import PROFILE, closing_connections, log, log_in, table_gone


@pytest.fixture
def member(db: None) -> Member:
    user = get_user_model().objects.create(username="someone")
    return Member.objects.create(user=user, client_code="100100", customer_id=15)


@pytest.fixture
def entry(db: None) -> ProcessingEntry:
    fields = {"client_code": "100100", "customer_id": 15, "activity": "read", "fields": "name"}
    entry = ProcessingEntry(at=timezone.now(), purpose="Test", actor="member", **fields)
    entry.save()
    ProcessingOutcome(entry=entry, outcome=Outcome.DONE, at=entry.at).save()
    return entry


@pytest.mark.django_db(transaction=True)
def test_the_entry_is_committed_before_erply_is_asked(client: Client, erply: Sandbox) -> None:
    log_in(client)
    erply.fault("latency", seconds=1, calls="getCustomers")
    pages: list[Any] = []
    visit = closing_connections(lambda: pages.append(client.get(PROFILE)))
    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        deadline = time.monotonic() + 5
        while not erply.fault_book.in_force()[0].hits and time.monotonic() < deadline:
            time.sleep(0.01)
        # Erply has the question and has not answered yet.
        assert log()[1:] == [(15, "read", "Member views their profile", "member", "unknown")]
        assert pages == []
    finally:
        visitor.join()
    assert pages[0].status_code == 200
    assert log()[1:] == [(15, "read", "Member views their profile", "member", "done")]


@pytest.mark.django_db
def test_a_companys_contact_persons_are_entered_before_they_are_shown(
    client: Client, erply: Sandbox
) -> None:
    log_in(client, "company")
    assert "Peeter" in client.get(PROFILE).content.decode()
    assert [row[0] for row in log()[1:]] == [20, 21]
    fields = dict(ProcessingEntry.objects.values_list("customer_id", "fields"))
    assert fields[21] == "name,phone,email"
    assert {row[4] for row in log()} == {"done"}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_inside_a_transaction(erply: Sandbox, member: Member) -> None:
    with (
        transaction.atomic(),
        pytest.raises(RuntimeError, match="durable"),
        recorded(member, Activity.READ, ("name",), Purpose.PROFILE),
    ):
        raise AssertionError("the registry was lent")


def contacts_then_crash(access: Access) -> None:
    access.also([21, 22], ("name",))
    access.also([], ("name",))
    raise ZeroDivisionError


def test_an_error_in_the_block_is_a_failure(erply: Sandbox, member: Member) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        recorded(member, Activity.READ, ("name",), Purpose.PROFILE) as access,
    ):
        contacts_then_crash(access)
    assert [(row[0], row[4]) for row in log()] == [(15, "failed"), (21, "failed"), (22, "failed")]


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_of_a_process_that_is_being_ended_the_outcome_is_unknown(
    erply: Sandbox, member: Member, end: type[BaseException]
) -> None:
    with pytest.raises(end), recorded(member, Activity.UPDATE, ("name",), Purpose.PROFILE):
        raise end
    assert [row[4] for row in log()] == ["unknown"]


@pytest.mark.django_db(transaction=True)
def test_a_log_that_refuses_lends_nothing(erply: Sandbox, member: Member) -> None:
    with (
        table_gone("erply_auth_processingentry"),
        pytest.raises(LogUnavailable),
        recorded(member, Activity.READ, ("name",), Purpose.PROFILE),
    ):
        raise AssertionError("the registry was lent")


def test_an_entry_is_never_changed_or_deleted(entry: ProcessingEntry) -> None:
    entry.purpose = "Another"
    attempts = [
        entry.save,
        entry.delete,
        entry.outcome_row.save,
        entry.outcome_row.delete,
        lambda: entry.save(update_fields=["purpose"]),
        ProcessingEntry.objects.get(pk=entry.pk).save,
    ]
    for attempt in attempts:
        with pytest.raises(Immutable):
            attempt()
    assert ProcessingEntry.objects.get().purpose == "Test"


@pytest.mark.parametrize("model", [ProcessingEntry, ProcessingOutcome])
def test_no_query_changes_or_deletes_entries(entry: ProcessingEntry, model: Any) -> None:
    rows, field = model.objects.all(), "at"
    (row,) = rows
    conflict = {"unique_fields": ["pk"], "update_fields": [field], "update_conflicts": True}
    attempts = [
        lambda: rows.update(at=timezone.now()),
        lambda: rows.filter(pk=row.pk).update(at=timezone.now()),
        rows.delete,
        lambda: model.objects.bulk_update([row], [field]),
        lambda: model.objects.bulk_create([row], **conflict),
        lambda: model.objects.bulk_create([row], None, False, True, [field], ["pk"]),
        lambda: model.objects.update_or_create(pk=row.pk, defaults={"at": timezone.now()}),
    ]
    for attempt in attempts:
        # PostgreSQL refuses one of them before we can: it cannot lock a row with its outcome.
        with pytest.raises((Immutable, NotSupportedError)), transaction.atomic():
            attempt()
    assert model.objects.get().at == entry.at


def test_a_new_entry_takes_no_old_ones_place(entry: ProcessingEntry) -> None:
    new = ProcessingEntry(pk=entry.pk, at=entry.at, customer_id=99, purpose="Forged")
    with pytest.raises(IntegrityError), transaction.atomic():
        new.save()
    outcome = ProcessingOutcome(entry=entry, outcome=Outcome.FAILED, at=entry.at)
    with pytest.raises(IntegrityError), transaction.atomic():
        outcome.save()
    assert log() == [(15, "read", "Test", "member", "done")]


def test_entries_and_outcomes_name_no_person(entry: ProcessingEntry) -> None:
    assert str(entry) == f"{entry.pk}: read 15"
    assert str(entry.outcome_row) == f"{entry.pk}: done"


@pytest.mark.parametrize(
    ("activity", "outcome", "api", "state"),
    [
        ("read", Outcome.DONE, "", "waiting"),
        ("read", Outcome.FAILED, "", "waiting"),
        ("create", Outcome.DONE, "classic", "not_needed"),
        ("update", Outcome.DONE, "crm", "waiting"),
        ("delete", Outcome.FAILED, "crm", "not_needed"),
        ("update", None, "", "waiting"),
    ],
)
def test_what_erply_logs_by_itself_and_what_failed_it_need_not_be_told(
    entry: ProcessingEntry, activity: str, outcome: Outcome | None, api: str, state: str
) -> None:
    other = ProcessingEntry(at=entry.at, activity=activity, customer_id=15)
    other.save()
    if outcome:
        ProcessingOutcome(entry=other, outcome=outcome, at=entry.at, api=api).save()
    found: Any = ProcessingEntry.objects.order_by("-pk")[0]
    assert found.erply_state == state


@pytest.mark.django_db
def test_a_deleted_user_leaves_the_log_as_it_was(client: Client, erply: Sandbox) -> None:
    log_in(client)
    before = log()
    get_user_model().objects.all().delete()
    assert not Member.objects.exists()
    assert log() == before
