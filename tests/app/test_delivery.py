"""What Erply's own log is told: all that it must, once, and in as few requests as it takes."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from erply_auth import delivery
from erply_auth.connection import registry
from erply_auth.erply.errors import Reason
from erply_auth.models import Outcome
from erply_auth.sandbox import Sandbox
from erply_auth.sandbox.calls.processing import FIELDS
from tests.selfservice.support import send

from .delivering import (
    HOURS,
    MARI,
    NOW,
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
from .support import PROFILE, configure, log_in

pytestmark = pytest.mark.django_db

READS = {"read", "read failed", "read undecided"}
MORE = {"crm", "unknown"}


def write_every_kind() -> dict[str, int]:
    return {
        "read": write(purpose="read"),
        "read failed": write(outcome=Outcome.FAILED, purpose="read failed"),
        "read undecided": write(outcome=None, purpose="read undecided"),
        "search": write(None, purpose="search"),
        "classic": write(activity="update", api="classic", purpose="classic"),
        "crm": write(activity="create", api="crm", purpose="crm"),
        "crm failed": write(activity="delete", outcome=Outcome.FAILED, api="crm"),
        "nothing sent": write(activity="update", purpose="nothing sent"),
        "unknown": write(activity="update", outcome=None, age=HOURS, purpose="unknown"),
    }


@pytest.mark.parametrize(
    ("setting", "wanted"), [("none", set()), ("reads", READS), ("all", READS | MORE)]
)
def test_erply_is_told_what_it_cannot_see_by_itself_and_the_settings_want(
    erply: Sandbox, settings: Any, setting: str, wanted: set[str]
) -> None:
    configure(settings, LOG_DELIVERY=setting)
    ids = write_every_kind()
    assert delivered(delivery.deliver()) == ({"delivered": len(wanted)} if wanted else {})
    assert {line.description for line in told(erply)} == wanted
    for name, pk in ids.items():
        assert state_of(pk) == ("delivered" if name in wanted else "not_needed"), name
    assert delivered(delivery.deliver(retry_now=True)) == {}
    assert len(told(erply)) == len(wanted)


@pytest.mark.parametrize("api", ["classic", "crm"])
def test_what_a_member_did_is_in_erplys_log_whichever_api_served_them(
    client: Client, erply: Sandbox, settings: Any, api: str
) -> None:
    configure(settings, CUSTOMER_API=api, ADDRESS_API=api)
    log_in(client)
    assert send(client, PROFILE, phone="+3725550000").status_code == 302
    delivery.deliver()
    lines = [(line.activity_type, line.description, line.by_erply) for line in erply.processing_log]
    assert lines.count(("read", "Log-in to the web shop", False)) == 1
    # Once when the form was opened; sending it is the change's own entry.
    assert lines.count(("read", "Member views their profile", False)) == 1
    changes = [line for line in lines if line[0] == "update"]
    by_us = ("update", "Member changes their profile", False)
    assert changes == ([by_us] if api == "crm" else [("update", "", True)])
    assert {line.customer_id for line in erply.processing_log} == {MARI}


def test_an_entry_has_a_line_that_says_the_same_in_erplys_words(erply: Sandbox) -> None:
    write(fields="name,vatNumber,emailOptOut,mobilePhone", purpose='Jüri, "a & b"')
    write(20, "delete", api="crm", fields="password", purpose="Other")
    delivery.deliver()
    first, second = told(erply)
    assert (first.customer_id, first.activity_type) == (MARI, "read")
    assert first.fields == ("name", "nationalIdentificationNumber", "email", "mobilePhone")
    assert first.description == 'Jüri, "a & b"'
    # There is no word of Erply's for a password: rather too much than nothing.
    assert (second.customer_id, second.activity_type, second.fields) == (20, "delete", ("all",))
    assert all(set(line.fields) <= FIELDS for line in told(erply))


def test_entries_of_another_account_stay_where_they_are(erply: Sandbox, settings: Any) -> None:
    other = write(client_code="999999")
    status, words, _ = run()
    assert status == 0
    assert "waiting 0; 0 requests" in words
    assert state_of(other) == "waiting"
    assert erply.calls == []


def test_sixty_members_views_of_one_page_cost_a_tenth_of_a_unit(erply: Sandbox) -> None:
    members = customers(erply, 60)
    for member in members:
        write(member)
    report = delivery.deliver()
    assert (report.requests, len(requests_of(erply))) == (1, 1)
    assert requests_of(erply)[0].cost == 0.1
    assert told_of(erply) == dict.fromkeys(members, 1)
    assert states() == ["delivered"] * 60


def test_sixty_views_by_one_member_cost_a_handful_of_units(erply: Sandbox) -> None:
    for _ in range(60):
        write()
    delivery.deliver()
    assert sum(call.cost for call in requests_of(erply)) == pytest.approx(6)
    assert told_of(erply) == {MARI: 60}
    assert erply.round_trips == 2  # One of them for the session key.


def test_views_of_several_pages_by_several_members_keep_their_numbers(erply: Sandbox) -> None:
    wanted = {}
    for number, member in enumerate(customers(erply, 7), start=1):
        for purpose in ("Overview", "Profile"):
            for _ in range(number):
                write(member, purpose=purpose)
            wanted[(member, purpose)] = number
    delivery.deliver()
    lines = [(line.customer_id, line.description) for line in told(erply)]
    assert {line: lines.count(line) for line in lines} == wanted
    assert len(requests_of(erply)) == 2 * 7


def test_a_line_names_a_hundred_customers_at_most_and_a_request_a_hundred_lines(
    erply: Sandbox,
) -> None:
    members = customers(erply, 250)
    write_many(entry(member) for member in members)
    write_many(entry(purpose=f"No. {number}") for number in range(101))
    report = delivery.deliver()
    sizes = sorted(call.parameters["customerIDs"].count(",") + 1 for call in requests_of(erply))
    assert sizes == [1] * 101 + [50, 100, 100]
    assert report.requests == 2
    assert told_of(erply) == dict.fromkeys(members, 1) | {MARI: 101}


def test_more_than_one_claim_holds_is_delivered_in_one_pass(erply: Sandbox) -> None:
    members = customers(erply, 100)
    write_many(entry(member) for _ in range(22) for member in members)
    assert delivered(delivery.deliver()) == {"delivered": 2200}
    assert told_of(erply) == dict.fromkeys(members, 22)


def test_a_pass_with_nothing_waiting_asks_erply_nothing(erply: Sandbox) -> None:
    write(activity="update", api="classic")
    for _ in range(2):
        assert run() == (
            0,
            "Delivered 0, failed 0, not applicable 0, waiting 0; 0 requests to Erply.\n",
            "",
        )
    assert erply.round_trips == 0


def test_a_change_waits_until_its_outcome_is_known(erply: Sandbox) -> None:
    pk = write(activity="update", outcome=None)
    delivery.deliver()
    assert (state_of(pk), queued(), told(erply)) == ("waiting", [], [])
    assert delivered(delivery.deliver()) == {}


def test_a_change_whose_outcome_is_still_to_come_after_an_hour_is_told(erply: Sandbox) -> None:
    nearly = datetime.timedelta(minutes=59)
    soon = write(activity="update", outcome=None, age=nearly, purpose="Soon")
    late = write(activity="update", outcome=None, age=nearly + 2 * (HOURS / 120), purpose="Late")
    delivery.deliver()
    assert (state_of(soon), state_of(late)) == ("waiting", "delivered")
    assert [line.description for line in told(erply)] == ["Late"]


def test_what_was_queued_is_withdrawn_when_delivery_is_turned_off(
    erply: Sandbox, settings: Any
) -> None:
    read = write()
    change = write(activity="update", api="crm")
    erply.fault("error", code=1148, calls="logProcessingOfCustomerData", times=2)
    delivery.deliver()
    assert (state_of(read), state_of(change)) == ("failed", "failed")
    configure(settings, LOG_DELIVERY="reads")
    delivery.deliver()
    assert (state_of(read), state_of(change)) == ("failed", "not_needed")
    configure(settings, LOG_DELIVERY="none")
    calls = len(erply.calls)
    assert run(retry_now=True)[:2] == (
        0,
        "Delivered 0, failed 0, not applicable 0, waiting 0; 0 requests to Erply.\n",
    )
    assert (state_of(read), state_of(change)) == ("not_needed", "not_needed")
    assert len(erply.calls) == calls


def test_what_was_not_needed_when_it_was_sealed_stays_so(erply: Sandbox, settings: Any) -> None:
    configure(settings, LOG_DELIVERY="none")
    pk = write(age=HOURS)
    delivery.deliver()
    configure(settings, LOG_DELIVERY="all")
    delivery.deliver()
    assert state_of(pk) == "not_needed"
    assert told(erply) == []


def test_what_is_sealed_and_waits_is_delivered_later(erply: Sandbox) -> None:
    pk = write(age=HOURS)
    erply.fault("error", code=1002, times=1)
    assert delivery.deliver().stopped_by
    assert state_of(pk) == "failed"
    delivery.deliver(retry_now=True)
    assert state_of(pk) == "delivered"
    assert told_of(erply) == {MARI: 1}


@pytest.mark.parametrize("sealed", [False, True])
def test_a_forged_entry_is_named_and_not_passed_on_and_holds_up_nobody(
    erply: Sandbox, caplog: pytest.LogCaptureFixture, sealed: bool
) -> None:
    good, forged, later = (write(age=HOURS if sealed else NOW, purpose=str(n)) for n in range(3))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE erply_auth_processingentry SET customer_id = 20 WHERE id = %s", [forged]
        )
    delivery.deliver()
    assert [state_of(pk) for pk in (good, forged, later)] == ["delivered", "failed", "delivered"]
    assert told_of(erply) == {MARI: 2}
    assert f"Entry {forged} is not what was written: Erply is not told of it" in caplog.text
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE erply_auth_processingentry SET customer_id = 15 WHERE id = %s", [forged]
        )
    caplog.clear()
    delivery.deliver(retry_now=True)
    assert state_of(forged) == "delivered"
    assert caplog.text == ""


def test_what_was_tampered_with_stops_the_seals_and_is_told_each_time(
    erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    pk = write(age=HOURS)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE erply_auth_processingentry SET purpose = 'Else' WHERE id = %s", [pk])
    for _ in range(2):
        caplog.clear()
        delivery.deliver()
        (error,) = (r for r in caplog.records if "tampered" in r.getMessage())
        assert error.levelname == "ERROR"
        assert error.getMessage().endswith(f"Entry {pk} is not what was written.")


def test_a_forged_seal_keeps_nothing_from_erply(erply: Sandbox) -> None:
    write(age=HOURS)
    delivery.deliver()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE erply_auth_processingseal SET last_id = last_id + 1000000")
    write(age=HOURS, purpose="After the forgery")
    delivery.deliver()
    assert [line.description for line in told(erply)][-1] == "After the forgery"


def test_the_reserve_of_the_quota_is_left_to_log_ins(erply: Sandbox, settings: Any) -> None:
    write(age=HOURS)
    configure(settings, HOURLY_QUOTA=3, QUOTA_RESERVE=1)
    registry().groups_now()  # With a log-in of the API user before it.
    erply.calls.clear()
    report = delivery.deliver()
    assert report.stopped_by is not None
    assert report.stopped_by.reason is Reason.QUOTA
    assert (erply.calls, [row.state for row in queued()]) == ([], ["waiting"])
    configure(settings, HOURLY_QUOTA=300)
    assert delivery.deliver().states["delivered"] == 1


def test_without_the_cache_that_counts_the_quota_nothing_is_sent(
    erply: Sandbox, settings: Any
) -> None:
    write(age=HOURS)
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:9/0"}}
    code, *_rest = run()
    assert (code, erply.calls, [row.state for row in queued()]) == (1, [], ["waiting"])


def test_delivering_seals_what_is_final(erply: Sandbox) -> None:
    write(age=HOURS)
    delivery.deliver()
    (row,) = queued()
    assert (row.state, row.tries, row.refusals, row.error) == ("delivered", 1, 0, "")
    assert row.tried_at is not None
    assert row.tried_at <= timezone.now()
    assert (row.due_at, row.lease, row.leased_until) == (None, None, None)
    assert str(row) == f"{row.pk}: delivered"
    with connection.cursor() as cursor:
        cursor.execute("SELECT ids FROM erply_auth_processingseal")
        assert cursor.fetchall() == [(str(row.pk),)]
