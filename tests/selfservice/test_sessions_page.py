"""The page on which a member sees where they are logged in, and ends it."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from erply_auth.models import MemberSession
from erply_auth.sandbox import Sandbox
from tests.app.session_support import IPHONE, device, row_of, unused_for
from tests.app.support import LOGIN, names_called, statements_of_the_app
from tests.project.test_browser import CONTRAST

from .support import ADD, entries, forms_of, newest, page, said

SESSIONS = "/account/sessions/"
database = pytest.mark.django_db
THERE = "You are logged out there."
EVERYWHERE = "You are logged out everywhere else."


def is_logged_in(client: Client) -> bool:
    """By a page that asks Erply nothing."""
    return client.get(ADD).status_code == 200


def buttons(client: Client) -> list[tuple[str, str]]:
    return re.findall(r'<button [^>]*name="(\w+)" value="([^"]+)"', page(client.get(SESSIONS)))


def cards(client: Client) -> list[str]:
    return re.findall(r'<li class="erply-card".*?</li>', page(client.get(SESSIONS)), re.DOTALL)


@database
def test_each_session_is_shown_with_device_since_and_last_seen_this_one_first(
    erply: Sandbox,
) -> None:
    there, here = device(user_agent=IPHONE), device()
    unknown = device(user_agent="curl/8.5.0")
    device("gold")
    unused_for(600)
    first, *others = cards(here)
    assert "Firefox, Windows" in first
    assert "This device" in first
    assert 'aria-current="true"' in first
    assert len(others) == 2
    text = "".join(others)
    assert "This device" not in text
    assert "Safari, iPhone" in text
    assert "Unknown device" in text
    for row in (row_of(there), row_of(unknown)):
        for moment in (row.started, row.last_seen):
            assert f'<time datetime="{moment.isoformat()}">' in text


@database
def test_there_is_a_button_for_each_session_and_one_for_all_others(erply: Sandbox) -> None:
    here, there = device(), device()
    mine, theirs = ("session", str(row_of(here).pk)), ("session", str(row_of(there).pk))
    assert buttons(here) == [mine, theirs, ("others", "1")]
    assert buttons(there) == [theirs, mine, ("others", "1")]
    here.post(SESSIONS, {"others": "1"})
    assert buttons(here) == [mine]


@database
def test_the_page_has_one_form_with_a_token_to_its_own_address(mari: Client) -> None:
    (form,) = forms_of(mari.get(SESSIONS))
    assert (form.method, form.action) == ("post", SESSIONS)
    assert form.fields["csrfmiddlewaretoken"]
    mari.handler.enforce_csrf_checks = True
    assert mari.post(SESSIONS, {"others": "1"}).status_code == 403


@database
def test_one_is_ended_and_the_others_stay(erply: Sandbox) -> None:
    here, there, third = device(), device(user_agent=IPHONE), device()
    answer = here.post(SESSIONS, {"session": str(row_of(there).pk)})
    assert THERE in said(here, answer)
    assert not is_logged_in(there)
    assert is_logged_in(third)
    assert len(cards(here)) == 2


@database
def test_all_others_are_ended_at_once_and_no_other_members(erply: Sandbox) -> None:
    here, *others = (device() for _ in range(4))
    kalle = device("gold")
    assert EVERYWHERE in said(here, here.post(SESSIONS, {"others": "1"}))
    assert [is_logged_in(client) for client in others] == [False] * 3
    assert is_logged_in(here)
    assert is_logged_in(kalle)


@database
def test_to_end_this_one_is_to_log_out(erply: Sandbox) -> None:
    here, there = device(), device()
    answer = here.post(SESSIONS, {"session": str(row_of(here).pk)})
    assert answer["Location"] == LOGIN
    assert answer["Clear-Site-Data"] == '"cache"'
    assert not is_logged_in(here)
    assert is_logged_in(there)
    assert MemberSession.objects.count() == 1


@database
@pytest.mark.parametrize(
    "posted", ["", "1", "x" * 5000, "' OR 1=1 --", "\x00", str(uuid.UUID(int=7))]
)
def test_what_is_no_session_of_the_members_is_a_404(mari: Client, posted: str) -> None:
    assert mari.post(SESSIONS, {"session": posted}).status_code == 404
    assert is_logged_in(mari)


@database
def test_another_members_session_is_a_404_and_goes_on(mari: Client) -> None:
    kalle = device("gold")
    answer = mari.post(SESSIONS, {"session": str(row_of(kalle).pk)})
    assert answer.status_code == 404
    assert "no-store" in answer["Cache-Control"]
    assert is_logged_in(kalle)


@database
def test_one_that_is_ended_already_is_a_404(erply: Sandbox) -> None:
    here, there = device(), device()
    choice = {"session": str(row_of(there).pk)}
    assert [here.post(SESSIONS, choice).status_code for _ in range(2)] == [302, 404]


@database
def test_no_button_at_all_is_an_error_on_the_page(mari: Client) -> None:
    answer = mari.post(SESSIONS, {"other": "1"})
    assert answer.status_code == 200
    assert "Choose which session to end." in page(answer)
    assert "<title>Error:" in page(answer)
    assert len(forms_of(answer)) == 1


@database
def test_a_stranger_is_sent_to_log_in(client: Client, erply: Sandbox) -> None:
    for answer in (client.get(SESSIONS), client.post(SESSIONS, {"others": "1"})):
        assert answer.status_code == 302
        assert answer["Location"].startswith(LOGIN)


@database
def test_sessions_whose_time_is_up_are_not_shown(mari: Client) -> None:
    device()
    unused_for(8 * 3600)
    assert len(cards(device())) == 1


@database
def test_the_page_costs_one_statement_and_no_call_and_reads_nothing_of_erply(
    mari: Client, erply: Sandbox
) -> None:
    device()
    erply.calls.clear()
    before = newest()
    with statements_of_the_app() as statements:
        assert mari.get(SESSIONS).status_code == 200
    # One more finds the session's user and member.
    assert len(statements) == 2, statements
    assert names_called(erply) == []
    assert entries(before) == []


@database
@pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete"])
def test_no_method_but_post_ends_anything(erply: Sandbox, method: str) -> None:
    here, there = device(), device()
    choice = f"?others=1&session={row_of(there).pk}"
    for _ in range(2):
        getattr(here, method)(SESSIONS + choice)
    assert is_logged_in(there)
    assert is_logged_in(here)


def log_in_at(tab: Page) -> None:
    tab.goto("/account/login/")
    tab.get_by_label("User name").fill("person")
    tab.get_by_label("Password").fill("Sandbox-person-1")
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Hello, Mari Maasikas")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_member_ends_what_they_do_not_know(
    erply: Sandbox, page: Page, browser: Browser, live_server: Any
) -> None:
    phones = [browser.new_context(base_url=live_server.url, user_agent=IPHONE) for _ in range(3)]
    tabs = [context.new_page() for context in phones]
    for tab in (page, *tabs):
        log_in_at(tab)
    page.get_by_role("link", name="Sessions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where you are logged in")
    listed = page.locator("li.erply-card")
    expect(listed).to_have_count(4)
    expect(listed.filter(has_text="This device")).to_have_count(1)
    expect(listed.filter(has_text="Safari, iPhone")).to_have_count(3)

    page.get_by_role("button", name="Log out there").first.click()
    expect(page.get_by_role("status")).to_have_text(THERE)
    expect(listed).to_have_count(3)

    page.get_by_role("button", name="Log out everywhere else").click()
    expect(page.get_by_role("status")).to_have_text(EVERYWHERE)
    expect(listed).to_have_count(1)
    for tab in tabs:
        tab.goto("/account/profile/")
        expect(tab.get_by_role("heading", level=1)).to_have_text("Log in")

    page.get_by_role("button", name="Log out here").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    for context in phones:
        context.close()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_fits_the_screen_and_can_be_read(
    erply: Sandbox, page: Page, scheme: Any, width: int
) -> None:
    device(user_agent=IPHONE)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    log_in_at(page)
    page.goto(SESSIONS)
    expect(page.locator("li.erply-card")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for selector in ("main p", ".erply-button", "h1", "h2", "dt", "dd"):
        assert page.evaluate(CONTRAST, selector) >= 4.5, selector
