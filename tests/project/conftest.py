"""The shop's own pages, against a sandbox where a test asks for one."""

from collections.abc import Iterator

import pytest

from erply_auth import connection
from erply_auth.sandbox import Sandbox


@pytest.fixture
def erply(erply_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, with no connection left open to it afterwards."""
    yield erply_sandbox
    connection.disconnect()
