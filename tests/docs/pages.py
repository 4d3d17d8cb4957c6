"""The pages of the documentation and what is in them."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
PAGES = sorted(
    [
        *(
            PROJECT / name
            for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
        ),
        *DOCS.rglob("*.md"),
    ]
)

_FENCE = re.compile(
    r"^(?:<!-- snippet: ([^\n]+) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def name_of(page: Path) -> str:
    """The page as the tests' output names it."""
    return page.relative_to(PROJECT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks in a language."""
    return [body for _, kind, body in _FENCE.findall(page.read_text()) if kind == language]


def snippet(page: Path, label: str) -> str:
    """The one block that is labelled so."""
    found = [body for name, _, body in _FENCE.findall(page.read_text()) if name == label]
    assert len(found) == 1, f"{len(found)} snippets {label} in {name_of(page)}"
    return str(found[0])


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def section(page: Path, heading: str, level: int = 2) -> str:
    """What stands under a heading, up to the next of its level or above."""
    found = re.search(
        rf"^#{{{level}}} {re.escape(heading)}\n(.*?)(?=^#{{2,{level}}} |\Z)",
        page.read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert found, f"no heading {heading} in {name_of(page)}"
    return found[1]


def anchors(page: Path) -> set[str]:
    """What a link can point to inside the page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
