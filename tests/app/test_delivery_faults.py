"""Whatever Erply answers, no entry is lost, and none that is at fault holds up the others."""

import datetime
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from erply_auth import delivery
from erply_auth.models import ProcessingDelivery, ProcessingEntry
from erply_auth.sandbox import Sandbox

from .delivering import (
    CALL,
    GONE,
    MARI,
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
from .support import closing_connections, configure

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged that an operator would have to look at."""
    yield
    assert [r for r in caplog.records if r.levelno > logging.INFO] == []


def outer(code: int) -> dict[str, Any]:
    """A fault that answers the bulk request as a whole with an error."""
    body = {"status": {"responseStatus": "error", "errorCode": code}, "requests": None}
    return {"kind": "http", "status": 200, "body": json.dumps(body)}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("how", ["switch", "outer"])
def test_outside_the_eu_nothing_applies_and_nobody_is_bothered(erply: Sandbox, how: str) -> None:
    erply.outside_eu = how == "switch"
    if how == "outer":
        erply.fault(**outer(1149), calls=CALL)
    write_many(entry(purpose=f"No. {number}") for number in range(230))
    status, words, complaint = run()
    assert (status, complaint) == (0, "")
    assert "not applicable 230, waiting 0; 1 requests" in words
    assert states() == ["not_applicable"] * 230
    assert len(requests_of(erply)) == 100
    # Asked again for what is new, in case the account has moved.
    erply.outside_eu = False
    erply.clear_faults()
    new = write()
    run()
    assert state_of(new) == "delivered"
    assert told_of(erply) == {MARI: 1}


@pytest.mark.parametrize("switch", [True, False])
def test_without_access_to_customer_data_an_operator_reads_how_to_grant_it(
    erply: Sandbox, switch: bool
) -> None:
    if switch:
        erply.no_customer_data_access = True
    else:
        erply.fault("error", code=1060, calls=CALL)
    write_many(entry(purpose=f"No. {number}") for number in range(101))
    status, words, complaint = run()
    assert status == 1
    # None of the others is tried first: that would cost a quota.
    assert "failed 101, not applicable 0, waiting 101; 1 requests" in words
    wanted = "grant the API user access to customer data in Erply's GDPR settings"
    assert (wanted if switch else "the right to this call") in complaint
    assert states() == ["failed"] * 101
    assert {row.refusals for row in queued()} == {0}
    # Once granted, all is delivered.
    erply.no_customer_data_access = False
    erply.clear_faults()
    assert run(retry_now=True)[0] == 0
    assert states() == ["delivered"] * 101
    assert told_of(erply) == {MARI: 101}


LOST: list[dict[str, Any]] = [
    {"kind": "timeout", "seconds": 3.0},
    {"kind": "reset"},
    {"kind": "html"},
    {"kind": "empty"},
    {"kind": "not_json"},
    {"kind": "http", "status": 503},
    {"kind": "http", "status": 429},
    *({"kind": "shape", "shape": shape} for shape in ("list", "no_status", "empty_records")),
    outer(1002),
    outer(1000),
    outer(1001),
]


@pytest.mark.parametrize("fault", LOST, ids=lambda f: "-".join(map(str, f.values()))[:60])
def test_a_request_that_failed_ends_the_pass_and_is_made_up_for(
    erply: Sandbox, settings: Any, fault: dict[str, Any]
) -> None:
    usual = settings.ERPLY_AUTH
    if fault["kind"] == "timeout":
        configure(settings, BULK_TIMEOUT=1.0)
    write_many(entry(purpose=f"No. {number}") for number in range(120))
    erply.fault(**fault, calls=CALL)
    status, words, complaint = run()
    assert status == 1
    assert "Delivered 0, failed 100, not applicable 0, waiting 120; 1 requests" in words
    assert complaint.startswith("bulk request: ")
    assert states() == ["failed"] * 100 + ["waiting"] * 20
    # The failed ones wait, the others do not; and none of them counts as refused.
    erply.clear_faults()
    settings.ERPLY_AUTH = usual
    assert run()[0] == 0
    assert states() == ["failed"] * 100 + ["delivered"] * 20
    assert run(retry_now=True)[0] == 0
    assert states() == ["delivered"] * 120
    assert told_of(erply) == {MARI: 120}
    assert {row.refusals for row in queued()} == {0}


@pytest.mark.parametrize("code", [1005, 1015])
def test_a_request_that_makes_no_sense_to_erply_is_not_made_again_and_again(
    erply: Sandbox, code: int
) -> None:
    write_many(entry(purpose=f"No. {number}") for number in range(120))
    erply.fault(**outer(code), calls=CALL)
    assert run()[0] == 1
    assert states() == ["failed"] * 120
    assert {row.refusals for row in queued()} == {0}
    assert run() == (
        0,
        "Delivered 0, failed 0, not applicable 0, waiting 120; 0 requests to Erply.\n",
        "",
    )


@pytest.mark.parametrize("fault", ["half", "reset", "html", "timeout"])
def test_an_entry_whose_answer_got_lost_is_sent_again(
    erply: Sandbox, settings: Any, fault: str
) -> None:
    usual = settings.ERPLY_AUTH
    if fault == "timeout":
        configure(settings, BULK_TIMEOUT=1.0)
    pk = write()
    more = {} if fault == "half" else {"performed": True}
    erply.fault(fault, calls=CALL, times=1, **more)
    assert run()[0] == 1
    assert (state_of(pk), told_of(erply)) == ("failed", {MARI: 1})
    settings.ERPLY_AUTH = usual
    assert run(retry_now=True)[0] == 0
    # At least once, and here twice: Erply has no way to mark a repetition.
    assert (state_of(pk), told_of(erply)) == ("delivered", {MARI: 2})


def test_fewer_answers_than_questions_are_no_answer(erply: Sandbox) -> None:
    for purpose in ("One", "Two"):
        write(purpose=purpose)
    status = {"responseStatus": "ok", "errorCode": 0}
    answers = [{"status": {**status, "requestID": 1}, "records": None}]
    body = json.dumps({"status": status, "requests": answers})
    erply.fault("http", status=200, body=body, calls=CALL, times=1)
    assert run()[0] == 1
    assert states() == ["failed", "failed"]


def test_an_answer_to_another_question_is_told_and_holds_up_nobody(erply: Sandbox) -> None:
    write_many(entry(purpose=f"No. {number}") for number in range(3))
    status = {"responseStatus": "ok", "errorCode": 0}
    ids = (1, 7, 3)
    answers = [{"status": {**status, "requestID": id_}, "records": None} for id_ in ids]
    body = json.dumps({"status": status, "requests": answers})
    erply.fault("http", status=200, body=body, calls=CALL, times=1)
    code, _, complaint = run()
    assert code == 1
    assert "makes no sense" in complaint
    assert states() == ["delivered", "failed", "delivered"]


def test_a_key_that_expires_on_the_way_is_renewed(erply: Sandbox) -> None:
    write_many(entry(purpose=f"No. {number}") for number in range(150))
    expired: list[bool] = []

    def expire_once() -> bool:
        if erply.processing_log and not expired:
            expired.append(True)
            erply.expire_sessions()
        return False

    report = delivery.deliver(is_stopping=expire_once)
    assert expired
    assert (report.stopped_by, report.requests) == (None, 2)
    assert told_of(erply) == {MARI: 150}
    assert [call.name for call in erply.calls].count("verifyUser") == 2


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_erply_is_asked(erply: Sandbox) -> None:
    write()
    fault = erply.fault("latency", seconds=1, calls=CALL)
    passes: list[delivery.Report] = []
    deliverer = threading.Thread(
        target=closing_connections(lambda: passes.append(delivery.deliver()))
    )
    deliverer.start()
    pause = threading.Event()
    while not fault.hits and deliverer.is_alive():
        pause.wait(0.01)
    # Erply has the question and has not answered: the lease can be seen, and anybody may write.
    (row,) = queued()
    assert row.lease is not None
    assert row.state == "waiting"
    other = write(20)
    assert ProcessingDelivery.objects.update(error="seen") == 1
    assert (passes, told(erply)) == ([], [])
    deliverer.join()
    assert delivered(passes[0]) == {"delivered": 1}
    assert state_of(other) == "waiting"
    assert told_of(erply) == {MARI: 1}


def test_back_off_is_kept_until_it_is_over_or_ignored(erply: Sandbox) -> None:
    pk = write(GONE)
    delivery.deliver()
    erply.customers[GONE] = {**erply.customers[MARI], "id": GONE}
    assert delivered(delivery.deliver()) == {}
    ProcessingDelivery.objects.update(due_at=timezone.now() - datetime.timedelta(seconds=1))
    assert delivered(delivery.deliver()) == {"delivered": 1}
    assert (state_of(pk), told_of(erply)) == ("delivered", {GONE: 1})


def test_each_is_tried_once_in_a_pass_even_if_it_is_due_at_once(erply: Sandbox) -> None:
    write(GONE)
    write_many(entry(purpose=f"No. {number}") for number in range(2100))
    assert delivered(delivery.deliver(retry_now=True)) == {"delivered": 2100, "failed": 1}
    assert [row.tries for row in queued()] == [1] * 2101


def test_a_pass_that_is_told_to_stop_gives_back_what_it_has_not_sent(erply: Sandbox) -> None:
    write_many(entry(purpose=f"No. {number}") for number in range(250))
    report = delivery.deliver(is_stopping=lambda: len(told(erply)) >= 100)
    assert (delivered(report), report.requests) == ({"delivered": 100}, 1)
    assert not ProcessingDelivery.objects.exclude(lease=None).exists()
    assert delivered(delivery.deliver()) == {"delivered": 150}
    assert told_of(erply) == {MARI: 250}


def test_no_secret_and_no_value_is_in_what_is_kept_or_said(
    erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    write(GONE, purpose="Secret purpose")
    erply.fault("error", code=1002, times=1)
    said = [str(run(retry_now=True)) for _ in range(2)]
    kept = str([(row.error, row.state) for row in queued()])
    key = erply.calls[-1].session_key
    assert key
    for text in (*said, kept, caplog.text):
        assert key not in text
        assert erply.api_password not in text
        assert "Secret purpose" not in text
    assert ProcessingEntry.objects.count() == 1
