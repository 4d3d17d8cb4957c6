"""What is installed is written down, exactly and in one place."""

import re
import tomllib
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement

from tests.project.support import PROJECT

FILES = ["requirements.txt", "requirements-dev.txt", "requirements-mariadb.txt"]
PIN = re.compile(r"([A-Za-z0-9._-]+)(\[[a-z,]+\])?==([0-9][\w.]*)( ; .+)?")


def pins(file: str) -> dict[str, str]:
    lines = (PROJECT / file).read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
    found = {line: PIN.fullmatch(line) for line in wanted}
    assert [line for line, match in found.items() if match is None] == []
    return {normal(match[1]): match[3] for match in found.values() if match}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(distribution: str) -> set[str]:
    """What it pulls in here, without extras."""
    wanted = [Requirement(text) for text in requires(distribution) or []]
    return {
        normal(one.name) for one in wanted if not one.marker or one.marker.evaluate({"extra": ""})
    }


@pytest.mark.parametrize("file", FILES)
def test_every_requirement_is_pinned(file: str) -> None:
    assert pins(file)


def test_what_the_app_depends_on_is_pinned() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    names = {normal(Requirement(text).name) for text in project["dependencies"]}
    assert names <= set(pins("requirements.txt"))


def test_what_a_requirement_pulls_in_is_pinned_too() -> None:
    pinned = set(pins("requirements.txt"))
    only_for_older_pythons = {"async-timeout"}
    for name in pinned - only_for_older_pythons:
        assert needed(name) <= pinned, name


def test_the_makefile_describes_every_target() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert targets
    for target in targets[1].split():
        assert re.search(rf"^{target}:.*  ## \S", makefile, re.MULTILINE), target
