"""Every page: its links lead somewhere, its code is code, its commands exist."""

import ast
import importlib
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.docs.pages import DOCS, PAGES, PROJECT, anchors, blocks, name_of, prose

LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
UNWELCOME = re.compile(
    r"\b(todo|fixme|xxx|lorem|easy|easily|simply|seamless\w*|powerful|robust|leverag\w+|blazing\w*"
    r"|cutting-edge|world-class|delve|effortless\w*|best-in-class|state-of-the-art)\b"
    r"|/(?:home|root|tmp|Users)/"
    r"|[\u2600-\u27bf\U0001f000-\U0001faff]",
    re.IGNORECASE,
)

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def links(page: Path) -> list[tuple[Path, str]]:
    """The files inside the project that the page points to, each with its anchor."""
    targets = [target for target in LINK.findall(prose(page)) if "://" not in target]
    found = [target.partition("#") for target in targets]
    return [(page if not path else (page.parent / path).resolve(), at) for path, _, at in found]


@every_page
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target, anchor in links(page):
        assert target.is_file(), target
        assert not anchor or anchor in anchors(target), f"{name_of(target)}#{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), [PROJECT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            waiting += [target for target, _ in links(page) if target.suffix == ".md"]
    assert seen == set(PAGES)


@every_page
def test_python_snippets_compile_and_import_what_exists(page: Path) -> None:
    for body in blocks(page, "python"):
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name), f"{node.module}.{alias.name}"


@every_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    makefile = (PROJECT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    named = re.findall(r"(?:^\$ |`)make (\w+)", page.read_text(), re.MULTILINE)
    assert set(named) <= set(phony[1].split())


@every_page
def test_every_management_command_that_is_named_exists(page: Path) -> None:
    text = page.read_text()
    named = set(re.findall(r"manage\.py ([a-z_]+)", text)) | set(re.findall(r"`(erply_\w+)`", text))
    not_commands = {"erply_auth", "erply_username", "erply_password", "erply_unavailable"}
    not_commands |= {"erply_state", "erply_groups", "erply_customer", "erply_sandbox_server"}
    assert named - not_commands <= set(get_commands())


@every_page
def test_every_file_of_the_project_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:\.ci|docs|erply_auth|shop|templates|tests)/[\w./-]*)`", prose(page))
    ours = [name for name in named if not name.startswith("erply_auth/base")]
    assert [name for name in ours if not (PROJECT / name).exists()] == []


@every_page
def test_pages_are_plain(page: Path) -> None:
    assert UNWELCOME.findall(page.read_text()) == []


def test_the_index_names_every_page() -> None:
    index = DOCS / "index.md"
    named = {target for target, _ in links(index)}
    assert {page for page in PAGES if DOCS in page.parents} - {index} == named
