"""The CI script tells the truth: what fails inside it fails the whole."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.project.support import PROJECT, environment


def ci(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail\nsource .ci/parts.sh\n{script}"],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("way", ["start part; finish part", "follow part"])
def test_a_run_whose_parts_hold_succeeds_and_ends_with_pytests_own_words(way: str) -> None:
    run = ci(f"part() {{ echo '== 3 passed in 0.12s =='; echo later; }}; {way}; verdict part")
    assert run.returncode == 0
    assert run.stdout.endswith("part: == 3 passed in 0.12s ==\nAll parts held.\n")


@pytest.mark.parametrize("way", ["start part; finish part", "follow part"])
@pytest.mark.parametrize(
    "body",
    ["false; echo on", "echo words | false | cat; echo on", "exit 3", "echo $unset_name; echo on"],
)
def test_a_part_stops_at_its_first_failure_and_fails_the_run(body: str, way: str) -> None:
    run = ci(f"part() {{ echo began; {body}; }}; {way}; verdict part")
    assert run.returncode == 1
    assert run.stdout.count("began") == 1
    assert "on\n" not in run.stdout.splitlines(keepends=True)
    assert run.stdout.endswith("FAILED: part\n")


def test_the_other_parts_run_all_the_same() -> None:
    run = ci("bad() { false; }; good() { echo fine; }; follow bad; follow good; verdict bad good")
    assert run.returncode == 1
    assert "fine" in run.stdout
    assert "FAILED: bad\n" in run.stdout


def test_what_held_and_should_be_known_all_the_same_is_printed() -> None:
    run = ci("part() { echo quiet; echo 'NOTICE: not audited'; }; start part; finish part")
    assert run.returncode == 0
    assert run.stdout == "--- part: ok\nNOTICE: not audited\n"


def test_a_part_nobody_waits_for_is_a_failure() -> None:
    run = ci("slow() { sleep 20; }; start slow; verdict")
    assert run.returncode == 1
    assert "nobody waited" in run.stdout


def test_an_interrupted_run_leaves_no_part_behind(tmp_path: Path) -> None:
    script = f"slow() {{ echo $BASHPID >{tmp_path}/pid; sleep 60; }}; start slow; kill -TERM $$"
    ci(f"{script}; sleep 60")
    if (tmp_path / "pid").exists():  # else it ended before it had begun
        deadline = time.monotonic() + 5
        while is_running(int((tmp_path / "pid").read_text())):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_server_that_does_not_answer_stops_the_run() -> None:
    run = ci(
        "source .ci/machine.sh; sleep() { :; }; service() { :; }; answers ghost false; echo on"
    )
    assert run.returncode == 1
    assert "ghost is installed but does not answer." in run.stderr
    assert "on\n" not in run.stdout


def test_a_server_that_is_stopped_is_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    run = ci(
        "source .ci/machine.sh\n"
        f"service() {{ [[ $* == 'ghost start' ]] && touch {started}; }}\n"
        f"answers ghost test -e {started}"
    )
    assert run.returncode == 0
    assert started.exists()


def test_every_part_of_the_script_is_started_waited_for_and_none_is_forgiven() -> None:
    script = (PROJECT / ".ci" / "run").read_text()
    functions = {line[: -len("() {")] for line in script.splitlines() if line.endswith("() {")}
    lines = [line.split() for line in script.splitlines() if line and not line.startswith(" ")]
    started = {words[1] for words in lines if words[0] in ("start", "follow")}
    waited_for = {name for words in lines if words[0] in ("finish", "follow") for name in words[1:]}
    assert functions == started == waited_for
    assert "|| true" not in script
    assert lines[-1][0] == "verdict"
