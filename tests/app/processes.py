"""Processes of their own on this test's database and sandbox: deliverers, workers, servers."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from erply_auth.sandbox import Sandbox
from tests.project.support import PROJECT, environment

_SCHEMES = {"sqlite3": "sqlite", "postgresql": "postgres", "mysql": "mysql"}
_PATIENCE = 60


def database_url() -> str:
    """The test's database, as DATABASE_URL names it."""
    config = connection.settings_dict
    scheme = _SCHEMES[config["ENGINE"].rpartition(".")[2]]
    if scheme == "sqlite":
        return f"sqlite:///{config['NAME']}"
    user, password, name = (quote(str(config[key])) for key in ("USER", "PASSWORD", "NAME"))
    return f"{scheme}://{user}:{password}@{config['HOST']}:{config['PORT']}/{name}"


def variables(erply: Sandbox) -> dict[str, str]:
    """The environment of a shop that shares this test's database, sandbox and keys."""
    return environment(
        SECRET_KEY=settings.SECRET_KEY,
        DATABASE_URL=database_url(),
        HTTPS_ONLY="off",
        ERPLY_CLIENT_CODE=erply.client_code,
        ERPLY_USERNAME=erply.api_username,
        ERPLY_PASSWORD=erply.api_password,
        ERPLY_API_URL=erply.url,
        ERPLY_LOG_KEY=settings.ERPLY_AUTH["LOG_KEY"],
    )


@contextmanager
def process(
    erply: Sandbox, folder: Path, *arguments: str, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """What follows `python` on the command line; it is gone in the end, whatever happens.

    `folder` holds a copy of the shop.
    """
    env = variables(erply) | more
    env["PYTHONPATH"] = f"{folder}:{PROJECT}"
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def deliverer(erply: Sandbox, folder: Path, *options: str) -> Any:
    return process(erply, folder, "manage.py", "erply_deliver_log", *options)


def ended(started: subprocess.Popen[str], timeout: float = 60) -> tuple[int, str, str]:
    """Waits; exit code, what it said and what it complained of."""
    out, errors = started.communicate(timeout=timeout)
    return started.returncode, out, errors


def wait_until(happened: Callable[[], Any], *needed: subprocess.Popen[str]) -> None:
    """Waits for what must happen while these processes live, and before too long."""
    pause, deadline = threading.Event(), time.monotonic() + _PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        for each in needed:
            assert each.poll() is None, each.communicate()
        pause.wait(0.01)
