"""What Erply refuses: it holds up nobody else, costs little, and is given up in the end."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from erply_auth import delivery
from erply_auth.sandbox import Sandbox

from .delivering import (
    CALL,
    GONE,
    customers,
    delivered,
    entry,
    queued,
    requests_of,
    run,
    state_of,
    states,
    told,
    told_of,
    write,
    write_many,
)
from .support import an_hour_later

pytestmark = pytest.mark.django_db


def test_one_poisoned_customer_of_a_hundred_holds_up_nobody(erply: Sandbox) -> None:
    members = customers(erply, 99)
    write_many(entry(member) for member in [*members[:70], GONE, *members[70:]])
    report = delivery.deliver()
    assert delivered(report) == {"delivered": 99, "failed": 1}
    assert told_of(erply) == dict.fromkeys(members, 1)
    assert (report.stopped_by, report.trouble) == (None, None)
    assert sum(call.cost for call in requests_of(erply)) < 2
    (bad,) = (row for row in queued() if row.state == "failed")
    assert bad.entry.customer_id == GONE
    assert (bad.tries, bad.refusals) == (1, 1)
    assert "no such record (1011) [customerIDs]" in bad.error
    assert bad.due_at is not None
    assert bad.due_at > timezone.now()


@pytest.mark.parametrize(("code", "status"), [(1011, 0), (1016, 0), (1204, 1), (1077, 1)])
def test_whatever_erply_minds_of_many_is_sent_again_in_parts(
    erply: Sandbox, code: int, status: int
) -> None:
    members = customers(erply, 100)
    write_many(entry(member) for member in members)
    erply.fault("error", code=code, calls=CALL, times=1)
    assert run()[0] == 0
    assert len(requests_of(erply)) == 3
    assert told_of(erply) == dict.fromkeys(members, 1)
    # Of one alone an operator hears unless it is just that customer.
    alone = write()
    erply.fault("error", code=code, calls=CALL, times=1)
    assert run()[0] == status
    assert state_of(alone) == "failed"


def test_who_was_refused_goes_alone_from_then_on(erply: Sandbox) -> None:
    bad = write(GONE)
    delivery.deliver()
    members = customers(erply, 50)
    write_many(entry(member) for member in members)
    erply.calls.clear()
    assert delivered(delivery.deliver(retry_now=True)) == {"delivered": 50, "failed": 1}
    assert len(requests_of(erply)) == 2
    assert state_of(bad) == "failed"


def test_many_entries_of_a_poisoned_customer_do_not_cost_an_hours_quota(erply: Sandbox) -> None:
    members = customers(erply, 99)
    write_many(entry(member) for _ in range(20) for member in [*members, GONE])
    report = delivery.deliver()
    assert delivered(report) == {"delivered": 20 * 99, "failed": 20}
    assert told_of(erply) == dict.fromkeys(members, 20)
    assert sum(call.cost for call in requests_of(erply)) < 20 * 1.6


@pytest.mark.parametrize("code", [1016, 1006])
def test_when_erply_refuses_whomever_it_is_asked_about_the_pass_ends(
    erply: Sandbox, code: int
) -> None:
    members = customers(erply, 400)
    write_many(entry(member, purpose=f"No. {n}") for n in range(3) for member in members)
    erply.fault("error", code=code, calls=CALL)
    status, words, complaint = run()
    assert status == 1
    assert f"the request is refused ({code}): report it with the code" in complaint
    assert "Delivered 0, failed " in words
    # To try all customers one by one would have cost a hundred and twenty units more.
    assert sum(call.cost for call in requests_of(erply)) < 50
    assert told(erply) == []
    assert states() == ["failed"] * 1200
    spent = erply.spent
    assert run()[0] == 0
    assert erply.spent == spent
    # What was not to blame has not been refused, and goes as soon as Erply takes it.
    erply.clear_faults()
    assert run(retry_now=True)[0] == 0
    assert states() == ["delivered"] * 1200


def test_who_is_refused_for_a_week_is_given_up(erply: Sandbox, settings: Any) -> None:
    pk = write(GONE)
    # Outages in between count for nothing.
    erply.fault("error", code=1002, calls=CALL, times=3)
    for _ in range(3):
        delivery.deliver(retry_now=True)
        an_hour_later(settings)
    waits = []
    for _ in range(delivery.GIVE_UP_AFTER - 1):
        delivery.deliver(retry_now=True)
        assert state_of(pk) == "failed"
        (row,) = queued()
        assert row.due_at is not None
        assert row.tried_at is not None
        waits.append(row.due_at - row.tried_at)
    delivery.deliver(retry_now=True)
    (row,) = queued()
    assert (row.state, row.due_at) == ("not_applicable", None)
    assert (row.tries, row.refusals) == (delivery.GIVE_UP_AFTER + 3, delivery.GIVE_UP_AFTER)
    assert len(requests_of(erply)) == delivery.GIVE_UP_AFTER + 3
    assert run(retry_now=True)[0] == 0
    assert len(requests_of(erply)) == delivery.GIVE_UP_AFTER + 3
    check_back_off(waits)


def check_back_off(waits: list[datetime.timedelta]) -> None:
    """Twice as long each time, give or take a half, from four minutes to a day."""
    expected = [datetime.timedelta(seconds=30 * 2**n) for n in range(3, 3 + len(waits))]
    longest = datetime.timedelta(days=1)
    for wait, due in zip(waits, expected, strict=True):
        assert 0.49 < wait / min(due, longest) < 1.51
    assert sum(waits, datetime.timedelta()) > datetime.timedelta(days=4)
