"""`make demo` as a newcomer runs it: log in, look round, end it, find nothing left."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.project.support import PROJECT, environment, free_port, is_listening

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
# This interpreter stands in for .venv's, which `make` would install first.
MAKE = ["make", "demo", f"RUN={sys.executable}", "--old-file=.venv/installed"]


class Demo:
    """`make demo` in a process group of its own, with a database of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.site = f"http://127.0.0.1:{port}"
        self.words = ""
        self.process = subprocess.Popen(
            [*MAKE, f"PORT={port}"],
            cwd=PROJECT,
            env=environment(DATABASE_URL=f"sqlite:///{folder}/db.sqlite3", CACHE_URL=""),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._ready = threading.Event()
        self._heard = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._heard:
                self.words += line
                self._heard.notify_all()
            if "Ctrl-C" in line:
                self._ready.set()
        self._ready.set()

    def wait(self) -> None:
        assert self._ready.wait(timeout=60)
        assert self.process.poll() is None, self.words

    def wait_for(self, pattern: str) -> str:
        """What it prints that fits."""
        with self._heard:
            assert self._heard.wait_for(lambda: re.search(pattern, self.words), timeout=30)
            found = re.search(pattern, self.words)
        assert found
        return found[0]

    def is_gone(self) -> bool:
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return not is_listening(self.port)
        return False

    def end(self) -> None:
        if not self.is_gone():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def demo(folder: Path, port: int | None = None) -> Iterator[Demo]:
    running = Demo(folder, port or free_port())
    try:
        yield running
    finally:
        running.end()


def send(browser: requests.Session, url: str, fields: dict[str, str]) -> None:
    token = TOKEN.search(browser.get(url, timeout=10).text)
    assert token
    data = {**fields, "csrfmiddlewaretoken": token[1]}
    answer = browser.post(url, data=data, timeout=10, allow_redirects=False)
    assert answer.status_code == 302, answer.text


def log_in(site: str, username: str, password: str) -> requests.Session:
    browser = requests.Session()
    send(browser, f"{site}/account/login/", {"username": username, "password": password})
    return browser


def test_every_member_it_names_can_log_in_and_only_gold_sees_the_gold_offer(tmp_path: Path) -> None:
    with demo(tmp_path) as shop:
        shop.wait()
        assert f"{shop.site}/" in shop.words
        members = re.findall(r"^  (\w+) +(Sandbox-\S+)", shop.words, re.MULTILINE)
        assert [name for name, _ in members] == ["person", "company", "contact", "gold"]
        gold = []
        for name, password in members:
            with log_in(shop.site, name, password) as browser:
                offers = browser.get(f"{shop.site}/offers/", timeout=10)
                record = browser.get(f"{shop.site}/account/profile/", timeout=10)
            assert (offers.status_code, record.status_code) == (200, 200)
            assert "Log out" in offers.text
            gold += [name] if "For Gold members" in offers.text else []
    assert gold == ["gold"]
    assert "Traceback" not in shop.words


def test_a_visitor_registers_with_the_link_that_it_prints(tmp_path: Path) -> None:
    with demo(tmp_path) as shop:
        shop.wait()
        with requests.Session() as browser:
            fields = {"username": "uku", "email": "uku@example.ee", "company_name": "Uus"}
            send(browser, f"{shop.site}/account/register/", fields)
            link = shop.wait_for(rf"{shop.site}/account/register/\S+/")
            send(browser, link, dict.fromkeys(("password1", "password2"), "Uus-salasõna-77"))
        log_in(shop.site, "uku", "Uus-salasõna-77").close()
    assert "Traceback" not in shop.words


def test_who_was_deleted_is_there_again_in_the_next_demo(tmp_path: Path) -> None:
    for _ in range(2):
        with demo(tmp_path) as shop:
            shop.wait()
            with log_in(shop.site, "person", "Sandbox-person-1") as browser:
                deletion = f"{shop.site}/account/privacy/delete/"
                send(browser, deletion, {"password": "Sandbox-person-1"})
        assert "Your customer account is deleted" in shop.words
        assert "Traceback" not in shop.words


@pytest.mark.parametrize(
    ("send", "signum"),
    [
        (os.kill, signal.SIGTERM),  # `kill` of make, which hands it on
        (os.killpg, signal.SIGTERM),
        (os.killpg, signal.SIGINT),  # Ctrl-C
        (os.killpg, signal.SIGHUP),  # the terminal is closed
    ],
)
def test_a_signal_ends_everything_at_once_and_quietly(
    tmp_path: Path, send: Callable[[int, int], None], signum: signal.Signals
) -> None:
    with demo(tmp_path) as shop:
        shop.wait()
        with requests.Session() as browser:  # whose connection stays open meanwhile
            assert browser.get(shop.site, timeout=10).status_code == 200
            send(shop.process.pid, signum)
            shop.process.wait(timeout=5)
            deadline = time.monotonic() + 5
            while not shop.is_gone() and time.monotonic() < deadline:
                time.sleep(0.02)
        assert shop.is_gone()
    assert "Traceback" not in shop.words


def test_a_port_that_is_taken_is_named_in_one_line(tmp_path: Path) -> None:
    with demo(tmp_path) as first:
        first.wait()
        command = [sys.executable, "-m", "shop.demo", "--port", str(first.port)]
        second = subprocess.run(
            command,
            cwd=PROJECT,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert requests.get(first.site, timeout=10).status_code == 200
    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert second.stderr.startswith(f"Port {first.port}: Address already in use.")


def test_two_demos_start_at_once_on_one_new_database(tmp_path: Path) -> None:
    with demo(tmp_path) as first, demo(tmp_path) as second:
        for shop in (first, second):
            shop.wait()
            log_in(shop.site, "person", "Sandbox-person-1").close()
    assert "Traceback" not in first.words + second.words
