"""What mailed links have been broken by before: one test for each lesson."""

import logging
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils.log import AdminEmailHandler

from erply_auth import tokens
from erply_auth.models import ResetLink
from erply_auth.sandbox import Sandbox
from erply_auth.services import links, password
from tests.app.support import (
    everything_stored,
    log_in,
    member_of,
    statements_of_the_app,
    warm,
)
from tests.selfservice.links import (
    BOTH_NEW,
    MARI_AT,
    NEW,
    REGISTER,
    RESET,
    SITE,
    ask,
    at_once,
    registration_link,
    reset_link,
    set_up_group,
)
from tests.selfservice.support import MARI, page, writes

pytestmark = pytest.mark.django_db

MAILING = "tests.selfservice.mailing"


def works(path: str) -> bool:
    return Client().get(path).status_code == 200


def refused(path: str, erply: Sandbox) -> bool:
    """Neither opened nor used, and nothing is changed in Erply."""
    erply.calls.clear()
    opened, used = Client().get(path), Client().post(path, BOTH_NEW)
    assert writes(erply) == []
    return (opened.status_code, used.status_code) == (404, 404)


def other_character(token: str, place: int) -> str:
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]


def test_host_header_in_reset_links_cve_2012_4520_and_cve_2011_4139(
    erply: Sandbox, mailoutbox: list[Any], settings: Any
) -> None:
    assert ask(headers={"host": "evil.example"}).status_code == 400
    assert mailoutbox == []
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True
    ask(headers={"host": "evil.example", "x-forwarded-host": "worse.example"})
    (mail,) = mailoutbox
    assert SITE in mail.body
    assert "evil" not in str(mail.message())
    assert "worse" not in str(mail.message())


def test_the_token_is_in_no_log_and_no_referer(
    erply: Sandbox, mailoutbox: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    path = reset_link(mailoutbox)
    token = path.rstrip("/").rpartition("/")[2]
    with caplog.at_level(logging.DEBUG):
        opened = Client().get(path)
        erply.fault("error", code=1000, calls="saveCustomer", times=1)
        answers = [
            opened,
            Client().post(path, BOTH_NEW),
            Client(enforce_csrf_checks=True).post(path, BOTH_NEW),
            Client().get(path + "x"),
        ]
        logging.getLogger("django.server").info('"%s" %s', f"GET {path} HTTP/1.1", 200)
    assert [answer.status_code for answer in answers] == [200, 503, 403, 404]
    lines = [one.getMessage() for one in caplog.records if one.name != "django.db.backends"]
    assert any("Service Unavailable: /account/password/reset/(token)/" in line for line in lines)
    assert any("GET /account/password/reset/(token)/ HTTP/1.1" in line for line in lines)
    assert token not in "\n".join(lines)
    for answer in answers[:2]:
        assert answer["Referrer-Policy"] == "strict-origin"
        assert "http://" not in page(answer)
        assert "https://" not in page(answer)
        assert page(answer).count(token) == 1, "in the form's own address and nowhere else"


def test_the_mail_about_a_503_holds_neither_token_nor_address_nor_password(
    erply: Sandbox, mailoutbox: list[Any], settings: Any
) -> None:
    path = reset_link(mailoutbox)
    settings.ADMINS = [("Operator", "operator@shop.example")]
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        erply.fault("error", code=1000)
        assert Client().post(path, BOTH_NEW).status_code == 503
        assert ask().status_code == 503
    finally:
        logger.removeHandler(handler)
    about_link, about_search = mailoutbox
    text = "".join(
        mail.subject + mail.body + "".join(str(content) for content, _ in mail.alternatives)
        for mail in mailoutbox
    )
    assert "(token)" in about_link.subject
    assert RESET in about_search.body
    secrets = (path.rstrip("/").rpartition("/")[2], MARI_AT, NEW)
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    "junk",
    ["\ud800", "\0", "\u202e", "x" * 100_000, "%s%n", "{{ 7*7 }}", "<script>", "' OR 1=1 --",
     "@", "a@b", "\r\nBcc: x@evil.example", "a@example.ee\nBcc: x@evil.example", "[]", "1e999"],
)  # fmt: skip
def test_no_input_makes_a_500_or_a_mail(
    erply: Sandbox, mailoutbox: list[Any], settings: Any, junk: str
) -> None:
    set_up_group(erply)
    good = reset_link(mailoutbox)
    begun = registration_link(mailoutbox)
    names = ("email", "username", "first_name", "last_name", "company_name")
    words = [*names, "new_password1", "new_password2", "password1", "password2"]
    quoted = {name: quote(junk, errors="surrogatepass") for name in words}
    # A long enough word is a good password, if it comes twice.
    quoted |= {"new_password2": f"{quoted['password2']}2", "password2": "2"}
    body = "&".join("=".join(pair) for pair in quoted.items())
    for path in (
        RESET,
        REGISTER,
        good,
        begun,
        f"{RESET}{quote(junk[:99], '', 'utf-8', 'ignore')}/",
    ):
        answer = Client().post(path, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in (200, 404), path
    assert (writes(erply), mailoutbox) == ([], [])
    assert works(good)
    assert works(begun)


def test_visitors_get_in_where_everything_wants_a_log_in(
    erply: Sandbox, mailoutbox: list[Any], settings: Any
) -> None:
    set_up_group(erply)
    paths = [RESET, REGISTER, reset_link(mailoutbox), registration_link(mailoutbox)]
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert [Client().get(path).status_code for path in paths] == [200] * 4


def test_what_the_database_holds_makes_no_link(erply: Sandbox, mailoutbox: list[Any]) -> None:
    token = reset_link(mailoutbox).rstrip("/").rpartition("/")[2]
    nonce = tokens.read("reset", token)
    assert nonce is not None
    stored = everything_stored()["erply_auth_resetlink"]
    assert [secret for secret in (token, nonce[1], MARI_AT) if secret in stored] == []


@pytest.mark.parametrize("place", [0, 30, -60, -1])
def test_a_tampered_token_opens_nothing(erply: Sandbox, mailoutbox: list[Any], place: int) -> None:
    base, _, token = reset_link(mailoutbox).rstrip("/").rpartition("/")
    assert refused(f"{base}/{other_character(token, place % len(token))}/", erply)
    assert works(f"{base}/{token}/")


@pytest.mark.parametrize("token", ["x", "a" * 600, "õ.õ", "..", "%00", "e30.x", "(token)"])
def test_a_made_up_token_opens_nothing(erply: Sandbox, token: str) -> None:
    assert refused(f"{RESET}{token}/", erply)


def test_a_foreign_token_opens_nothing(
    erply: Sandbox, mailoutbox: list[Any], settings: Any
) -> None:
    """Another customer's id, signed by us, or another kind's, key's or account's link."""
    path = reset_link(mailoutbox)
    token = path.rstrip("/").rpartition("/")[2]
    told = tokens.read("reset", token)
    assert told is not None
    for forged in (
        tokens.make("reset", 30, told[1]),
        tokens.make("reset", MARI, tokens.new_nonce()),
        tokens.make("registration", MARI, told[1]),
    ):
        assert refused(f"{RESET}{forged}/", erply)
    settings.SECRET_KEY = "another-key"
    assert refused(path, erply)
    settings.SECRET_KEY_FALLBACKS = ["a-key-for-tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"]
    assert works(path)
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "CLIENT_CODE": "200200"}
    assert refused(path, erply)


def test_an_expired_token_opens_nothing(erply: Sandbox, mailoutbox: list[Any]) -> None:
    path = reset_link(mailoutbox)
    ResetLink.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert refused(path, erply)


def test_a_token_works_once(erply: Sandbox, mailoutbox: list[Any]) -> None:
    path = reset_link(mailoutbox)
    assert Client().post(path, BOTH_NEW).status_code == 302
    assert refused(path, erply)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_a_token_at_once_one_is_refused(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    path = reset_link(mailoutbox)
    warm(erply)
    erply.fault("latency", seconds=0.2, calls="getCustomers")
    assert at_once(*[lambda: Client().post(path, BOTH_NEW)] * 2) == [302, 404]
    assert len(writes(erply)) == 1


def test_a_link_that_another_uses_just_now_is_refused(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    reset_link(mailoutbox)
    row = ResetLink.objects.get()
    with links.taken(row), pytest.raises(links.LinkRefused), links.taken(row):
        pass


def test_a_token_is_void_after_any_log_in(erply: Sandbox, mailoutbox: list[Any]) -> None:
    """The first one, which makes the Django user, and one of a member whom we know."""
    for _ in range(2):
        path = reset_link(mailoutbox)
        assert works(path)
        assert log_in(Client()).status_code == 302
        assert refused(path, erply)


def test_a_token_is_void_after_a_password_change(erply: Sandbox, mailoutbox: list[Any]) -> None:
    log_in(Client())
    path = reset_link(mailoutbox)
    password.change(member_of("person", erply), "Sandbox-person-1", "Another-password-1")
    assert refused(path, erply)


def test_that_costs_a_log_in_nothing(erply: Sandbox, mailoutbox: list[Any]) -> None:
    log_in(Client())
    reset_link(mailoutbox)
    with statements_of_the_app() as statements:
        assert log_in(Client()).status_code == 302
    assert not [one for one in statements if "resetlink" in one]


def test_opening_a_link_changes_nothing_cve_2019_13594(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    path = reset_link(mailoutbox)
    before = everything_stored()
    erply.calls.clear()
    for _ in range(2):
        assert works(path)
    assert (everything_stored(), erply.calls) == (before, [])
    assert Client(enforce_csrf_checks=True).post(path, BOTH_NEW).status_code == 403
    assert Client(enforce_csrf_checks=True).post(RESET, {"email": MARI_AT}).status_code == 403
    assert works(path)
