"""Deliverers as processes of their own: several at once, killed, ended, cut off."""

import re
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from erply_auth import delivery
from erply_auth.models import ProcessingDelivery
from erply_auth.sandbox import Sandbox
from erply_auth.sandbox.account import ProcessingRecord
from tests.project.support import copy_shop

from .delivering import (
    CALL,
    HOURS,
    MARI,
    customers,
    delivered,
    entry,
    requests_of,
    states,
    told,
    told_of,
    write,
    write_many,
)
from .processes import deliverer, ended, process, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copy_shop(tmp_path)


def leases() -> int:
    """How many deliverers have something."""
    leased = ProcessingDelivery.objects.exclude(lease=None)
    return leased.values("lease").distinct().count()


def delivered_by(words: str) -> int:
    found = re.search(r"Delivered (\d+), failed 0", words)
    assert found, words
    return int(found[1])


class Gated(list[ProcessingRecord]):
    """Erply's log, into which nothing is written before the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def append(self, line: ProcessingRecord) -> None:
        self.gate.wait()
        super().append(line)


def drain_with_two(erply: Sandbox, shop: Path) -> None:
    """Two deliverers, neither of which is answered before both have something to send."""
    erply.processing_log = log = Gated()
    with deliverer(erply, shop) as one, deliverer(erply, shop) as two:
        try:
            wait_until(lambda: leases() == 2, one, two)
        finally:
            log.gate.set()
        results = [ended(each) for each in (one, two)]
    assert [status for status, _, _ in results] == [0, 0], results
    assert all(delivered_by(words) > 0 for _, words, _ in results)


def check_nothing_twice(erply: Sandbox, wanted: Counter[int]) -> None:
    assert told_of(erply) == wanted
    assert set(states()) == {"delivered"}
    assert not ProcessingDelivery.objects.exclude(tries=1).exists()


def test_two_deliverers_send_nothing_twice(erply: Sandbox, shop: Path) -> None:
    write_many(entry() for _ in range(4200))
    drain_with_two(erply, shop)
    check_nothing_twice(erply, Counter({MARI: 4200}))


@pytest.mark.postgres
def test_two_deliverers_drain_ten_thousand_that_do_not_merge(erply: Sandbox, shop: Path) -> None:
    write_many(entry() for _ in range(10_000))
    drain_with_two(erply, shop)
    check_nothing_twice(erply, Counter({MARI: 10_000}))
    keys = 2  # Each has a cache of its own.
    assert erply.round_trips - keys <= 110


@pytest.mark.postgres
def test_two_deliverers_drain_ten_thousand_that_merge_in_a_few_requests(
    erply: Sandbox, shop: Path
) -> None:
    members = customers(erply, 100)
    write_many(entry(member) for _ in range(100) for member in members)
    drain_with_two(erply, shop)
    check_nothing_twice(erply, Counter(dict.fromkeys(members, 100)))
    assert erply.round_trips <= 10


# What `erply_deliver_log` has needed at most, in kilobytes.
MEASURED = """
import resource, os
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django
django.setup()
from django.core.management import call_command
call_command("erply_deliver_log")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def memory_for(erply: Sandbox, shop: Path, number: int) -> int:
    members = customers(erply, 50)
    write_many(entry(members[n % 50], age=HOURS) for n in range(number))
    with process(erply, shop, "-c", MEASURED) as started:
        status, words, complaint = ended(started)
    assert (status, complaint) == (0, "")
    assert delivered_by(words) == number
    return int(words.split()[-1])


def test_a_pass_over_many_needs_no_more_memory_than_one_over_few(
    erply: Sandbox, shop: Path
) -> None:
    few = memory_for(erply, shop, 2_000)
    many = memory_for(erply, shop, 10_000)
    assert many - few < 8 * 1024


@pytest.mark.parametrize("performed", [False, True])
def test_a_deliverer_killed_in_mid_request_loses_nothing(
    erply: Sandbox, shop: Path, performed: bool
) -> None:
    write_many(entry() for _ in range(150))
    fault = erply.fault("timeout", seconds=60, performed=performed, calls=CALL)
    with deliverer(erply, shop) as killed:
        wait_until(lambda: fault.hits, killed)
        killed.kill()
        assert ended(killed)[0] == -signal.SIGKILL
    erply.clear_faults()
    # Its lease still holds, so for all anybody knows it lives.
    assert delivered(delivery.deliver(retry_now=True)) == {}
    ProcessingDelivery.objects.update(leased_until=timezone.now())
    with deliverer(erply, shop) as other:
        assert delivered_by(ended(other)[1]) == 150
    assert told_of(erply) == {MARI: 250 if performed else 150}
    assert set(states()) == {"delivered"}


def test_a_loop_that_is_terminated_marks_what_it_has_sent(erply: Sandbox, shop: Path) -> None:
    write()
    fault = erply.fault("latency", seconds=1, calls=CALL)
    with deliverer(erply, shop, "--loop", "--every", "3600") as loop:
        wait_until(lambda: fault.hits, loop)
        loop.terminate()
        status, words, complaint = ended(loop)
    assert (status, complaint) == (0, "")
    assert words == "Delivered 1, failed 0, not applicable 0, waiting 0; 1 requests to Erply.\n"
    assert states() == ["delivered"]
    assert told_of(erply) == {MARI: 1}


def test_a_loop_goes_on_after_erply_was_down(erply: Sandbox, shop: Path) -> None:
    write()
    fault = erply.fault("http", status=503, calls=CALL)
    with deliverer(erply, shop, "--loop", "--every", "0.05", "--retry-now") as loop:
        wait_until(lambda: fault.hits > 2, loop)
        erply.clear_faults()
        wait_until(lambda: told(erply) and states() == ["delivered"], loop)
        loop.terminate()
        status, _, complaint = ended(loop)
    assert status == 0
    assert "no answer (503)" in complaint


@pytest.mark.postgres
def test_a_loop_goes_on_after_the_database_cut_it_off(erply: Sandbox, shop: Path) -> None:
    write()
    fault = erply.fault("latency", seconds=1, calls=CALL)
    with deliverer(erply, shop, "--loop", "--every", "0.05", "--retry-now") as loop:
        # While Erply has the question, so that what came of it cannot be marked.
        wait_until(lambda: fault.hits, loop)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
            assert cursor.fetchone() == (1,)
        wait_until(lambda: told(erply), loop)
        erply.clear_faults()
        other = write(20)
        wait_until(lambda: 20 in told_of(erply), loop)
        assert told_of(erply)[MARI] == 1
        ProcessingDelivery.objects.exclude(pk=other).update(leased_until=timezone.now())
        wait_until(lambda: set(states()) == {"delivered"}, loop)
        loop.terminate()
        status, _, complaint = ended(loop)
    assert status == 0
    assert "The database refused (" in complaint
    # At least once: that it had been sent was not marked.
    assert told_of(erply) == {MARI: 2, 20: 1}
    assert len(requests_of(erply)) == 3


def test_a_pass_that_fails_exits_with_1_and_one_line(erply: Sandbox, shop: Path) -> None:
    erply.no_customer_data_access = True
    write()
    with deliverer(erply, shop) as refused:
        status, _, complaint = ended(refused)
    assert status == 1
    (line,) = complaint.splitlines()
    assert line.startswith("CommandError: logProcessingOfCustomerData: ")
    assert "grant the API user access to customer data in Erply's GDPR settings" in line


def test_outside_the_eu_a_pass_exits_with_0_and_says_nothing_of_it(
    erply: Sandbox, shop: Path
) -> None:
    erply.outside_eu = True
    write()
    with deliverer(erply, shop) as started:
        assert ended(started) == (
            0,
            "Delivered 0, failed 0, not applicable 1, waiting 0; 1 requests to Erply.\n",
            "",
        )
