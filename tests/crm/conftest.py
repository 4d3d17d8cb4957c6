"""The host project of the app's tests, and a sandbox with no connection left to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from erply_auth import connection
from erply_auth.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.app.host"


@pytest.fixture
def erply(erply_sandbox: Sandbox) -> Iterator[Sandbox]:
    yield erply_sandbox
    connection.disconnect()
