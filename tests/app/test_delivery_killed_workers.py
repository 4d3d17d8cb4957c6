"""Web workers killed under load: no page without its entry, and no entry that Erply is not told."""

import os
import signal
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest
import requests

from erply_auth import delivery
from erply_auth.models import ProcessingDelivery, ProcessingEntry
from erply_auth.sandbox import Sandbox
from tests.project.support import copy_shop, free_port, is_listening

from .delivering import CALL, delivered, told
from .processes import process, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

MEMBERS = {"person": 15, "gold": 30, "company": 20}
PAGES = {
    "account/": "Member views the overview of their account",
    "account/profile/": "Member views their profile",
    "account/addresses/": "Member views their addresses",
}
KILLS = 4


class Visitor:
    """A member with a browser who logs in and goes from page to page until told to stop."""

    def __init__(self, site: str, name: str) -> None:
        self.site, self.name = site, name
        self.pages: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.over = threading.Event()
        self._browser = requests.Session()
        self._thread = threading.Thread(target=self._go)
        self._thread.start()

    def stop(self) -> None:
        self.over.set()
        self._thread.join()

    def _go(self) -> None:
        while not self.over.is_set():
            for page, purpose in PAGES.items():
                try:
                    self._visit(page, purpose)
                except requests.RequestException:
                    # Whoever was to answer has been killed.
                    self._browser.close()

    def _visit(self, page: str, purpose: str) -> None:
        answer = self._browser.get(f"{self.site}/{page}", timeout=20)
        self.statuses[answer.status_code] += 1
        if answer.url != f"{self.site}/{page}":
            form = {"username": self.name, "password": f"Sandbox-{self.name}-1"}
            form["csrfmiddlewaretoken"] = self._browser.cookies["csrftoken"]
            self._browser.post(f"{self.site}/account/login/", form, timeout=20)
        elif answer.ok:
            self.pages[purpose] += 1


def workers_of(server: subprocess.Popen[str]) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]


def visit_while_workers_are_killed(erply: Sandbox, folder: Path) -> dict[str, Counter[str]]:
    """The pages that reached each member, by purpose."""
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "3", "--log-level", "critical"]
    with process(erply, folder, "-m", "gunicorn", *options, "shop.wsgi", DEBUG="off") as server:
        wait_until(lambda: is_listening(port), server)
        visitors = [Visitor(f"http://127.0.0.1:{port}", name) for name in MEMBERS]
        try:
            for _ in range(KILLS):
                seen = [visitor.pages.total() for visitor in visitors]
                wait_until(
                    lambda seen=seen: all(
                        visitor.pages.total() > before + 2
                        for visitor, before in zip(visitors, seen, strict=True)
                    ),
                    server,
                )
                for worker in workers_of(server)[:2]:
                    os.kill(worker, signal.SIGKILL)
        finally:
            for visitor in visitors:
                visitor.stop()
        server.terminate()
        server.communicate(timeout=60)
    assert not any(visitor.statuses[500] for visitor in visitors)
    return {visitor.name: visitor.pages for visitor in visitors}


def test_every_page_has_its_entry_and_every_entry_reaches_erply(
    erply: Sandbox, tmp_path: Path
) -> None:
    erply.latency = 0.02
    seen = visit_while_workers_are_killed(erply, copy_shop(tmp_path))
    entries = Counter(ProcessingEntry.objects.values_list("customer_id", "purpose"))
    for name, pages in seen.items():
        for purpose, number in pages.items():
            assert 0 < number <= entries[(MEMBERS[name], purpose)]
    # Erply is in a bad way, too, and yet all is told in the end.
    erply.fault("reset", calls=CALL, times=1)
    erply.fault("error", code=1002, calls=CALL, times=1)
    erply.fault("html", calls=CALL, times=1)
    reports = [delivery.deliver(retry_now=True) for _ in range(4)]
    assert [bool(report.stopped_by) for report in reports] == [True, True, True, False]
    assert delivered(reports[-1]) == {"delivered": entries.total()}
    told_to_erply = Counter((line.customer_id, line.description) for line in told(erply))
    assert told_to_erply == entries
    assert not ProcessingDelivery.objects.exclude(state="delivered").exists()
