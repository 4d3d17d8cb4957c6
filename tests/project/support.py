"""A copy of the shop to run apart, and processes with an environment of their own."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")


def environment(**variables: str) -> dict[str, str]:
    """Nothing of this process's settings, and the app importable from anywhere."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"} | variables


def copy_shop(folder: Path) -> Path:
    """The shop as a clean clone has it: no `.env`, no database."""
    for name in ("shop", "templates"):
        shutil.copytree(PROJECT / name, folder / name)
    shutil.copy(PROJECT / "manage.py", folder)
    return folder


def run(
    *command: str, folder: Path, timeout: float = 60, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A Python command in that folder: what follows `python` on the command line."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment(PYTHONPATH=f"{folder}{os.pathsep}{PROJECT}", **variables),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
