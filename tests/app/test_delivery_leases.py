"""Leases: what one deliverer has, no other sends, unless it died."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from erply_auth import delivery, outbox
from erply_auth.models import ErplyState, ProcessingDelivery
from erply_auth.sandbox import Sandbox

from .delivering import MARI, delivered, entry, queued, state_of, states, told_of, write, write_many
from .support import configure

pytestmark = pytest.mark.django_db

MINUTE = datetime.timedelta(minutes=1)


def lease_all(until: datetime.datetime) -> None:
    """Another deliverer has what is queued."""
    ProcessingDelivery.objects.update(lease=uuid.uuid4(), leased_until=until)


def queue(*ids: int) -> None:
    ProcessingDelivery.objects.bulk_create(ProcessingDelivery(entry_id=pk) for pk in ids)


def test_what_a_living_deliverer_has_is_left_to_it(erply: Sandbox) -> None:
    pk = write()
    queue(pk)
    lease_all(timezone.now() + MINUTE)
    assert delivered(delivery.deliver(retry_now=True)) == {}
    assert (state_of(pk), told_of(erply)) == ("waiting", {})


def test_what_a_dead_deliverer_had_is_taken_over(erply: Sandbox) -> None:
    pk = write()
    queue(pk)
    lease_all(timezone.now() - MINUTE)
    assert delivered(delivery.deliver()) == {"delivered": 1}
    assert (state_of(pk), told_of(erply)) == ("delivered", {MARI: 1})


def test_a_dead_deliverers_work_is_free_within_minutes(erply: Sandbox) -> None:
    write()
    leases: list[datetime.timedelta] = []

    def look() -> bool:
        leases.extend(
            row.leased_until - timezone.now() for row in queued() if row.leased_until is not None
        )
        return False

    delivery.deliver(is_stopping=look)
    (lease,) = leases
    assert 2 * MINUTE - datetime.timedelta(seconds=30) < lease < 3 * MINUTE


def test_a_lease_about_to_run_out_gives_back_the_rest(erply: Sandbox, settings: Any) -> None:
    write_many(entry(purpose=f"No. {number}") for number in range(250))
    leases: set[uuid.UUID | None] = set()

    def slower() -> bool:
        # From the second look on a request may take longer than what was leased first lasts.
        leases.update(row.lease for row in queued())
        if erply.processing_log:
            configure(settings, BULK_TIMEOUT=300)
        return False

    report = delivery.deliver(is_stopping=slower)
    assert (delivered(report), report.requests) == ({"delivered": 250}, 3)
    assert told_of(erply) == {MARI: 250}
    assert len(leases - {None}) == 2


def test_who_has_lost_a_lease_marks_nothing(erply: Sandbox) -> None:
    pk = write()
    queue(pk)
    slow = outbox.Lease(60)
    (mine,) = slow.claim(10, since=timezone.now(), retry_now=False)
    ProcessingDelivery.objects.update(leased_until=timezone.now() - MINUTE)
    fast = outbox.Lease(60)
    assert fast.claim(10, since=timezone.now(), retry_now=False) == [mine]
    assert slow.mark([mine], ErplyState.FAILED, "too late") == 0
    slow.release()
    (row,) = queued()
    assert (row.state, row.tries, row.error) == ("waiting", 0, "")
    assert row.lease is not None
    assert fast.mark([mine], ErplyState.DELIVERED) == 1
    assert state_of(pk) == "delivered"


def test_a_pass_that_lost_its_lease_counts_nothing_as_its_own(erply: Sandbox) -> None:
    write()

    def steal() -> bool:
        lease_all(timezone.now() + MINUTE)
        return False

    report = delivery.deliver(is_stopping=steal)
    assert delivered(report) == {}
    assert states() == ["waiting"]


def test_a_lease_holds_as_long_as_it_says() -> None:
    lease = outbox.Lease(60)
    assert lease.lasts(30)
    assert not lease.lasts(61)


def after_the_look(rival: Callable[[], Any]) -> Any:
    """Lets a rival act once, right after it was looked what is free."""
    waiting = [rival]

    def execute_and_lose(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if waiting and sql.startswith("SELECT") and "leased_until" in sql:
            waiting.pop()()
        return result

    return connection.execute_wrapper(execute_and_lose)


@pytest.mark.parametrize(
    "change",
    [
        {"state": ErplyState.DELIVERED},
        {"lease": uuid.uuid4(), "leased_until": timezone.now() + datetime.timedelta(days=1)},
    ],
    ids=["delivered", "leased"],
)
def test_who_looks_and_then_takes_takes_nothing_that_a_rival_had_first(
    erply: Sandbox, change: dict[str, Any]
) -> None:
    free, taken = write(purpose="Free"), write(purpose="Taken")
    queue(free, taken)
    row = ProcessingDelivery.objects.filter(pk=taken)
    lease = outbox.Lease(60)
    with after_the_look(lambda: row.update(**change)):
        claimed = lease.claim(10, since=timezone.now(), retry_now=True)
    assert [waiting.entry_id for waiting in claimed] == [free]


def test_what_another_process_queues_first_is_queued_once(erply: Sandbox) -> None:
    pk = write()
    waiting = [pk]

    def rival(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if waiting and sql.startswith("INSERT") and "processingdelivery" in sql:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO erply_auth_processingdelivery "
                    "(entry_id, state, tries, refusals, error) VALUES (%s, 'waiting', 0, 0, '')",
                    [waiting.pop()],
                )
        return execute(sql, params, many, context)

    with connection.execute_wrapper(rival):
        assert delivered(delivery.deliver()) == {"delivered": 1}
    assert told_of(erply) == {MARI: 1}
