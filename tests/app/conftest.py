"""Every test of the app runs in a host project of its own urls; most want a sandbox as well."""

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.test import Client

from erply_auth import connection
from erply_auth.sandbox import Sandbox

from .session_support import device
from .support import warm


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.app.host"


@pytest.fixture
def erply(erply_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, with no connection left open to it afterwards."""
    yield erply_sandbox
    connection.disconnect()


@pytest.fixture
def staff(db: None) -> Any:
    """Somebody of the shop's staff, with a password of this site."""
    return get_user_model().objects.create_superuser(
        "boss", email="boss@shop.example", password="Staff-password-1"
    )


@pytest.fixture
def async_run() -> Any:
    """Runs an async function to its end."""

    def run(function: Any, *args: Any, **kwargs: Any) -> Any:
        return async_to_sync(function)(*args, **kwargs)

    return run


@pytest.fixture
def members(db: None, erply: Sandbox) -> dict[str, Client]:
    """The sandbox's four, each at a browser."""
    clients = {name: device(name) for name in ("person", "company", "contact", "gold")}
    warm(erply)
    return clients
