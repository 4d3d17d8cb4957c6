import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from erply_auth.sandbox import Sandbox

from .support import Client, client


@pytest.fixture(scope="package")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def erply(running: Sandbox) -> Iterator[Sandbox]:
    """A fresh stand-in for Erply."""
    running.reset()
    yield running
    running.clear_faults()


@pytest.fixture
def shop(erply: Sandbox) -> Iterator[Client]:
    """A client of it, with nothing kept yet."""
    with client(erply) as made:
        yield made


class Authority(NamedTuple):
    bundle: str
    server: ssl.SSLContext


def _authority(folder: Path, name: str) -> Authority:
    authority = trustme.CA()
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(server)
    return Authority(str(bundle), server)


@pytest.fixture(scope="package")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority and a server's certificate for 127.0.0.1 by it."""
    return _authority(tmp_path_factory.mktemp("authority"), "127.0.0.1")


@pytest.fixture(scope="package")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another authority, whose certificate is for another host."""
    return _authority(tmp_path_factory.mktemp("elsewhere"), "erply.example")
