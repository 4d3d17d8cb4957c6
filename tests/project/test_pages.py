"""The shop's own pages: what every one of them has, and what none may have."""

import re
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views.csrf import csrf_failure

from erply_auth.sandbox import Sandbox

PUBLIC = {"/": 200, "/nowhere/": 404}


def body(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == PUBLIC[path]
    return response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_has_a_language_a_title_one_heading_and_a_way_past_the_header(
    client: Client, path: str
) -> None:
    page = body(client, path)
    assert '<html lang="en">' in page
    assert re.search(r"<title>\S.* · Corner Shop</title>", page)
    assert page.count("<h1>") == 1
    assert 'href="#content"' in page


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_carries_no_form_of_the_header_and_nothing_a_strict_policy_forbids(
    client: Client, path: str
) -> None:
    page = body(client, path)
    assert "<form" not in page
    assert not re.search(r"<style|<script|\sstyle=|\son\w+=", page)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


@pytest.mark.django_db
def test_a_stranger_is_offered_to_log_in(client: Client) -> None:
    page = body(client, "/")
    assert 'href="/account/login/"' in page
    assert "Log out" not in page


@pytest.fixture
def member(client: Client, db: None, erply_sandbox: Sandbox) -> Callable[[str], Client]:
    def log_in(name: str) -> Client:
        credentials = {"username": name, "password": f"Sandbox-{name}-1"}
        assert client.post("/account/login/", credentials).status_code == 302
        return client

    return log_in


def test_a_member_is_named_and_leads_from_the_header_to_their_account_and_out(
    member: Callable[[str], Client], erply_sandbox: Sandbox
) -> None:
    page = body(member("person"), "/")
    [customer] = [
        one for one in erply_sandbox.customers.values() if one["webshopUsername"] == "person"
    ]
    assert customer["firstName"] in page
    assert '<a href="/account/">My account</a>' in page
    assert '<a href="/account/logout/">Log out</a>' in page
    assert "<form" not in page
    assert 'href="/account/login/"' not in page


@pytest.mark.parametrize(("name", "sees_gold"), [("gold", True), ("person", False)])
def test_one_part_of_the_offers_is_for_gold_members_only(
    member: Callable[[str], Client], name: str, sees_gold: bool
) -> None:
    response = member(name).get("/offers/")
    assert response.status_code == 200
    assert ("For Gold members" in response.content.decode()) is sees_gold
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_the_offers_ask_a_stranger_to_log_in_and_lead_back(client: Client) -> None:
    response = client.get("/offers/")
    assert response.status_code == 302
    assert response["Location"] == "/account/login/?next=/offers/"


@pytest.mark.django_db
def test_static_files_are_served_by_the_shop_itself(client: Client) -> None:
    response = client.get("/static/shop/shop.css")
    assert response.status_code == 200
    assert response["Content-Type"] == 'text/css; charset="utf-8"'
    assert b":focus-visible" in response.getvalue()
    response.close()


def test_the_error_page_needs_neither_a_request_nor_a_database() -> None:
    page = render_to_string("500.html")
    assert "Something went wrong on our side" in page
    assert "<nav" not in page


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_with_a_page_that_helps(rf: RequestFactory) -> None:
    response = csrf_failure(rf.post("/account/login/"), reason=REASON_NO_CSRF_COOKIE)
    assert response.status_code == 403
    assert "send the form again" in response.content.decode()


@pytest.mark.django_db
def test_no_permission_is_said_in_the_shops_own_words(rf: RequestFactory) -> None:
    response = response_for_exception(rf.get("/"), PermissionDenied())
    assert response.status_code == 403
    assert "This page is not open to you" in response.content.decode()


BROKEN = {
    "upload without a boundary": ("multipart/form-data; boundary=", b"a=b"),
    "upload with an endless boundary": (f"multipart/form-data; boundary={'x' * 300}", b"--x"),
    "too many fields": ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 2000)),
    "too large": ("application/x-www-form-urlencoded", b"a" * 3_000_000),
}


@pytest.mark.django_db
@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("path", ["/nowhere/", "/account/nowhere/", "/account/login/", "/offers/"])
@pytest.mark.parametrize("host", ["testserver", "evil.example", "12&0.0.1"])
def test_what_cannot_be_read_is_no_crash_wherever_it_is_sent(
    path: str, broken: str, host: str
) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["csrftoken"] = "a" * 32
    kind, sent = BROKEN[broken]
    answer = client.post(path, sent, content_type=kind, headers={"host": host})
    expected = 404 if host == "testserver" and "nowhere" in path else 400
    assert answer.status_code == expected
    assert "Back to the shop" in answer.content.decode()
