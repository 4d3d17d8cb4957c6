"""A member's rights at a real browser: read the log, take the data along, have it deleted."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from erply_auth.sandbox import Sandbox
from tests.project.test_browser import CONTRAST

from .support import KALLE, MARI
from .test_in_the_browser import DESK, PHONE, keep, shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["shop"]


def open_privacy(page: Page) -> None:
    page.get_by_role("navigation", name="My account").get_by_role("link", name="Privacy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Privacy")


def test_a_member_reads_the_log_takes_the_data_along_and_has_it_deleted(
    shop: Page, erply: Sandbox, tmp_path: Path
) -> None:
    open_privacy(shop)
    expect(shop.locator(".erply-log li").first).to_contain_text("by you; done")
    shop.get_by_role("link", name="Download your data").click()
    shop.get_by_label("Your password").fill("wrong")
    shop.get_by_role("button", name="Download").click()
    expect(shop.get_by_role("alert")).to_contain_text("This is not your current password.")
    shop.get_by_label("Your password").fill("Sandbox-person-1")
    with shop.expect_download() as waiting:
        shop.get_by_role("button", name="Download").click()
    assert waiting.value.suggested_filename == "my-data.zip"
    waiting.value.save_as(tmp_path / "my-data.zip")
    with zipfile.ZipFile(tmp_path / "my-data.zip") as folder:
        folder.extractall(tmp_path)
    data = json.loads((tmp_path / "data.json").read_text(encoding="utf-8"))
    assert data["customer"]["first_name"] == "Mari"

    open_privacy(shop)
    shop.get_by_role("link", name="Delete your account").click()
    expect(shop.get_by_text("This cannot be undone.")).to_be_visible()
    shop.get_by_label("Your password").fill("Sandbox-person-1")
    shop.get_by_role("button", name="Delete my account").click()
    expect(shop.get_by_role("status")).to_contain_text("Your customer record is deleted")
    assert MARI not in erply.customers
    shop.goto("/account/")
    expect(shop.get_by_role("heading", level=1)).to_have_text("Log in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_what_is_said_of_a_deletion_can_be_read(
    shop: Page, erply: Sandbox, scheme: Any, size: Any
) -> None:
    name = f"{size['width']}-{scheme}"
    shop.emulate_media(color_scheme=scheme)
    shop.set_viewport_size(size)
    erply.customers[MARI]["actualBalance"] = 80
    shop.goto("/account/profile/")  # Or the card that is kept would be shown.
    shop.goto("/account/privacy/delete/")
    expect(shop.get_by_role("button", name="Send the request")).to_be_visible()
    keep(shop, f"erasure-request-{name}")
    erply.customers[MARI]["actualBalance"] = 0
    shop.get_by_label("Your password").fill("Sandbox-person-1")
    shop.get_by_role("button", name="Send the request").click()
    expect(shop.get_by_role("alert")).to_contain_text("Please read this again.")
    keep(shop, f"erasure-changed-{name}")
    erply.fault("error", code=1000, calls="deleteCustomer")
    shop.get_by_label("Your password").fill("Sandbox-person-1")
    shop.get_by_role("button", name="Delete my account").click()
    expect(shop.get_by_role("alert")).to_contain_text("is not finished yet")
    assert shop.evaluate(CONTRAST, ".erply-notice") >= 4.5
    keep(shop, f"erasure-unfinished-{name}")
    erply.clear_faults()
    shop.get_by_role("button", name="Try again").click()
    expect(shop.get_by_role("status")).to_contain_text("Your customer record is deleted")
    keep(shop, f"erasure-done-{name}")
    assert KALLE in erply.customers


def test_the_file_s_page_opens_from_the_disk(shop: Page, tmp_path: Path) -> None:
    shop.goto("/account/privacy/export/")
    shop.get_by_label("Your password").fill("Sandbox-person-1")
    with shop.expect_download() as waiting:
        shop.get_by_role("button", name="Download").click()
    waiting.value.save_as(tmp_path / "my-data.zip")
    with zipfile.ZipFile(tmp_path / "my-data.zip") as folder:
        folder.extractall(tmp_path)
    shop.set_viewport_size(PHONE)
    shop.goto((tmp_path / "data.html").as_uri())
    expect(shop.get_by_role("heading", level=1)).to_have_text("Your data")
    expect(shop.get_by_text("mari.maasikas@example.ee")).to_be_visible()
    keep(shop, "export-file-390")
    assert shop.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
