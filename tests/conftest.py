"""An empty cache and no outside network for every test; for some a browser, which is strict."""

import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from tests import services

pytest_plugins = ["erply_auth.pytest_plugin"]

sys.addaudithook(services.refuse_outside)


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in services.MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if services.REQUIRED and services.server_database():
        others = [item for item in items if services.is_for_another_database(item)]
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if reasons := services.missing(item):
        (pytest.fail if services.REQUIRED else pytest.skip)("; ".join(reasons))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped: dict[str, list[str]] = {}
    for report in terminalreporter.getreports("skipped"):
        skipped.setdefault(_reason(report), []).append(report.nodeid)
    if skipped:
        terminalreporter.section("skipped, and why")
    for reason, names in sorted(skipped.items()):
        terminalreporter.write_line(f"{reason} ({len(names)})")
        for name in sorted(names):
            terminalreporter.write_line(f"    {name}")


def _reason(report: Any) -> str:
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(words).removeprefix("Skipped: ")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file for SQLite: in memory there is neither WAL nor a connection for each thread."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith(".sqlite3"):
        folder = tmp_path_factory.mktemp("database")
        database["TEST"]["NAME"] = str(folder / "test.sqlite3")


@pytest.fixture(autouse=True)
def _fresh_cache(settings: Any) -> None:
    """Names of its own for each test: clearing a Redis would take other workers' keys along."""
    prefix = {"KEY_PREFIX": uuid.uuid4().hex}
    settings.CACHES = {alias: cache | prefix for alias, cache in settings.CACHES.items()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module.

    Playwright keeps an event loop in this thread. While it does, Django's ORM works only when told
    to, and other modules' tests could not start a loop of their own: hence not for the session.
    """
    options = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync"
    )
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(
            executable_path=services.chromium(), args=options.split()
        )
        yield chromium
        chromium.close()


@pytest.fixture
def browser_context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """A browser without cookies; the test fails for what its pages complain of."""
    context = browser.new_context(base_url=live_server.url, locale="en-GB")
    context.set_default_timeout(10_000)
    complaints = _complaints(context, live_server.url)
    yield context
    context.close()
    assert complaints == []


@pytest.fixture
def page(browser_context: BrowserContext) -> Page:
    """A tab of that browser; addresses are relative to the live server."""
    return browser_context.new_page()


def _complaints(context: BrowserContext, site: str) -> list[str]:
    """Fills up with script errors, console errors and requests to other hosts."""
    complaints: list[str] = []
    pages: set[str] = set()

    def note_request(request: Request) -> None:
        if request.is_navigation_request():
            pages.add(request.url)
        if request.url.startswith(("http", "ws")) and not request.url.startswith(f"{site}/"):
            complaints.append(f"request off the host: {request.url}")

    def note_console(message: ConsoleMessage) -> None:
        # The status of the page itself is for the test to judge, not for the console.
        is_status = message.text.startswith("Failed to load resource")
        if message.type == "error" and not (is_status and message.location["url"] in pages):
            complaints.append(f"console: {message.text} {message.location['url']}")

    def note_error(error: WebError) -> None:
        complaints.append(f"script: {error.error}")

    context.on("request", note_request)
    context.on("console", note_console)
    context.on("weberror", note_error)
    return complaints
