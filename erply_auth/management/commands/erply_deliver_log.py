"""`manage.py erply_deliver_log`: tells Erply's own log what it cannot see by itself."""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import socket
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFailure
from django.db import close_old_connections

from erply_auth import delivery, outbox
from erply_auth.conf import ErplyConfigurationError
from erply_auth.models import ErplyState
from erply_auth.outages import remedy

_LONGEST_REST = 86400


class Command(BaseCommand):
    """One pass, or one after the other."""

    help = "Delivers the processing log's waiting entries to Erply, and seals what is final."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--loop`, `--every`, `--retry-now`."""
        parser.add_argument("--loop", action="store_true", help="keep going until told to stop")
        parser.add_argument(
            "--every", type=_seconds, default=60, metavar="SECONDS", help="how long --loop rests"
        )
        parser.add_argument(
            "--retry-now", action="store_true", help="try failed entries whose time has not come"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with 1 when Erply could not take everything; a loop tells and goes on."""
        self._is_stopping = False
        try:
            if options["loop"]:
                self._loop(options["every"], retry_now=options["retry_now"])
            elif problem := self._pass(retry_now=options["retry_now"]):
                raise CommandError(problem)
        except ErplyConfigurationError as error:
            raise CommandError(str(error)) from error

    def _loop(self, every: float, *, retry_now: bool) -> None:
        with self._told_to_stop() as bell:
            while not self._is_stopping:
                close_old_connections()
                if problem := self._pass(retry_now=retry_now):
                    self.stderr.write(problem)
                # Not the same for all, lest several deliverers come at once.
                bell.settimeout(every * random.uniform(0.8, 1.2))  # noqa: S311 # nosec B311
                with contextlib.suppress(TimeoutError, BlockingIOError):  # the latter for 0
                    bell.recv(1)

    @contextlib.contextmanager
    def _told_to_stop(self) -> Iterator[socket.socket]:
        """What can be read from as soon as a signal has come, and the signals' handlers.

        Not an Event: to set one in a handler hangs when the signal comes while it is waited for.
        """
        bell, rope = socket.socketpair()

        def ring(*args: object) -> None:
            # What is being sent is sent and marked; no more after it.
            self._is_stopping = True
            rope.send(b"\0")

        before = {each: signal.signal(each, ring) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            with bell, rope:
                yield bell
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _pass(self, *, retry_now: bool) -> str:
        """What an operator must know of what went wrong; "" for nothing."""
        try:
            report = delivery.deliver(retry_now=retry_now, is_stopping=lambda: self._is_stopping)
            waiting = outbox.count_waiting()
        except DatabaseFailure as error:
            return f"The database refused ({type(error).__name__}); the next pass tries again."
        states = report.states
        self.stdout.write(
            f"Delivered {states[ErplyState.DELIVERED]}, failed {states[ErplyState.FAILED]}, "
            f"not applicable {states[ErplyState.NOT_APPLICABLE]}, "
            f"waiting {waiting}; {report.requests} requests to Erply."
        )
        problem = report.stopped_by or report.trouble
        return f"{problem}: {remedy(problem)}" if problem else ""


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= _LONGEST_REST:
        raise argparse.ArgumentTypeError(f"must be 0 to {_LONGEST_REST}")
    return seconds
