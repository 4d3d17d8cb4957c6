"""Seals: over what is final, one after the other, and nobody waits for them."""

import datetime
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.views.debug import ExceptionReporter

from erply_auth import connection as account
from erply_auth import delivery, evidence, processing, sealing, verification
from erply_auth.conf import ErplyConfigurationError
from erply_auth.models import (
    Activity,
    Outcome,
    ProcessingDelivery,
    ProcessingEntry,
    ProcessingOutcome,
    ProcessingSeal,
)
from erply_auth.processing import NOTED_WITHIN, UNKNOWN_AFTER, Purpose
from erply_auth.sandbox import Sandbox

from .support import PROFILE, closing_connections, configure, log_in
from .tampering import (
    DELIVERIES,
    ENTRIES,
    SEALS,
    change,
    insert,
    note,
    remove,
    row,
    sql,
    stored,
    verified,
    write,
    write_many,
)

NOW = datetime.timedelta()
MINUTE = datetime.timedelta(minutes=1)


def begin() -> int:
    """A sealed entry: what follows is known to follow."""
    first = write()
    assert sealing.seal() == 1
    return first


def ranges() -> list[str]:
    return list(ProcessingSeal.objects.values_list("ids", flat=True))


def entries(batch: str) -> list[int]:
    return sealing.ids_of(ProcessingSeal(ids=batch))


def after(look: str, rival: Callable[[], Any]) -> Any:
    """Lets a rival act once, when a statement that begins so has been executed."""
    waiting = [rival]

    def execute_and_lose(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if waiting and look in sql:
            waiting.pop()()
        return result

    return connection.execute_wrapper(execute_and_lose)


def refusing(statement: str) -> Any:
    """A database that fails at such a statement."""

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(statement.split()[0]) and statement.split()[1] in sql:
            raise OperationalError("server closed the connection")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(fail)


@pytest.mark.django_db
def test_an_entry_without_an_outcome_is_waited_for_and_so_is_what_follows() -> None:
    begin()
    open_, done = write(ago=NOW, outcome=""), write(ago=NOW)
    assert sealing.seal() == 0
    note(ProcessingEntry.rows.get(pk=open_))
    assert sealing.seal() == 2
    assert ranges()[1] == f"{open_}-{done}"


@pytest.mark.django_db
def test_an_outcome_is_waited_for_up_to_an_hour() -> None:
    begin()
    write(ago=UNKNOWN_AFTER - MINUTE, outcome="")
    assert sealing.seal() == 0


@pytest.mark.django_db
def test_an_outcome_that_never_came_is_sealed_as_unknown() -> None:
    begin()
    unknown = write(ago=UNKNOWN_AFTER + MINUTE, outcome="")
    assert sealing.seal() == 1
    assert ranges()[1] == str(unknown)
    assert verified().startswith("Untouched: 2 entries, 0 of them")


@pytest.mark.parametrize(
    ("ago", "sealed"), [(UNKNOWN_AFTER - MINUTE, 0), (UNKNOWN_AFTER + MINUTE, 2)]
)
@pytest.mark.django_db
def test_an_id_that_nobody_has_is_waited_for_up_to_an_hour(
    ago: datetime.timedelta, sealed: int
) -> None:
    begin()
    remove([write()])
    behind = write(ago=ago)
    later = write(ago=NOW)
    assert sealing.seal() == sealed
    assert ranges()[1:] == ([f"{behind}-{later}"] if sealed else [])


@pytest.mark.django_db
def test_a_batch_with_holes_names_its_ids() -> None:
    ids = write_many(7)
    remove([ids[1], ids[5]])
    assert sealing.seal() == 5
    first = ids[0]
    assert ranges() == [f"{first},{first + 2}-{first + 4},{first + 6}"]
    assert entries(ranges()[0]) == [*ids[:1], *ids[2:5], ids[6]]


@pytest.mark.django_db
def test_a_batch_ends_at_a_thousand_entries() -> None:
    ids = write_many(1001)
    assert sealing.seal() == 1001
    assert ranges() == [f"{ids[0]}-{ids[999]}", str(ids[1000])]


def check_an_open_transaction_is_waited_for() -> None:
    first = begin()
    written, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            write(ago=NOW)
            written.set()
            assert go_on.wait(30)

    holder = threading.Thread(target=closing_connections(hold))
    holder.start()
    try:
        assert written.wait(30)
        behind = write(ago=NOW)
        assert behind == first + 2
        assert sealing.seal() == 0
    finally:
        go_on.set()
        holder.join()
    assert sealing.seal() == 2
    assert ranges()[1] == f"{first + 1}-{behind}"
    assert verified().startswith("Untouched: 3 entries, 0 of them")


def check_writing_waits_for_no_seal() -> None:
    begin()
    write(ago=NOW)
    with transaction.atomic():
        assert sealing.seal() == 1
        writer = threading.Thread(target=closing_connections(lambda: write(ago=NOW)))
        writer.start()
        writer.join(30)
        # The seal is not committed, and the entry is there.
        assert not writer.is_alive()
    assert ProcessingEntry.rows.count() == 3
    assert sealing.seal() == 1
    assert verified().startswith("Untouched: 3 entries, 0 of them not sealed yet; 3 seals.")


def check_sealers_make_one_chain() -> None:
    write_many(3500)
    starting = threading.Barrier(4)
    sealed: list[int] = []

    def work() -> None:
        starting.wait()
        sealed.extend(sealing.seal() for _ in range(5))

    sealers = [threading.Thread(target=closing_connections(work)) for _ in range(4)]
    for sealer in sealers:
        sealer.start()
    for sealer in sealers:
        sealer.join()
    assert sum(sealed) == 3500
    assert len(sealed) == 20
    assert list(ProcessingSeal.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert verified().startswith("Untouched: 3500 entries, 0 of them not sealed yet; 4 seals.")


@pytest.mark.postgres
@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_an_open_transactions_entry_is_sealed_with_what_was_written_after_it() -> None:
    check_an_open_transaction_is_waited_for()


@pytest.mark.postgres
@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_writing_an_entry_waits_for_no_seal_and_the_next_seal_has_it() -> None:
    check_writing_waits_for_no_seal()


@pytest.mark.django_db(transaction=True)
def test_several_sealers_at_once_make_one_chain() -> None:
    check_sealers_make_one_chain()


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_on_mariadb_several_sealers_at_once_make_one_chain() -> None:
    check_sealers_make_one_chain()


@pytest.mark.django_db
def test_the_slower_of_two_sealers_leaves_the_rest_to_the_faster() -> None:
    begin()
    write()
    with after(f'"{ENTRIES}"' if connection.vendor != "mysql" else ENTRIES, sealing.seal):
        assert sealing.seal() == 0
    assert len(ranges()) == 2
    assert verified().startswith("Untouched: 2 entries, 0 of them")


@pytest.mark.django_db
def test_what_is_written_while_a_seal_is_made_is_in_the_next_one() -> None:
    begin()
    one = write(ago=NOW)
    with after(f"INSERT INTO {connection.ops.quote_name(SEALS)}", lambda: write(ago=NOW)):
        assert sealing.seal() == 2
    assert ranges()[1:] == [str(one), str(one + 1)]


@pytest.mark.parametrize(
    ("ago", "noted"), [(NOTED_WITHIN - MINUTE, True), (NOTED_WITHIN + MINUTE, False)]
)
def test_an_outcome_is_noted_within_half_an_hour_or_not_at_all(
    db: None,
    erply: Sandbox,
    caplog: pytest.LogCaptureFixture,
    ago: datetime.timedelta,
    noted: bool,
) -> None:
    entry = ProcessingEntry.rows.get(pk=write(ago=ago, outcome=""))
    access = processing.Access(account.registry().lent(), entry)
    access.note(Outcome.DONE)
    assert ProcessingOutcome.objects.exists() is noted
    assert ("took too long" in caplog.text) is not noted


@pytest.mark.django_db
def test_what_is_sealed_and_erply_must_be_told_is_queued_with_the_seal() -> None:
    read = write()
    write(activity="update", api="classic")
    crm = write(activity="update", api="crm")
    unknown = write(activity="delete", outcome="")
    write(activity="delete", outcome="failed", api="crm")
    write(customer_id=None)
    with (
        refusing(f"INSERT {DELIVERIES}"),
        pytest.raises(OperationalError),
        transaction.atomic(),
    ):
        sealing.seal()
    assert ranges() == []
    assert sealing.seal() == 6
    queued = ProcessingDelivery.objects.order_by("pk").values_list("pk", "state")
    assert list(queued) == [(pk, "waiting") for pk in (read, crm, unknown)]


@pytest.mark.parametrize(("told", "queued"), [("none", 0), ("reads", 1), ("all", 2)])
@pytest.mark.django_db
def test_what_is_queued_is_a_setting(settings: Any, told: str, queued: int) -> None:
    configure(settings, LOG_DELIVERY=told)
    write()
    write(activity="update", api="crm")
    assert sealing.seal() == 2
    assert ProcessingDelivery.objects.count() == queued


@pytest.mark.django_db
def test_sealing_stops_before_what_was_tampered_with_and_goes_on_once_it_is_put_right() -> None:
    ids = write_many(5)
    purpose = stored(ProcessingEntry, ids[2], "purpose")
    change(ProcessingEntry, ids[2], "purpose", "Another")
    for _ in range(2):
        with pytest.raises(sealing.Tampered, match=f"Entry {ids[2]} is not what was written"):
            sealing.seal()
    assert ranges() == [f"{ids[0]}-{ids[1]}"]
    change(ProcessingEntry, ids[2], "purpose", purpose)
    assert sealing.seal() == 3
    assert verified().startswith("Untouched: 5 entries, 0 of them not sealed yet; 2 seals.")


@pytest.mark.django_db
def test_sealing_goes_on_once_a_forged_entry_is_removed() -> None:
    pk = write()
    forged = insert(row(pk), id=10**15, uid="0" * 32)
    with pytest.raises(sealing.Tampered, match=f"Entry {forged} is not"):
        sealing.seal()
    sql(f"DELETE FROM {ENTRIES} WHERE id = %s", forged)  # noqa: S608
    assert sealing.seal() == 0
    assert ranges() == [str(pk)]


@pytest.mark.django_db
def test_nothing_is_sealed_behind_a_forged_seal_and_delivery_goes_on(
    erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    write()
    sealing.seal()
    forged = ProcessingSeal.objects.get()
    forged.number = 2
    forged.save(force_insert=True)
    write()
    with pytest.raises(sealing.Tampered, match="Seal 2 is not what was written"):
        sealing.seal()
    assert verified() == "1: Seal 2 is not what was written."
    assert delivery.deliver().states == {"delivered": 2}
    assert "tampered with: Seal 2 is not" in caplog.text


@pytest.mark.django_db
def test_what_was_pruned_cannot_be_put_back_as_new() -> None:
    old = write(ago=datetime.timedelta(days=400), activity="update")
    kept = row(old)
    sealing.seal()
    verification.prune(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=365))
    recent = write()
    back = insert(kept, id=recent + 1)
    named = f"Entry {back} is as old as what was pruned: it was inserted."
    assert verified() == f"1: {named}"
    with pytest.raises(sealing.Tampered, match=named):
        sealing.seal()
    remove([back])
    assert verified().startswith("Untouched: 1 entries, 0 of them")


@pytest.mark.django_db
def test_a_new_key_verifies_what_was_written_under_the_old_ones(settings: Any) -> None:
    first = settings.ERPLY_AUTH["LOG_KEY"]
    begin()
    open_ = write(ago=NOW, outcome="")
    configure(settings, LOG_KEY="second", LOG_KEY_FALLBACKS=[first])
    note(ProcessingEntry.rows.get(pk=open_))
    write(ago=NOW)
    assert sealing.seal() == 2
    configure(settings, LOG_KEY="third", LOG_KEY_FALLBACKS=["second", first])
    write(ago=NOW)
    assert verified().startswith("Untouched: 4 entries, 0 of them not sealed yet; 2 seals.")
    assert verified().startswith("Untouched: 4 entries, 0 of them not sealed yet; 3 seals.")
    configure(settings, LOG_KEY="third", LOG_KEY_FALLBACKS=["second"])
    assert verified() == "1: Seal 1 is not what was written."
    configure(settings, LOG_KEY="fourth", LOG_KEY_FALLBACKS=[])
    with pytest.raises(sealing.Tampered, match="Seal 3 is not what was written"):
        sealing.seal()


@pytest.mark.django_db(transaction=True)
def test_without_a_key_nothing_personal_is_shown(
    client: Client, erply: Sandbox, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    log_in(client)
    configure(settings, LOG_KEY="")
    erply.calls.clear()
    answer = client.get(PROFILE)
    assert answer.status_code == 503
    person = erply.customers[15]
    assert not any(person[field] in answer.content.decode() for field in ("email", "phone"))
    assert erply.calls == []
    assert "ERPLY_AUTH['LOG_KEY'] is missing" in caplog.text
    client.logout()
    assert log_in(client).status_code == 503
    assert not client.get("/who/").json()["member"]
    assert ProcessingEntry.rows.count() == 1


def test_in_development_a_key_is_not_needed(settings: Any) -> None:
    configure(settings, LOG_KEY="")
    with pytest.raises(ErplyConfigurationError, match="LOG_KEY"):
        evidence.mac("x")
    settings.DEBUG = True
    code = evidence.mac("x")
    assert evidence.is_authentic(code, "x")
    settings.SECRET_KEY = "another"
    assert not evidence.is_authentic(code, "x")


class Explosive:
    """Something that cannot be written down."""

    def __repr__(self) -> str:
        raise ZeroDivisionError


def test_no_error_report_shows_the_key(settings: Any) -> None:
    for use in (evidence.mac, lambda part: evidence.is_authentic("", part)):
        with pytest.raises(ZeroDivisionError) as raised:
            use(Explosive())
        report = ExceptionReporter(None, raised.type, raised.value, raised.tb).get_traceback_html()
        assert "_hmac" in report
        assert settings.ERPLY_AUTH["LOG_KEY"] not in report


def test_a_key_need_not_be_text(settings: Any) -> None:
    configure(settings, LOG_KEY=os.fsdecode(b"\xff\xfe and more"))
    assert evidence.is_authentic(evidence.mac("x"), "x")


def test_no_two_lists_of_parts_have_one_code() -> None:
    lists: list[list[object]] = [["ab"], ["a", "b"], ["a,b"], [1], ["1"], [None], ["None"], [""]]
    assert len({evidence.mac(*parts) for parts in lists}) == len(lists)


@pytest.mark.django_db
def test_an_entry_is_authentic_from_its_insert_on(member_entry: ProcessingEntry) -> None:
    entry = sealing.entries_after(None).get()
    assert entry.pk == member_entry.pk
    assert evidence.is_authentic(entry.mac, *evidence.entry_parts(entry))
    outcome = ProcessingOutcome.objects.get()
    assert evidence.is_authentic(outcome.mac, *evidence.outcome_parts(entry.mac, outcome))


@pytest.fixture
def member_entry(db: None, erply: Sandbox) -> ProcessingEntry:
    with processing.recorded_for(15, Activity.READ, ("name",), Purpose.PROFILE, "staff:7"):
        return ProcessingEntry.rows.get()
