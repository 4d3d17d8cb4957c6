"""The shop's own pages against a sandbox, with one of its members logged in."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from erply_auth import connection
from erply_auth.sandbox import Sandbox
from tests.app.support import log_in, warm


@pytest.fixture
def erply(erply_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, with no connection left open to it afterwards."""
    yield erply_sandbox
    connection.disconnect()


@pytest.fixture
def enter(erply: Sandbox) -> Any:
    """Logs a member in, in a browser of their own; what was called for it is forgotten."""

    def enter(name: str = "person") -> Client:
        client = Client()
        assert log_in(client, name).status_code == 302
        warm(erply)
        return client

    return enter


@pytest.fixture
def mari(enter: Any, db: None) -> Client:
    """The person Mari Maasikas, customer 15, at her browser."""
    client: Client = enter("person")
    return client
