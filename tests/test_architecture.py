"""The house rules: who may import whom, no cycles, and nothing too long to read."""

import ast
import functools
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
APP = PROJECT / "erply_auth"
LONGEST_FILE = 350
LONGEST_FUNCTION = 40

GROUND = ("conf", "models", "signals", "countries", "request_ids", "tokens", "store")
PARTS = ("linking", "processing", "outbox", "sealing", "verification", "delivery")
WORDS = ("erply.errors", "erply.records")

# The first pattern that fits a module says what of the app it may import.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    # 0: the client
    "erply": (),
    "erply.errors": (),
    "erply.records": ("erply.errors",),
    "erply.deadlines": ("erply.errors",),
    "erply.sharing": WORDS,
    "erply.transport": (*WORDS, "erply.deadlines"),
    "erply.session_keys": (*WORDS, "erply.sharing"),
    "erply.quota": (*WORDS, "erply.sharing"),
    "erply.*_records": ("erply.records",),
    "erply.*_customers": (
        *WORDS,
        "erply.classic",
        "erply.classic_customers",
        "erply.classic_records",
        "erply.crm",
    ),
    "erply.account": ("erply.*",),
    "erply.registry": ("erply.*",),
    "erply.*": (
        *(*WORDS, "erply.sharing", "erply.transport", "erply.session_keys", "erply.quota"),
        "erply.*_records",
    ),
    # 1: the ground
    "conf": ("erply.records", "erply.transport"),
    "context_processors": (),
    "models": ("models.*",),
    "models.*": ("erply.records", "conf", "models.*"),
    "signals": (),
    "countries": (),
    "request_ids": (),
    "tokens": (),
    "store": ("erply.errors",),
    # 2: the parts
    "connection": (*GROUND, "erply.*"),
    "linking": (*GROUND, "erply.*"),
    "evidence": GROUND,
    "processing": (*GROUND, "erply.*", "connection", "evidence"),
    "outbox": (*GROUND, "evidence", "processing"),
    "sealing": (*GROUND, "evidence", "outbox", "processing"),
    "verification": (*GROUND, "evidence", "outbox", "sealing"),
    "delivery": (*GROUND, "erply.*", "connection", "outbox", "sealing"),
    "access": GROUND,
    "throttle": GROUND,
    "visitors": (*GROUND, "throttle"),
    "gate": (*GROUND, "throttle", "visitors"),
    "outages": (*GROUND, *WORDS, "processing"),
    "judgement": ("outages",),
    # 3: the use cases
    "services": (),
    "services.sign_in": (*GROUND, *PARTS, *WORDS, "services.*", "connection"),
    "services.*": (*GROUND, *PARTS, *WORDS, "services.*", "throttle"),
    # 4: the forms
    "forms": (),
    "forms.login": ("judgement",),
    "forms.*": ("erply.records", "conf", "countries", "forms.*"),
    # aside
    "sandbox": ("sandbox.*",),
    "sandbox.*": ("sandbox", "sandbox.*"),
    "pytest_plugin": ("sandbox",),
    # 5: the entries
    "management.commands.erply_sandbox": ("sandbox",),
    "management.commands.*": (
        *(*GROUND, *PARTS, *WORDS, "services.*", "outages", "connection", "erply.registry"),
    ),
    "migrations.*": (),
    "apps": (
        "checks",
        "services.cards",
        "tokens",
    ),
    "admin": ("admin.*",),
    "admin.*": (*GROUND, *WORDS, "processing", "services.*", "admin.base"),
    "*": (
        *(*GROUND, *PARTS, *WORDS, "access", "outages", "backend", "middleware"),
        *("gate", "judgement", "throttle", "visitors"),
        *("services.*", "forms.*", "views.*"),
    ),
}
HOLD_THE_REGISTRY = ("services.sign_in", "processing", "delivery", "management.commands.*")
USE_THE_SANDBOX = ("sandbox", "sandbox.*", "pytest_plugin", "management.commands.erply_sandbox")


def named(path: Path) -> str:
    parts = path.relative_to(APP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {named(path): path for path in sorted(APP.rglob("*.py"))}
# Migrations are written by Django, which knows nothing of short files.
WRITTEN = [path for path in APP.rglob("*.py") if path.parent.name != "migrations"]
SOURCES = sorted([*WRITTEN, *(PROJECT / "shop").rglob("*.py")])


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """The full names of all that a file imports, wherever in it."""
    package = ["erply_auth", *path.relative_to(APP).parts[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)


def of_the_app(module: str) -> set[str]:
    """Which of the app's own modules a module imports."""
    found = set()
    for name in imported(MODULES[module]):
        if name.startswith("erply_auth."):
            inner = name.removeprefix("erply_auth.")
            found.add(inner if inner in MODULES else inner.rpartition(".")[0])
    return found - {""}


def fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_a_module_imports_what_its_layer_allows(module: str) -> None:
    allowed = next(may for pattern, may in MAY_IMPORT.items() if fnmatchcase(module, pattern))
    assert {name for name in of_the_app(module) if not fits(name, allowed)} == set()


def test_no_module_imports_itself_by_a_detour() -> None:
    try:
        TopologicalSorter({name: of_the_app(name) for name in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_the_registry_is_lent_by_few() -> None:
    holders = {name for name in MODULES if "connection" in of_the_app(name)}
    assert {name for name in holders if not fits(name, HOLD_THE_REGISTRY)} == set()
    assert holders >= {"services.sign_in", "processing"}


def test_the_sandbox_is_imported_by_few() -> None:
    users = {name for name in MODULES if any(fits(o, ("sandbox*",)) for o in of_the_app(name))}
    assert {name for name in users if not fits(name, USE_THE_SANDBOX)} == set()


@pytest.mark.parametrize(
    ("package", "others"), [("erply", {"requests", "urllib3"}), ("sandbox", set())]
)
def test_client_and_sandbox_know_no_django(package: str, others: set[str]) -> None:
    known = sys.stdlib_module_names | others | {"erply_auth"}
    for module, path in MODULES.items():
        if module == package or module.startswith(f"{package}."):
            roots = {name.partition(".")[0] for name in imported(path)}
            assert roots <= known, module


def test_services_know_neither_requests_nor_forms() -> None:
    for module, path in MODULES.items():
        if module.startswith("services."):
            assert not [n for n in imported(path) if n.startswith(("django.http", "django.forms"))]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_file_is_short_and_imports_at_its_top(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name
            inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not inner or (path.name, node.name) == ("apps.py", "ready"), node.name
