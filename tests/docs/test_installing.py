"""What README and installing tell a stranger to type, typed into a fresh project."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from erply_auth.sandbox import Sandbox
from tests.docs.pages import DOCS, PROJECT, snippet
from tests.project.support import environment, free_port, run

README = PROJECT / "README.md"
INSTALL = DOCS / "install.md"
SITE = "http://127.0.0.1:8090/"
SECRETS = {
    "ERPLY_CLIENT_CODE": "100100",
    "ERPLY_USERNAME": "webshop",
    "ERPLY_PASSWORD": "webshop-sandbox",
    "ERPLY_LOG_KEY": "a-log-key-for-this-project-0123456789",
}
NO_ISSUES = "System check identified no issues (0 silenced).\n"
VISIT = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "host.settings"
import django
django.setup()
from django.test import Client

client = Client(SERVER_NAME="localhost")
print(client.get("/account/")["Location"])
for password in ("wrong", "Sandbox-person-1"):
    answer = client.post("/account/login/", {"username": "person", "password": password})
    print(answer.status_code, answer.headers.get("Location"))
print("Mari Maasikas" in client.get("/account/").content.decode())
"""


def append(file: Path, *parts: str) -> None:
    file.write_text("\n".join([file.read_text(), *parts]))


@pytest.mark.parametrize(
    ("page", "labels"),
    [
        (README, ["settings.py"]),
        (INSTALL, ["settings.py", "settings.py context"]),
        (INSTALL, ["settings.py", "settings.py throttle"]),
    ],
    ids=["README", "install", "install with axes"],
)
def test_a_member_logs_in_to_a_fresh_project_set_up_as_told(
    page: Path, labels: list[str], tmp_path: Path
) -> None:
    made = run("-m", "django", "startproject", "host", ".", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    append(tmp_path / "host" / "urls.py", snippet(page, "urls.py"))
    with Sandbox() as sandbox:
        root = sandbox.url.removesuffix("api/")
        pointed = snippet(INSTALL, "settings.py sandbox").replace(SITE, root)
        parts = [snippet(page, label) for label in labels]
        append(tmp_path / "host" / "settings.py", *parts, pointed)
        for command in (["migrate", "-v0"], ["check", "--fail-level=WARNING"], ["erply_check"]):
            done = run("-W", "error", "manage.py", *command, folder=tmp_path, **SECRETS)
            assert (done.returncode, done.stderr.replace(NO_ISSUES, "")) == (0, ""), command
        visited = run("-W", "error", "-c", VISIT, folder=tmp_path, **SECRETS)
    assert visited.returncode == 0, visited.stderr
    found = ["/account/login/?next=/account/", "200 None", "302 /account/", "True"]
    assert visited.stdout.splitlines() == found


def test_the_lock_out_is_set_up_as_in_the_shop(settings: Any) -> None:
    told: dict[str, Any] = {"INSTALLED_APPS": [], "MIDDLEWARE": [], "AUTHENTICATION_BACKENDS": []}
    exec(snippet(INSTALL, "settings.py throttle"), told)  # noqa: S102 - it is a page of ours
    assert settings.AUTHENTICATION_BACKENDS[:1] == told["AUTHENTICATION_BACKENDS"]
    ours = {name: value for name, value in told.items() if name.startswith("AXES_")}
    assert ours == {name: getattr(settings, name) for name in ours}
    source = (PROJECT / "shop" / "settings.py").read_text()
    assert sorted(ours) == sorted(re.findall(r"^(AXES_\w+) =", source, re.MULTILINE))


def test_the_readme_has_five_things_to_add_and_the_imports_they_need() -> None:
    text = snippet(README, "settings.py") + snippet(README, "urls.py")
    added = [
        one for one in ast.parse(text).body if not isinstance(one, ast.Import | ast.ImportFrom)
    ]
    assert len(added) == 5


def test_the_sandbox_started_by_hand_says_what_its_page_shows(tmp_path: Path) -> None:
    port = str(free_port())
    shown = snippet(DOCS / "reference" / "commands.md", "erply_sandbox")
    command, *expected = shown.replace("8090", port).splitlines()
    arguments = command.removeprefix("$ python ").split()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=environment(DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3"),
        stdout=subprocess.PIPE,
        text=True,
    ) as sandbox:
        assert sandbox.stdout is not None
        lines = [sandbox.stdout.readline().rstrip("\n") for _ in expected]
        sandbox.terminate()
        assert sandbox.wait(timeout=5) == 0
    assert lines == expected


def test_the_members_of_the_demo_are_those_of_the_documentation() -> None:
    demo = (PROJECT / "shop" / "demo.py").read_text()
    documented = (DOCS / "reference" / "sandbox.md").read_text()
    for name, password in re.findall(r'\("(\w+)", "(Sandbox-[\w-]+)"', demo):
        assert f"| `{name}` | `{password}` |" in documented
