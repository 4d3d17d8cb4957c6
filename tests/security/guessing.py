"""What the tests of guessing share: guesses from anywhere, and how many of them Erply heard."""

import contextlib
import itertools
from collections.abc import Iterable
from typing import Any

from axes.models import AccessAttempt
from django.db.models import Sum
from django.test import Client

from erply_auth.sandbox import Sandbox
from tests.app.support import LOGIN

ADMIN = "/admin/login/"
STAFF_PASSWORD = "Staff-password-1"
AT_MOST = 10
GUESSES = 30


def addresses() -> Iterable[str]:
    return (f"192.0.2.{number}" for number in itertools.count(1))


def guess(name: str = "person", *, address: str = "127.0.0.1", **more: Any) -> Any:
    """One wrong password from a browser without cookies."""
    client = Client(REMOTE_ADDR=address)
    return client.post(LOGIN, {"username": name, "password": "wrong-one"}, **more)


def heard(erply: Sandbox) -> int:
    return len(erply.calls_of("verifyCustomerUser"))


def exhaust(name: str = "person") -> None:
    """Guesses at the name from everywhere, until it is slowed."""
    statuses = [guess(name, address=one).status_code for one in itertools.islice(addresses(), 12)]
    assert statuses[-1] == 429


def counted() -> int:
    """The wrong guesses that axes has counted."""
    return AccessAttempt.objects.aggregate(sum=Sum("failures_since_start"))["sum"] or 0


def staff_log_in(client: Client, password: str = STAFF_PASSWORD, name: str = "boss") -> Any:
    with contextlib.suppress(KeyError):
        del client.cookies["sessionid"]
    return client.post(ADMIN, {"username": name, "password": password})
