"""`manage.py erply_sandbox`: the sandbox by itself."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

PROJECT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "django", "erply_sandbox"]
BARE = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "erply_auth"]
"""


@pytest.fixture
def environment(tmp_path):
    """A host project that has set nothing up but its settings module."""
    (tmp_path / "bare_settings.py").write_text(BARE)
    path = os.pathsep.join([str(tmp_path), str(PROJECT)])
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "bare_settings", "PYTHONPATH": path}


@contextmanager
def running(environment, *options: str) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [*COMMAND, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def url_of(line: str) -> str:
    label, url = line.strip().split(": ", 1)
    assert label == "Erply sandbox"
    return url


def ask(url: str, query: str) -> dict:
    with urllib.request.urlopen(f"{url}?{query}", timeout=10) as answer:  # noqa: S310 - our sandbox
        return json.load(answer)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_answers_and_ends_in_peace(environment, number):
    with running(environment, "--port", "0") as process:
        url = url_of(process.stdout.readline())
        answer = ask(url, "clientCode=100100&request=getServiceEndpoints")
        assert answer["status"]["errorCode"] == 0
        process.send_signal(number)
        # Not communicate(), which would miss what readline() has read ahead.
        rest, errors = process.stdout.read(), process.stderr.read()
        process.wait(timeout=30)
    assert process.returncode == 0
    assert errors == ""
    for name in ("person", "company", "contact", "gold"):
        assert f"{name} / Sandbox-{name}-1" in rest
    assert "walkin" not in rest


def test_a_taken_port_is_named_in_one_line(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "--port", str(port)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"CommandError: Port {port} is taken; choose another with --port.\n"


class Output(io.StringIO):
    """Ends the command as soon as it has said where it is and been asked something."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self.query = query
        self.answer: dict = {}

    def flush(self) -> None:
        url = url_of(self.getvalue().splitlines()[0])
        self.answer = ask(url, self.query)
        os.kill(os.getpid(), signal.SIGTERM)


def test_the_account_is_as_the_options_say():
    query = "clientCode=7&request=verifyUser&username=api&password=secret-1"
    output = Output(query)
    before = signal.getsignal(signal.SIGTERM)
    threads = set(threading.enumerate())
    call_command(
        "erply_sandbox",
        client_code="7",
        api_username="api",
        api_password="secret-1",
        quota=1,
        latency=0.01,
        stdout=output,
    )
    assert output.answer["records"][0]["userName"] == "api"
    assert signal.getsignal(signal.SIGTERM) == before
    assert set(threading.enumerate()) <= threads


def test_its_options_can_be_given_on_the_command_line():
    output = Output("clientCode=8&request=getServiceEndpoints")
    call_command("erply_sandbox", "--client-code", "8", "--quota", "0", stdout=output)
    assert output.answer["status"]["errorCode"] == 1002


def test_ports_that_cannot_be_had_are_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"^Port {port} is taken; choose another"):
            call_command("erply_sandbox", port=port)
    with pytest.raises(CommandError, match=r"^99999 is no port: ports go from 0 to 65535"):
        call_command("erply_sandbox", port=99999)


def test_any_other_trouble_with_the_port_is_told_in_one_line(monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(CommandError, match=r"^Port 80 cannot be used: Permission denied"):
        call_command("erply_sandbox", port=80)
