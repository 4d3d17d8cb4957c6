"""Host projects of all kinds: transactions around requests, closed sites, replicas, own users."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from erply_auth.sandbox import Sandbox

from .support import LOGIN, LOGOUT, OVERVIEW, PROFILE, log, log_in

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def atomic_requests(transactional_db: None) -> Iterator[None]:
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connection.settings_dict["ATOMIC_REQUESTS"] = False


@pytest.mark.usefixtures("atomic_requests")
def test_the_members_area_stands_outside_the_hosts_transactions(
    client: Client, erply: Sandbox
) -> None:
    assert log_in(client).status_code == 302
    erply.fault("error", code=1000, calls="getCustomers", times=1)
    assert client.get(PROFILE).status_code == 503
    assert client.get(PROFILE).status_code == 200
    assert [row[4] for row in log()] == ["done", "failed", "done"]


@pytest.mark.usefixtures("atomic_requests")
def test_a_hosts_own_view_cannot_read_inside_its_transaction(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    erply.calls.clear()
    with pytest.raises(RuntimeError, match="durable"):
        client.get("/lending/")
    assert erply.calls == []
    connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert client.get("/lending/").status_code == 200


@pytest.mark.django_db
def test_on_a_site_that_asks_everybody_to_log_in_the_public_pages_stay_public(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    above = settings.MIDDLEWARE.index("erply_auth.middleware.MemberMiddleware")
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:above],
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        *settings.MIDDLEWARE[above:],
    ]
    for path in ("/", "/indifferent/", OVERVIEW, PROFILE):
        assert client.get(path)["Location"].startswith(f"{LOGIN}?next=")
    assert client.get(LOGIN).status_code == 200
    assert client.get(LOGOUT)["Location"] == LOGIN
    assert log_in(client).status_code == 302
    assert client.get(OVERVIEW).status_code == 200
    assert client.get("/indifferent/").status_code == 200
    assert client.post(LOGOUT).status_code == 302
    assert client.get(OVERVIEW).status_code == 302


def run_project(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.app.projects", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("model", "groups"), [("MailUser", ["Erply: Gold", "Erply: Members"]), ("BareUser", [])]
)
def test_a_user_model_of_the_hosts_own_will_do(model: str, groups: list[str]) -> None:
    assert run_project(f"projects.{model}") == {
        "answers": [302, 200] * 3,
        "names": ["erply-100100-15", "erply-100100-30"],
        "usable": False,
        "groups": groups,
        "members": {"default": 2, "second": 0},
        "entries": {"default": 6, "second": 0},
    }


@pytest.mark.parametrize(
    ("router", "page", "entries", "home"),
    [
        # A replica that never catches up: nobody's session is found, nobody is linked twice.
        ("ReadsFromReplica", 302, 3, "default"),
        ("EverythingElsewhere", 200, 6, "second"),
    ],
)
def test_what_has_just_been_written_is_looked_up_where_it_was_written(
    router: str, page: int, entries: int, home: str
) -> None:
    found = run_project("auth.User", f"tests.app.projects.routers.{router}")
    assert found["answers"] == [302, page] * 3
    assert found["groups"] == ["Erply: Gold", "Erply: Members"]
    assert found["members"] == {"default": 0, "second": 0} | {home: 2}
    assert found["entries"] == {"default": 0, "second": 0} | {home: entries}
