"""A member at a real browser: log in, keep the record right, log out, by clicking through."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from erply_auth.sandbox import Sandbox
from tests.project.test_browser import CONTRAST

from .support import MARI, sent, writes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
def shop(erply: Sandbox, page: Page) -> Iterator[Page]:
    """The shop's front page, Mari logged in."""
    page.goto("/")
    page.get_by_role("link", name="Log in").first.click()
    page.get_by_label("User name").fill("person")
    page.get_by_label("Password").fill("Sandbox-person-1")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Mari Maasikas")
    return page


def keep(page: Page, name: str) -> None:
    """A picture for whoever wants to look: SHOTS names the folder."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_a_member_keeps_their_record_right_and_leaves(shop: Page, erply: Sandbox) -> None:
    area = shop.get_by_role("navigation", name="My account")

    area.get_by_role("link", name="Profile").click()
    shop.get_by_label("Phone", exact=True).fill("+372 600 1234")
    shop.get_by_role("button", name="Save changes").click()
    expect(shop.get_by_role("status")).to_have_text("Saved.")
    assert [sent(call) for call in writes(erply)] == [
        {"customerID": "15", "phone": "+372 600 1234"}
    ]

    area.get_by_role("link", name="Addresses").click()
    shop.get_by_role("link", name="Add an address").click()
    shop.get_by_label("What the address is for").select_option("Billing address")
    shop.get_by_label("Country").select_option("Estonia")
    shop.get_by_label("Street and house").fill("Jüri 12")
    shop.get_by_label("Town or city").fill("Võru")
    shop.get_by_label("Postal code").fill("65605")
    shop.get_by_role("button", name="Save address").click()
    card = shop.get_by_role("listitem").filter(has_text="Jüri 12")
    expect(card).to_contain_text("65605 Võru")

    card.get_by_role("link", name="Edit").click()
    shop.get_by_label("Street and house").fill("Jüri 14\n2. korrus")
    shop.get_by_role("button", name="Save address").click()
    card = shop.get_by_role("listitem").filter(has_text="Jüri 14")
    expect(card).to_contain_text("2. korrus")
    assert sent(writes(erply)[-1]) == {"addressID": "1001", "street": "Jüri 14\n2. korrus"}

    card.get_by_role("link", name="Remove").click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Remove this address?")
    shop.get_by_role("button", name="Remove address").click()
    expect(shop.get_by_role("status")).to_have_text("The address is removed.")
    expect(shop.get_by_text("Jüri 14")).to_have_count(0)

    area.get_by_role("link", name="Password").click()
    shop.get_by_label("Current password").fill("Sandbox-person-1")
    shop.get_by_label("New password", exact=True).fill("Uus-salasõna-77")
    shop.get_by_label("New password, again").fill("Uus-salasõna-77")
    shop.get_by_role("button", name="Change password").click()
    expect(shop.get_by_role("status")).to_contain_text("Your password is changed.")
    assert erply.customers[MARI]["password"] == "Uus-salasõna-77"

    area.get_by_role("link", name="Log out").click()
    shop.get_by_role("button", name="Log out").click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Good things, round the corner")
    shop.goto("/account/")
    expect(shop.get_by_role("heading", level=1)).to_have_text("Log in")


@pytest.mark.parametrize("email", ["info@võru.example", "mari@example.ee;mari@töö.example", "none"])
def test_a_browser_changes_nothing_that_the_member_did_not(
    shop: Page, erply: Sandbox, email: str
) -> None:
    erply.customers[MARI] |= {"email": email, "phone": "600\n0015", "mobile": " 5500  0015 "}
    erply.addresses[103] |= {"street": "Mere tee 2\nKäsmu", "country": "Eesti", "typeID": 0}
    for path, label, value, button, expected in (
        ("/account/profile/", "Last name", "Mets", "Save changes", {"lastName": "Mets"}),
        ("/account/addresses/103/", "Town or city", "Võsu", "Save address", {"city": "Võsu"}),
    ):
        erply.calls.clear()
        shop.goto(path)
        shop.get_by_label(label).fill(value)
        shop.get_by_role("button", name=button).click()
        expect(shop.get_by_role("status")).to_be_visible()
        (call,) = writes(erply)
        assert {name: sent(call)[name] for name in list(sent(call))[1:]} == expected


PAGES = {
    "overview": "/account/",
    "profile": "/account/profile/",
    "addresses": "/account/addresses/",
    "add": "/account/addresses/add/",
    "edit": "/account/addresses/101/",
    "delete": "/account/addresses/101/delete/",
    "password": "/account/password/",
    "privacy": "/account/privacy/",
    "export": "/account/privacy/export/",
    "delete-account": "/account/privacy/delete/",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_pages_fit_the_screen_and_can_be_read(
    shop: Page, erply: Sandbox, scheme: Any, size: Any
) -> None:
    shop.emulate_media(color_scheme=scheme)
    shop.set_viewport_size(size)
    for name, path in PAGES.items():
        shop.goto(path)
        keep(shop, f"{name}-{size['width']}-{scheme}")
        assert shop.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        for selector in ("main p", "main a", ".erply-button", "h1", "label", "dt", "dd"):
            if shop.locator(selector).count():
                assert shop.evaluate(CONTRAST, selector) >= 4.5, (name, selector)
    shop.goto("/account/profile/")
    shop.get_by_label("Phone", exact=True).fill("?")
    shop.get_by_role("button", name="Save changes").click()
    expect(shop.get_by_role("alert")).to_be_visible()
    keep(shop, f"error-{size['width']}-{scheme}")
    for selector in (".erply-errors a", ".erply-error"):
        assert shop.evaluate(CONTRAST, selector) >= 4.5, selector
    erply.fault("error", code=1000)
    shop.get_by_label("Phone", exact=True).fill("+372 600 1234")
    shop.get_by_role("button", name="Save changes").click()
    expect(shop.get_by_role("button", name="Try again")).to_be_visible()
    keep(shop, f"down-{size['width']}-{scheme}")
    assert shop.evaluate(CONTRAST, ".erply-notice") >= 4.5


def test_what_can_be_pressed_is_large_enough(shop: Page) -> None:
    shop.set_viewport_size({"width": 390, "height": 844})
    for path in PAGES.values():
        shop.goto(path)
        for each in shop.locator("main :is(a, button, input, select, textarea):visible").all():
            box = each.bounding_box()
            assert box is not None
            assert box["height"] >= 24, (path, each.inner_text(), box)


def test_the_summary_of_errors_leads_to_the_field(shop: Page) -> None:
    shop.goto("/account/profile/")
    shop.get_by_label("Mobile").fill("?")
    shop.get_by_role("button", name="Save changes").click()
    shop.get_by_role("alert").get_by_role("link").click()
    expect(shop.get_by_label("Mobile")).to_be_focused()
