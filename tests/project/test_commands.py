"""The shop's commands on a clean clone, with nothing set."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.project.support import copy_shop, environment, run


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return copy_shop(tmp_path)


def test_migrating_and_printing_the_log_need_no_settings(clone: Path) -> None:
    migrated = run("manage.py", "migrate", "--verbosity=0", folder=clone)
    assert migrated.returncode == 0, migrated.stderr
    assert (clone / "db.sqlite3").exists()
    log = run("manage.py", "erply_processing_log", "--format", "json", folder=clone)
    assert log.returncode == 0, log.stderr
    assert json.loads(log.stdout) == []


def test_the_sandbox_alone_needs_no_settings_and_says_where_it_is(clone: Path) -> None:
    command = [sys.executable, "manage.py", "erply_sandbox", "--port", "0"]
    with subprocess.Popen(
        command, cwd=clone, env=environment(), stdout=subprocess.PIPE, text=True
    ) as sandbox:
        assert sandbox.stdout is not None
        line = sandbox.stdout.readline()
        found = re.fullmatch(r"Erply sandbox: (http://127\.0\.0\.1:\d+/api/)\n", line)
        assert found, line
        answer = requests.post(found[1], data={"clientCode": "100100", "request": "x"}, timeout=5)
        assert answer.status_code == 200
        sandbox.terminate()
        sandbox.wait(timeout=5)


def test_with_nothing_set_the_checks_name_what_is_missing(clone: Path) -> None:
    checked = run("manage.py", "check", folder=clone)
    assert checked.returncode == 0
    assert "shop.W001" in checked.stderr
    deployed = run("manage.py", "check", "--deploy", folder=clone)
    assert deployed.returncode == 1
    assert "shop.E001" in deployed.stderr


def test_half_an_account_is_an_error(clone: Path) -> None:
    checked = run("manage.py", "check", folder=clone, ERPLY_CLIENT_CODE="100100")
    assert checked.returncode == 1
    assert "erply_auth.E001" in checked.stderr


def test_a_production_environment_passes_the_deployment_checks(clone: Path) -> None:
    checked = run(
        *("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        folder=clone,
        SECRET_KEY="0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ALLOWED_HOSTS="shop.example.com",
        SITE_URL="https://shop.example.com",
        DATABASE_URL="postgres://shop:secret@db.example.com/shop",
        CACHE_URL="redis://cache.example.com/0",
        ERPLY_CLIENT_CODE="100100",
        ERPLY_USERNAME="webshop",
        ERPLY_PASSWORD="$ecret",
        ERPLY_LOG_KEY="abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijk",
    )
    assert checked.returncode == 0, checked.stderr


def test_every_migration_is_there(clone: Path) -> None:
    made = run("manage.py", "makemigrations", "--check", "--dry-run", folder=clone)
    assert made.returncode == 0, made.stdout
