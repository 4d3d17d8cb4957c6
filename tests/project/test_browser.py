"""The shop's own pages as a browser shows them."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_front_page_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_keyboard_reaches_the_content_first(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_a_page_that_is_not_there_leads_back_to_the_shop(page: Page) -> None:
    answer = page.goto("/nowhere/")
    assert answer is not None
    assert answer.status == 404
    page.get_by_role("link", name="Back to the shop").click()
    expect(page).to_have_title("Welcome · Corner Shop")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/")
    for selector in ("main p", "header a", ".button", "footer p"):
        assert page.evaluate(CONTRAST, selector) >= 4.5, selector


# WCAG's contrast of an element's text with the nearest background painted behind it.
CONTRAST = """selector => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = channels(colour).slice(0, 3).map(value => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const element = document.querySelector(selector);
  let painted = element;
  const background = () => getComputedStyle(painted).backgroundColor;
  while (channels(background())[3] === 0) painted = painted.parentElement;
  const [low, high] = [light(getComputedStyle(element).color), light(background())]
    .sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""
