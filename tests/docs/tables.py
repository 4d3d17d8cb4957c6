"""Tables in the documentation: read for the tests, and the settings' written from the code.

`.venv/bin/python -m tests.docs.tables` writes the generated one anew.
"""

import dataclasses
import re
from typing import Any, get_type_hints

from erply_auth.conf import ErplySettings
from tests.docs.pages import DOCS

_TYPES = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    tuple[int, ...]: "list of int",
    tuple[str, ...]: "list of str",
}
_SETTINGS_PAGE = DOCS / "reference" / "settings.md"


def rows(text: str, name: str) -> list[list[str]]:
    """The cells of the table between `<!-- name -->` and `<!-- end -->`, without its head."""
    lines = marked(text, name).strip().splitlines()
    assert re.fullmatch(r"\|(-+\|)+", lines[1]), f"no table at {name}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def marked(text: str, name: str) -> str:
    """What stands between the marks."""
    found = re.findall(rf"^<!-- {name} -->\n(.*?)^<!-- end -->$", text, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"{len(found)} parts marked {name}"
    return str(found[0])


def code(cell: str) -> list[str]:
    """The words between backquotes."""
    return re.findall(r"`([^`]+)`", cell)


def settings_table() -> str:
    """All keys of ERPLY_AUTH as the dataclass has them."""
    hints = get_type_hints(ErplySettings)
    lines = ["| key | type | default | what it is |", "|---|---|---|---|"]
    for field in dataclasses.fields(ErplySettings):
        kind, default = _TYPES[hints[field.name]], _default(field.default)
        lines.append(f"| `{field.name.upper()}` | {kind} | {default} | {field.metadata['help']} |")
    return "\n".join(lines) + "\n"


def _default(value: Any) -> str:
    if value is dataclasses.MISSING:
        return "required"
    return "empty" if value in ("", ()) else f"`{value!r}`"


if __name__ == "__main__":
    mark, page = "<!-- settings -->\n", _SETTINGS_PAGE.read_text()
    old = mark + marked(page, "settings")
    _SETTINGS_PAGE.write_text(page.replace(old, mark + settings_table()))
