"""No member's page in any shared cache, and none shown to another member."""

from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in
from django.test import Client

from erply_auth.sandbox import Sandbox

from .support import LOGIN, LOGOUT, OVERVIEW, PROFILE, log_in

pytestmark = pytest.mark.django_db


def is_private(answer: Any) -> bool:
    control = {part.strip() for part in answer.get("Cache-Control", "").split(",")}
    vary = {part.strip() for part in answer.get("Vary", "").split(",")}
    return {"no-store", "private"} <= control and "Cookie" in vary


@pytest.mark.parametrize("path", [LOGIN, LOGOUT, OVERVIEW, PROFILE, "/plain/", "/nobodys/"])
@pytest.mark.parametrize("method", ["get", "post", "head", "options", "put"])
def test_every_answer_at_a_members_address_is_private(
    client: Client, erply: Sandbox, path: str, method: str
) -> None:
    assert is_private(getattr(client, method)(path))
    log_in(client)
    assert is_private(getattr(client, method)(path))


@pytest.fixture
def _plain_host(settings: Any) -> None:
    """A host whose other middleware keeps nothing private."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("shop.")]


@pytest.mark.usefixtures("_plain_host")
@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_what_is_not_found_below_the_members_area_is_private_and_elsewhere_it_is_not(
    client: Client, erply: Sandbox, method: str
) -> None:
    for path in ("/account/nowhere/", "/account/addresses/x/", "/account/%00/", "/account/login/x"):
        answer = getattr(client, method)(path)
        assert answer.status_code == 404
        assert is_private(answer)
    for path in ("/nowhere/", "/accounts/", "/accountx"):
        assert "Cache-Control" not in getattr(client, method)(path)


@pytest.mark.usefixtures("_plain_host")
def test_a_project_without_the_members_area_is_left_alone(client: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = "django.conf.urls.i18n"
    settings.TEMPLATES = []
    assert "Cache-Control" not in client.get("/account/")


def test_refusals_and_errors_are_private_too(client: Client, erply: Sandbox) -> None:
    assert is_private(log_in(client, password="wrong"))
    erply.fault("error", code=1000, calls="verifyCustomerUser", times=1)
    assert is_private(log_in(client))
    assert is_private(log_in(client))
    assert is_private(log_in(client, next="https://evil.example/"))
    erply.fault("error", code=1000, calls="getCustomers", times=1)
    unavailable = client.get(PROFILE)
    erply.fault("shape", shape="empty_records", calls="getCustomers", times=1)
    gone = client.get(PROFILE)
    assert (unavailable.status_code, gone.status_code) == (503, 404)
    assert is_private(unavailable)
    assert is_private(gone)


def test_a_refused_token_is_private_too(erply: Sandbox) -> None:
    client = Client(enforce_csrf_checks=True)
    for path in (LOGIN, LOGOUT):
        answer = client.post(path)
        assert answer.status_code == 403
        assert is_private(answer)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/missing/", 404), ("/nobodys/", 403), ("/plain/", 200), ("/nowhere/", 404)],
)
def test_a_page_of_the_hosts_that_knows_the_member_is_private_whatever_becomes_of_it(
    client: Client, erply: Sandbox, path: str, status: int
) -> None:
    log_in(client)
    answer = client.get(path)
    assert answer.status_code == status
    assert is_private(answer)


def test_a_page_that_crashes_is_private_too(client: Client, erply: Sandbox) -> None:
    def crash(**_kwargs: Any) -> None:
        raise ZeroDivisionError

    user_logged_in.connect(crash)
    client.raise_request_exception = False
    try:
        answer = log_in(client)
    finally:
        user_logged_in.disconnect(crash)
    assert answer.status_code == 500
    assert is_private(answer)


def test_a_page_that_names_the_member_is_private_and_the_strangers_is_not(
    client: Client, erply: Sandbox
) -> None:
    assert "no-store" not in client.get("/").get("Cache-Control", "")
    log_in(client)
    assert is_private(client.get("/"))
    assert "Cache-Control" not in client.get("/indifferent/")


def test_two_members_and_a_stranger_never_see_each_others_pages_through_a_cache(
    erply: Sandbox, settings: Any
) -> None:
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    mari, kalle, stranger = Client(), Client(), Client()
    log_in(mari)
    log_in(kalle, "gold")
    for path in (OVERVIEW, PROFILE, "/"):
        for _ in range(2):
            marie, kalles = mari.get(path), kalle.get(path)
            assert "Mari" in marie.content.decode()
            assert "Kalle" in kalles.content.decode()
            assert "Mari" not in kalles.content.decode()
            for name in ("Mari", "Kalle"):
                assert name not in stranger.get(path).content.decode()
    mari.post(LOGOUT)
    assert mari.get(OVERVIEW).status_code == 302


def test_a_members_view_under_cache_page_is_not_kept(erply: Sandbox) -> None:
    mari, kalle = Client(), Client()
    log_in(mari)
    log_in(kalle, "gold")
    assert mari.get("/cached/").content != kalle.get("/cached/").content
    assert is_private(mari.get("/cached/"))
    assert Client().get("/cached/").status_code == 302
