"""Runs the sandbox by itself: a stand-in Erply account on this machine."""

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from erply_auth.sandbox import API_PASSWORD, API_USERNAME, CLIENT_CODE, PLENTY, Sandbox

LAST_PORT = 65535
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Command(BaseCommand):
    """The `erply_sandbox` command."""

    help = (
        "Runs a stand-in Erply account with sample customers until Ctrl-C or SIGTERM. "
        "Its API password is an option because it opens nothing but this sandbox."
    )
    # It serves projects that have not set the app up yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="0, the default, picks a free one.")
        parser.add_argument("--client-code", default=CLIENT_CODE)
        parser.add_argument("--api-username", default=API_USERNAME)
        parser.add_argument("--api-password", default=API_PASSWORD)
        parser.add_argument("--quota", type=float, default=PLENTY, help="Requests an hour.")
        parser.add_argument("--latency", type=float, default=0.0, help="Seconds to each answer.")

    def handle(self, *args: Any, **options: Any) -> None:
        sandbox = Sandbox(
            client_code=options["client_code"],
            api_username=options["api_username"],
            api_password=options["api_password"],
            port=options["port"],
            quota=options["quota"],
            latency=options["latency"],
        )
        with _stop_requested() as stop, _serving(sandbox, options["port"]):
            self.stdout.write(self._welcome(sandbox))
            self.stdout.flush()
            stop.wait()

    def _welcome(self, sandbox: Sandbox) -> str:
        lines = [f"Erply sandbox: {sandbox.url}", "Members (user name / password):"]
        lines += [
            f"  {member['webshopUsername']} / {member['password']}"
            for member in sandbox.members()
            if not member["isPOSDefaultCustomer"]
        ]
        return "\n".join(lines)


@contextmanager
def _serving(sandbox: Sandbox, port: int) -> Iterator[None]:
    if not 0 <= port <= LAST_PORT:
        raise CommandError(f"{port} is no port: ports go from 0 to {LAST_PORT}.")
    try:
        sandbox.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} is taken; choose another with --port.") from None
        raise CommandError(f"Port {port} cannot be used: {error.strerror}.") from None
    try:
        yield
    finally:
        sandbox.stop()


@contextmanager
def _stop_requested() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; set up first, so that no early one is lost."""
    stop = threading.Event()

    def request_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, request_stop) for number in STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
