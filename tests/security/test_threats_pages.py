"""What members' pages have been broken by: somebody else's record, caches, links, forged forms."""

import logging
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox
from tests.app.caches import kept
from tests.app.support import LOGIN, LOGOUT, is_logged_in, log_in, warm
from tests.app.test_caching import is_private
from tests.selfservice.support import NEW_ADDRESS, forms_of, opened, writes

from .support import AREA, KALLES, addresses, state

pytestmark = pytest.mark.django_db

ELSEWHERE = [
    *("//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)"),
    *("http://testserver:81/", "http://evil.example/", "///evil.example", "\\\\evil.example"),
    *("http:///evil.example", "//testserver@evil.example", "data:text/html,evil.example"),
]
LEADS_AWAY = re.compile(r'(?:href|action|src|value)="[^"]*(?:evil\.example|:81/|alert\()')
ADDED = {"next": "", "ownerID": "30", "customerID": "30", "groupID": "2", "companyID": "20"}


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("page", AREA)
def test_no_page_leads_to_another_site_after_log_in_log_out_save_or_cancel(
    erply: Sandbox, page: str, target: str
) -> None:
    """allauth GHSA-2jpr-83rg-v67j. A link "cancel" is any link of the page."""
    client = Client()
    log_in(client)
    path = addresses()[page]
    shown = client.get(path, {"next": target})
    answers = [shown, client.post(path, NEW_ADDRESS | {"next": target, "phone": "+372 600 1111"})]
    answers.append(client.post(f"{path}?next={target}", {"username": "person"}))
    for answer in answers:
        if answer.status_code in (301, 302):
            assert answer["Location"].startswith("/"), answer["Location"]
            assert answer["Location"][1:2] not in ("/", "\\")
        assert not LEADS_AWAY.search(answer.content.decode())


@pytest.mark.parametrize("page", [name for name in AREA if name.startswith("address_")])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head"])
def test_a_foreign_id_is_not_found_and_nothing_is_written(
    client: Client, erply: Sandbox, page: str, method: str
) -> None:
    """Sylius CVE-2026-31820, Saleor CVE-2026-24136 and CVE-2020-7964, WooCommerce CVE-2025-15033.

    Whose things they are is asked each time: the same id is the other member's own.
    """
    kalle = Client()
    log_in(client)
    log_in(kalle, "gold")
    if page == "address_add":
        method, path = "post", addresses()[page]
    else:
        path = addresses(KALLES)[page]
        assert kalle.get(path).status_code == 200
    before = state(erply)
    answer = client.generic(
        method.upper(), path, "street=Evil+1", "application/x-www-form-urlencoded"
    )
    expected = {"get": 404, "head": 404, "post": 404}.get(method, 405)
    assert answer.status_code == (200 if page == "address_add" else expected)
    assert writes(erply) == []
    assert state(erply)["Erply"] == before["Erply"]


@pytest.mark.parametrize("page", ["profile", "address_add", "address_edit", "address_delete"])
def test_posted_owners_customers_groups_and_companies_are_ignored(
    client: Client, erply: Sandbox, page: str
) -> None:
    log_in(client)
    others = {id_: dict(one) for id_, one in erply.customers.items() if id_ != 15}
    mine = {name: erply.customers[15][name] for name in ("groupID", "companyID", "webshopUsername")}
    kalles = dict(erply.addresses[KALLES])
    path = addresses()[page]
    fields = opened(client, path) | {"phone": "+372 600 1111"} | (NEW_ADDRESS | ADDED)
    assert client.post(f"{path}?customerID=30&ownerID=30", fields).status_code == 302
    (write,) = writes(erply)
    assert write.parameters.get("ownerID", "15") == "15"
    assert write.parameters.get("customerID", "15") == "15"
    assert not {"groupID", "companyID"} & set(write.parameters)
    assert {name: erply.customers[15][name] for name in mine} == mine
    assert {id_: dict(one) for id_, one in erply.customers.items() if id_ != 15} == others
    assert erply.addresses[KALLES] == kalles


def test_no_page_of_two_members_meets_in_a_shared_cache(erply: Sandbox, settings: Any) -> None:
    """Django CVE-2014-1418, WooCommerce's page cache."""
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    mari, kalle, stranger = Client(), Client(), Client()
    log_in(mari)
    log_in(kalle, "gold")
    for path in (*addresses().values(), "/", "/account/nowhere/", *addresses(KALLES).values()):
        for client in (mari, kalle, stranger) * 2:
            answer = client.get(path)
            others = {"Maasikas", "Kuld"} - ({"Maasikas"} if client is mari else {"Kuld"})
            if client is stranger:
                others = {"Maasikas", "Kuld"}
            assert not [name for name in others if name in answer.content.decode()], path
            assert is_private(answer) or path == "/"
            assert cache.get(path) is None
    assert not [
        key for key, value in kept().items() if "<html" in repr(value) and "Mari" in repr(value)
    ]


def test_nothing_typed_addresses_a_session_or_what_is_kept(erply: Sandbox, settings: Any) -> None:
    """Django CVE-2011-4136: a user name, a session key and an address are no cache keys."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    mari = Client()
    log_in(mari)
    session = mari.cookies["sessionid"].value
    prefix = f"{settings.CACHES['default']['KEY_PREFIX']}:1:"

    def own() -> set[str]:
        return {key.removeprefix(prefix) for key in kept() if key.startswith(prefix)}

    before = own()
    hashed = {key for key in before if re.fullmatch(r"erply_auth:[0-9a-f]{64}", key)}
    assert hashed
    assert before - hashed == {f"django.contrib.sessions.cache{session}"}
    for value in (*before, "key", "walk-in", session[:-1], f"cache{session}", prefix):
        other = Client()
        log_in(other, value[:255])
        other.cookies["sessionid"] = value
        assert not is_logged_in(other)
    # What was counted of these guesses stands under names that nobody can type.
    assert before <= own()
    assert all(re.fullmatch(r"erply_auth:[0-9a-f]{64}", key) for key in own() - before)
    assert is_logged_in(mari)


@pytest.mark.parametrize("page", AREA)
@pytest.mark.parametrize("forged", ["no token", "no cookie", "another's token", "rubbish"])
def test_every_post_without_its_token_is_refused_and_changes_nothing(
    erply: Sandbox, page: str, forged: str
) -> None:
    """Saleor CVE-2019-13594: every form with CSRF enforced."""
    client, other = Client(enforce_csrf_checks=True), Client()
    tokens = {who: who.get(LOGIN).cookies["csrftoken"].value for who in (client, other)}
    log_in(client, csrfmiddlewaretoken=tokens[client])
    assert is_logged_in(client)
    sent = {"no cookie": tokens[client], "another's token": tokens[other], "rubbish": "x" * 64}
    fields = NEW_ADDRESS | {"phone": "+372 600 1111", "username": "gold"}
    if forged in sent:
        fields["csrfmiddlewaretoken"] = sent[forged]
    if forged == "no cookie":
        del client.cookies["csrftoken"]
    warm(erply)
    before = state(erply)
    answer = client.post(addresses()[page], fields)
    assert answer.status_code == 403
    assert is_private(answer)
    assert erply.calls == []
    assert state(erply) == before
    assert is_logged_in(client)


@pytest.mark.parametrize("who", ["a stranger", "a member"])
def test_every_get_twice_changes_nothing(client: Client, erply: Sandbox, who: str) -> None:
    """Saleor CVE-2019-13594, Oscar: log-out and defaults on GET."""
    if who == "a member":
        log_in(client)
    client.get("/")
    before = state(erply)
    for path in (
        *addresses().values(),
        *addresses(KALLES).values(),
        "/",
        "/offers/",
        "/admin/",
    ) * 2:
        for method in ("get", "head", "options"):
            answer = client.generic(method.upper(), path, QUERY_STRING="next=/x&confirm=1&delete=1")
            assert answer.status_code < 500
            assert state(erply) == before, (method, path)
    assert is_logged_in(client) is (who == "a member")
    assert writes(erply) == []


def test_every_form_of_every_page_posts_with_a_token(client: Client, erply: Sandbox) -> None:
    log_in(client)
    seen = 0
    for path in addresses().values():
        for form in forms_of(client.get(path)):
            seen += 1
            assert (form.method, form.action) == ("post", path)
            assert form.fields["csrfmiddlewaretoken"]
    assert seen >= 6


@pytest.mark.parametrize("group", [0, 99])
def test_what_is_empty_grants_nothing(erply: Sandbox, group: int) -> None:
    """Saleor CVE-2026-48744: `all([])` is true."""
    erply.customers[15]["groupID"] = group
    client = Client()
    assert log_in(client).status_code in (302, 503)
    for path in ("/gold/", "/nobodys/", "/thoughtful/", "/patient-gold/"):
        assert client.get(path).status_code in (302, 403)
    for path in ([], [[0, ""]], [[0, "x"], ["", 4]][:1]):
        member = Member(group_path=path)
        assert not member.in_groups(())
        assert not member.in_groups(("",))
        assert not member.in_groups((4, "Gold"))


BREAKING = [
    "x\r\n2026-01-01 00:00:00 INFO all is well",
    "x\x1b[2Kall is well",
    "x\u2028all is well",
]
BREAKING += ["x\nall is well", "x\x00all is well", "x\x85all is well", "\u202ex all is well"]


@pytest.mark.parametrize("forged", BREAKING)
def test_no_line_of_any_log_can_be_forged(
    erply: Sandbox, caplog: pytest.LogCaptureFixture, forged: str
) -> None:
    """Django before 4.2.23: CR, LF and ESC in a user name, an address, a host or a header."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    token = client.get(LOGIN).cookies["csrftoken"].value
    with caplog.at_level(logging.DEBUG):
        for name in ("erply_auth", "django", "axes", "urllib3"):
            caplog.set_level(logging.DEBUG, logger=name)
        log_in(client, forged, csrfmiddlewaretoken=token, password="x")
        log_in(client, forged)
        client.get(f"/account/{forged}/")
        client.get("/nowhere/", {"q": forged})
        client.get(LOGIN, headers={"host": forged})
        client.get(LOGIN, headers={"user-agent": forged, "x-forwarded-for": forged})
        client.post(LOGOUT, {"next": forged, "csrfmiddlewaretoken": forged})
    lines = [one for one in caplog.records if one.name != "django.db.backends"]
    assert any(one.name.startswith("django") for one in lines)
    for line in lines:
        text = line.getMessage()
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]", text), (line.name, text)
