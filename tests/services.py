"""Which servers and browsers this run has, and what becomes of the tests that need another.

A test marked `postgres` or `mariadb` runs where DATABASE_URL names such a database (marked both,
on either), `redis` where CACHE_URL names a Redis, `browser` where a Chromium is installed.
Elsewhere it is skipped with a reason; with REQUIRE_SERVICES=1 it fails, except that a suite runs on
one database at a time: on a server, what is meant for another vendor's is left out instead.
"""

import ipaddress
import os
import shutil
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

MARKERS = {
    "postgres": "needs PostgreSQL as the database: DATABASE_URL=postgres://…",
    "mariadb": "needs MariaDB as the database: DATABASE_URL=mysql://…",
    "redis": "needs Redis as the cache: CACHE_URL=redis://…",
    "browser": "needs an installed Chromium",
}
_SERVERS = {"postgresql": "postgres", "mysql": "mariadb"}
REQUIRED = os.environ.get("REQUIRE_SERVICES", "") not in ("", "0")


def chromium() -> str | None:
    """The browser's path."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


def server_database() -> str | None:
    """The marker of the database server that this run uses; None on SQLite."""
    return _SERVERS.get(settings.DATABASES["default"]["ENGINE"].rpartition(".")[2])


def has_redis() -> bool:
    return settings.CACHES["default"]["BACKEND"].endswith(".RedisCache")


def is_for_another_database(item: pytest.Item) -> bool:
    wanted = _databases(item)
    return bool(wanted) and server_database() not in wanted


def missing(item: pytest.Item) -> list[str]:
    """Why this test cannot run here; empty when it can."""
    reasons = []
    if is_for_another_database(item):
        reasons += [MARKERS[name] for name in _databases(item)]
    if item.get_closest_marker("redis") and not has_redis():
        reasons.append(MARKERS["redis"])
    if item.get_closest_marker("browser") and not chromium():
        reasons.append(MARKERS["browser"])
    return reasons


def refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook under which this process has no network but its own machine's."""
    if event == "socket.getaddrinfo" and not _is_near(arguments[0]):
        raise socket.gaierror(socket.EAI_NONAME, "Tests resolve no outside name")
    if event == "socket.connect" and not _is_near(_host(arguments[1])):
        raise OSError("Tests connect to nothing outside this machine")


def _host(address: Any) -> str | None:
    return address[0] if isinstance(address, tuple) else None  # the rest is files


def _databases(item: pytest.Item) -> list[str]:
    return [name for name in _SERVERS.values() if item.get_closest_marker(name)]


def _is_near(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost", *_configured_hosts()}:
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


def _configured_hosts() -> set[str | None]:
    return {urlsplit(os.environ.get(name, "")).hostname for name in ("DATABASE_URL", "CACHE_URL")}
