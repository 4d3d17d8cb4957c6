"""A visitor at a real browser: asks for a link, finds it in the mail and follows it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from erply_auth.sandbox import Sandbox
from tests.app.support import configure
from tests.project.test_browser import CONTRAST

from .links import MARI_AT, NEW, set_up_group
from .mailing import Delivering

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
def shop(erply: Sandbox, page: Page, live_server: LiveServer, settings: Any) -> Iterator[Page]:
    """The log-in page of a shop whose links lead to it."""
    settings.EMAIL_BACKEND = "tests.selfservice.mailing.Delivering"
    configure(settings, SITE_URL=live_server.url)
    set_up_group(erply)
    page.goto("/account/login/")
    yield page
    assert Delivering.arrived.empty()


def mailed_link() -> str:
    """Waits for the mail, which is sent when the answer is out."""
    mail = Delivering.arrived.get(timeout=30)
    (link,) = re.findall(r"http\S+", mail.body)
    return str(link)


def log_in(page: Page, username: str) -> None:
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Log in").click()


def test_a_forgotten_password_is_replaced(shop: Page, erply: Sandbox) -> None:
    shop.get_by_role("link", name="Forgotten your password?").click()
    shop.get_by_label("E-mail").fill(MARI_AT)
    shop.get_by_role("button", name="Send me a link").click()
    expect(shop.get_by_role("status")).to_contain_text("a mail is on its way")
    link = mailed_link()
    shop.goto(link)
    shop.get_by_label("New password", exact=True).fill(NEW)
    shop.get_by_label("New password, again").fill(NEW)
    shop.get_by_role("button", name="Set password").click()
    expect(shop.get_by_role("status")).to_contain_text("Your new password is set.")
    Delivering.arrived.get(timeout=30)
    shop.goto(link)
    expect(shop.get_by_role("heading", level=1)).to_have_text("This link does not work")
    shop.get_by_role("alert").get_by_role("link", name="Log in").click()
    log_in(shop, "person")
    expect(shop.get_by_role("heading", level=1)).to_have_text("Hello, Mari Maasikas")


def test_a_visitor_becomes_a_customer(shop: Page, erply: Sandbox) -> None:
    shop.get_by_role("main").get_by_role("link", name="Register").click()
    expect(shop.get_by_label("Leave this empty")).to_be_hidden()
    shop.get_by_label("User name").fill("uku")
    shop.get_by_label("E-mail").fill("uku@võru.example")
    shop.get_by_role("button", name="Register").click()
    expect(shop.get_by_role("alert")).to_contain_text("Enter your first and last name")
    shop.get_by_label("First name").fill("Uku")
    shop.get_by_label("Last name").fill("Uus")
    shop.get_by_role("button", name="Register").click()
    expect(shop.get_by_role("status")).to_contain_text("A mail is on its way")
    shop.goto(mailed_link())
    expect(shop.get_by_text("Your user name is uku.")).to_be_visible()
    shop.get_by_label("Password", exact=True).fill(NEW)
    shop.get_by_label("Password, again").fill(NEW)
    shop.get_by_role("button", name="Become a customer").click()
    expect(shop.get_by_role("status")).to_contain_text("You are registered.")
    log_in(shop, "uku")
    expect(shop.get_by_role("heading", level=1)).to_have_text("Hello, Uku Uus")
    assert erply.customers[max(erply.customers)]["email"] == "uku@võru.example"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_pages_fit_the_screen_and_can_be_read(shop: Page, erply: Sandbox, size: Any) -> None:
    shop.set_viewport_size(size)
    shop.goto("/account/password/reset/")
    shop.get_by_label("E-mail").fill(MARI_AT)
    shop.get_by_role("button", name="Send me a link").click()
    expect(shop.get_by_role("status")).to_contain_text("a mail is on its way")
    link = mailed_link()
    for path in ("/account/login/", "/account/password/reset/", "/account/register/", link):
        shop.goto(path)
        assert shop.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        for selector in ("main p:not([hidden])", "main a", ".erply-button", "h1", "main label"):
            if shop.locator(selector).count():
                assert shop.evaluate(CONTRAST, selector) >= 4.5, (path, selector)
        for each in shop.locator("main :is(a, button, input):visible").all():
            box = each.bounding_box()
            assert box is not None
            assert box["height"] >= 24, (path, each.inner_text(), box)
