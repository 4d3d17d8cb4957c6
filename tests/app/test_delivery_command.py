"""erply_deliver_log: one pass or a loop, what it says, and how it ends."""

import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from erply_auth.sandbox import Sandbox

from .delivering import CALL, MARI, run, states, told, told_of, write
from .support import configure, table_gone

TABLE = "erply_auth_processingdelivery"


@pytest.mark.django_db
def test_a_pass_says_what_came_of_it(erply: Sandbox) -> None:
    write()
    write(4711)
    write(client_code="999999")
    assert run() == (
        0,
        "Delivered 1, failed 1, not applicable 0, waiting 1; 2 requests to Erply.\n",
        "",
    )


@pytest.mark.django_db
def test_erply_out_of_reach_is_told_in_a_line(settings: Any) -> None:
    write()
    configure(settings, API_URL="http://127.0.0.1:9/api/")
    status, _, complaint = run()
    assert status == 1
    assert complaint.startswith("verifyUser: no answer: see whether Erply can be reached")
    assert "\n" not in complaint


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("loop", [False, True])
def test_missing_settings_are_named_without_a_traceback(settings: Any, loop: bool) -> None:
    configure(settings, USERNAME="")
    status, _, complaint = run(loop=loop)
    assert status == 1
    assert complaint == "ERPLY_AUTH['USERNAME'] is missing."


@pytest.mark.django_db(transaction=True)
def test_a_database_that_refuses_is_told_in_a_line(erply: Sandbox) -> None:
    write()
    with table_gone(TABLE):
        status, _, complaint = run()
    assert status == 1
    assert complaint.startswith("The database refused (")
    assert run()[0] == 0
    assert told_of(erply) == {MARI: 1}


@pytest.mark.parametrize("every", ["-1", "nan", "1e9", "x"])
def test_a_rest_must_be_one(every: str) -> None:
    with pytest.raises(CommandError, match="--every"):
        call_command("erply_deliver_log", "--every", every)


def handlers() -> list[Any]:
    return [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]


@contextmanager
def ended_by(number: signal.Signals, when: Callable[[], bool]) -> Iterator[None]:
    """Sends this process a signal as soon as something has happened, and once more for luck."""
    over = threading.Event()

    def watch() -> None:
        try:
            while not when() and not over.wait(0.01):
                pass
            for _ in range(2):
                os.kill(os.getpid(), number)
        finally:
            connections.close_all()

    watcher = threading.Thread(target=watch)
    # The one for luck may come when the command has gone: it must not end the tests.
    before = {
        each: signal.signal(each, lambda *_: None) for each in (signal.SIGINT, signal.SIGTERM)
    }
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        for each, handler in before.items():
            signal.signal(each, handler)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_loop_ends_with_its_work_marked_when_it_is_told_to(
    erply: Sandbox, number: signal.Signals
) -> None:
    fault = erply.fault("latency", seconds=0.5, calls=CALL)
    write()
    # In the midst of a request: what is being sent is sent and marked.
    with ended_by(number, lambda: bool(fault.hits)):
        before = handlers()
        assert run(loop=True, every=3600)[0] == 0
        assert handlers() == before
    assert states() == ["delivered"]
    assert told_of(erply) == {MARI: 1}


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_rests_ends_at_once(erply: Sandbox) -> None:
    write()
    with ended_by(signal.SIGTERM, lambda: states() == ["delivered"]):
        assert run(loop=True, every=3600)[0] == 0


@pytest.mark.django_db(transaction=True)
def test_a_loop_delivers_what_is_written_meanwhile(erply: Sandbox) -> None:
    written: list[int] = []

    def goes_on() -> bool:
        if len(told(erply)) == len(written):
            written.append(write())
        return len(written) > 3

    with ended_by(signal.SIGTERM, goes_on):
        call_command("erply_deliver_log", "--loop", "--every", "0.01", stdout=io.StringIO())
    assert told_of(erply)[MARI] >= 3


@pytest.mark.django_db(transaction=True)
def test_a_loop_outlives_an_erply_that_is_away(erply: Sandbox) -> None:
    write()
    fault = erply.fault("error", code=1002, calls=CALL)

    def is_back() -> bool:
        if fault.hits == 3:
            erply.clear_faults()
        return bool(told(erply))

    with ended_by(signal.SIGTERM, is_back):
        status, _, complaint = run(loop=True, every=0.01, retry_now=True)
    assert status == 0
    assert complaint.count("quota is spent (1002)") >= 3
    assert states() == ["delivered"]


@pytest.mark.django_db(transaction=True)
def test_a_loop_outlives_a_database_that_refuses(erply: Sandbox) -> None:
    write()
    complaints: list[str] = []

    class Complaints:
        def write(self, text: str) -> None:
            complaints.append(text)

    with table_gone(TABLE), ended_by(signal.SIGTERM, lambda: len(complaints) > 2):
        call_command("erply_deliver_log", loop=True, every=0.01, stderr=Complaints())
    assert all(line.startswith("The database refused (") for line in complaints)
    assert run()[0] == 0
    assert states() == ["delivered"]
