"""How long refused log-ins take, kind by kind: `.venv/bin/python -m bench.log_in_times [N]`.

Who guesses can time the answers. For each kind the table has quantiles and the chance that one of
its answers takes longer than one for an unknown user name: 0.50 tells nothing, 0.00 or 1.00 tells
everything. A sandbox on this machine answers in place of Erply, so the network's own noise, which
hides much, is missing here.
"""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from erply_auth.sandbox import Sandbox

ROUNDS = 150
WARM_UP = 5


def prepare(folder: str, sandbox: Sandbox) -> None:
    """A database of its own, and members who may not come in."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    settings.DATABASES["default"]["NAME"] = str(Path(folder) / "bench.sqlite3")
    settings.ERPLY_AUTH["API_URL"] = sandbox.url
    settings.LOGGING_CONFIG = None
    django.setup()
    call_command("migrate", verbosity=0)


def kinds(sandbox: Sandbox) -> dict[str, Callable[[], float]]:
    """What each log-in attempt is, and how long one takes in seconds."""

    def attempt(name: str, password: str, expected: int = 200) -> float:
        client = Client(SERVER_NAME="localhost")
        start = time.perf_counter()
        answer = client.post("/account/login/", {"username": name, "password": password})
        took = time.perf_counter() - start
        assert answer.status_code == expected, (name, answer.status_code)
        return took

    def blocked() -> float:
        sandbox.fault("error", code=1052, calls="verifyCustomerUser", times=1)
        return attempt("company", "Sandbox-company-1")

    sandbox.customers[44]["webshopUsername"] = "fresh"
    attempt("gold", "Sandbox-gold-1", 302)
    get_user_model().objects.update(is_active=False)
    return {
        "unknown": lambda: attempt("nobody", "wrong"),
        "wrong password": lambda: attempt("person", "wrong"),
        "no password": lambda: attempt("fresh", "wrong"),
        "blocked in Erply": blocked,
        "inactive, wrong": lambda: attempt("gold", "wrong"),
        "inactive, right": lambda: attempt("gold", "Sandbox-gold-1"),
        "walk-in, right": lambda: attempt("walkin", "Sandbox-walkin-1"),
    }


def measure(attempts: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """All kinds in turn, in another order each round, so that all see the same machine."""
    times: dict[str, list[float]] = {kind: [] for kind in attempts}
    for number in range(WARM_UP + rounds):
        for kind in random.sample(sorted(attempts), len(attempts)):
            took = attempts[kind]() * 1000
            if number >= WARM_UP:
                times[kind].append(took)
    return times


def longer(those: list[float], these: list[float]) -> float:
    """The chance that one of `those` is greater than one of `these`."""
    won = sum((one > other) + (one == other) / 2 for one in those for other in these)
    return won / (len(those) * len(these))


def report(times: dict[str, list[float]]) -> str:
    """The table."""
    lines = [f"{'refused log-in':<18}{'p5':>8}{'p50':>8}{'p95':>8}{'mean':>8}  longer than unknown"]
    for kind, taken in times.items():
        cuts = statistics.quantiles(taken, n=20)
        cells = [cuts[0], cuts[9], cuts[18], statistics.fmean(taken)]
        numbers = "".join(f"{cell:>8.2f}" for cell in cells)
        lines.append(f"{kind:<18}{numbers}  {longer(taken, times['unknown']):.2f}")
    rounds = len(times["unknown"])
    return "\n".join([*lines, f"milliseconds, {rounds} of each, in turn"]) + "\n"


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        prepare(folder, sandbox)
        sys.stdout.write(report(measure(kinds(sandbox), rounds)))


if __name__ == "__main__":
    main()
