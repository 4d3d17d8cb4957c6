from collections.abc import Iterator

import pytest

from erply_auth.sandbox import Sandbox

from .support import Caller


@pytest.fixture(scope="package")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def erply(running: Sandbox) -> Iterator[Sandbox]:
    running.reset()
    yield running
    running.reset()


@pytest.fixture
def call(erply: Sandbox) -> Iterator[Caller]:
    caller = Caller(erply)
    yield caller
    caller.close()
