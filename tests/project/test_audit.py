"""The scan for known weaknesses says what it knows, and that it does not know, never one for the
other. A stand-in answers in place of pip-audit, which needs a service on the net.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.project.support import PROJECT, environment

UNKNOWN = {"name": "django", "skip_reason": "Dependency not found on PyPI"}
CLEAN = {"name": "django", "version": "5.2.19", "vulns": []}
WEAK = CLEAN | {"vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["5.2.20"]}]}
IDNA = {"name": "idna", "version": "3.20", "vulns": []}
GONE = "requests.exceptions.ConnectionError: Max retries exceeded with url: /v1/query"


def audit(folder: Path, **answers: Any) -> subprocess.CompletedProcess[str]:
    """Runs the scan; `answers` are by service, a list of packages or what goes wrong."""
    (folder / "requirements.txt").write_text(
        "# a comment, with == in it\nDjango==5.2.19\nidna[all]==3.20 ; python_version > '3'\n"
    )
    (folder / "answers.json").write_text(json.dumps(answers))
    stand_in = folder / "pip-audit"
    stand_in.write_text(
        f"#!{sys.executable}\nimport json, pathlib, sys\n"
        f"answers = json.loads(pathlib.Path({str(folder / 'answers.json')!r}).read_text())\n"
        "answer = answers[sys.argv[sys.argv.index('--vulnerability-service') + 1]]\n"
        "assert all(line.count('==') == 1 for line in sys.stdin.read().split())\n"
        "if isinstance(answer, str):\n    sys.exit('Traceback\\n' + answer)\n"
        "print(json.dumps({'dependencies': answer, 'fixes': []}))\n"
        "sys.exit(any(one.get('vulns') for one in answer))\n"
    )
    stand_in.chmod(0o755)
    return subprocess.run(
        [sys.executable, PROJECT / ".ci/audit", stand_in, folder / "requirements.txt"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_packages_that_are_known_to_be_sound_pass_without_a_notice(tmp_path: Path) -> None:
    run = audit(tmp_path, pypi=[CLEAN, IDNA])
    assert (run.returncode, run.stdout) == (0, "2 of 2 packages audited, 0 known weaknesses.\n")


@pytest.mark.parametrize("osv", [GONE, [], [IDNA]])
def test_a_weakness_fails_the_build_whatever_else_is_not_known(tmp_path: Path, osv: Any) -> None:
    run = audit(tmp_path, pypi=[WEAK], osv=osv)
    assert run.returncode == 1
    assert "django 5.2.19: PYSEC-2026-1, mended in 5.2.20" in run.stdout


def test_what_one_service_does_not_know_the_other_is_asked(tmp_path: Path) -> None:
    run = audit(tmp_path, pypi=[UNKNOWN, IDNA], osv=[WEAK])
    assert run.returncode == 1
    assert "NOTICE" not in run.stdout


@pytest.mark.parametrize("pypi", [GONE, [], [UNKNOWN]])
def test_what_nobody_can_tell_is_a_notice_and_no_pass(tmp_path: Path, pypi: Any) -> None:
    run = audit(tmp_path, pypi=pypi, osv=GONE)
    assert run.returncode == 0
    assert "NOTICE: not audited, since no service told of them: 2 of 2 packages." in run.stdout
    assert "0 of 2 packages audited" in run.stdout


@pytest.mark.parametrize("wrong", ["error: unrecognized arguments: --service", "KeyError: 'x'"])
def test_a_scan_that_does_not_work_fails_the_build(tmp_path: Path, wrong: str) -> None:
    run = audit(tmp_path, pypi=wrong)
    assert run.returncode == 1
    assert "pip-audit does not work" in run.stderr
