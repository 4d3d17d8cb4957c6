"""What log-in has been broken by in such plugins before: one test for each lesson."""

import datetime
import logging
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from erply_auth.models import Member, ProcessingEntry
from erply_auth.sandbox import Sandbox
from tests.app.caches import kept
from tests.app.support import (
    LOGIN,
    LOGOUT,
    NOT_NOW,
    OVERVIEW,
    PROFILE,
    REFUSED,
    configure,
    everything_stored,
    is_logged_in,
    log_in,
    member_of,
    names_called,
    pair,
    warm,
)
from tests.services import has_redis

pytestmark = pytest.mark.django_db
User = get_user_model()


def test_linked_by_email_unasked_cve_2025_61783(
    client: Client, erply: Sandbox, erply_customer: Any, staff: Any
) -> None:
    """Identity comes from the verified id: neither a name nor an address makes one the boss."""
    erply_customer(username="boss", email="boss@shop.example")
    log_in(client, "boss")
    assert is_logged_in(client)
    assert member_of("boss", erply).user != staff
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_first_hit_of_a_search_cve_2025_61922(client: Client, erply: Sandbox) -> None:
    """No log-in follows a search: the one call that admits anybody is the check of the pair."""
    warm(erply)
    log_in(client)
    assert names_called(erply) == ["verifyCustomerUser"]
    for prefix in ("perso", "p", "%", "*", ""):
        assert log_in(Client(), prefix, password="Sandbox-person-1").status_code == 200


def test_ids_not_scoped_to_the_shop_cve_2026_57176(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    """Ids are unique per account only."""
    log_in(client)
    first = Member.objects.get()
    configure(settings, CLIENT_CODE="200200")
    erply.client_code = "200200"
    try:
        log_in(Client())
    finally:
        erply.client_code = "100100"
    second = Member.objects.get(client_code="200200")
    assert (second.customer_id, second.user_id != first.user_id) == (15, True)
    assert not is_logged_in(client)


@pytest.mark.parametrize("name", ["PERSON", "Person", "pèrson", "\uff50erson", "persoñ"])
def test_names_matched_by_collation_cve_2024_32879(
    client: Client, erply: Sandbox, name: str
) -> None:
    """Names that differ in case or accents do not match, and nothing local is compared by name."""
    lookalikes = [User.objects.create_user("ERPLY-100100-15"), User.objects.create_user("PERSON")]
    assert log_in(client, name, password="Sandbox-person-1").status_code == 200
    log_in(client)
    assert member_of("person", erply).user not in lookalikes
    assert isinstance(member_of("person", erply).customer_id, int)


def test_groups_matched_by_collation(client: Client, erply: Sandbox) -> None:
    Group.objects.create(name="ERPLY: gold")
    log_in(client, "gold")
    assert not Group.objects.get(name="ERPLY: gold").user_set.exists()


def test_mutable_user_name_as_identity_cve_2025_65431(client: Client, erply: Sandbox) -> None:
    """Renamed: the same user. The old name with another customer: another user."""
    log_in(client)
    user = member_of("person", erply).user
    erply.customers[15]["webshopUsername"] = "renamed"
    erply.customers[44].update(webshopUsername="person", password="Sandbox-person-1")
    log_in(Client(), "renamed", password="Sandbox-person-1")
    log_in(Client())
    assert member_of("renamed", erply).user == user
    assert member_of("person", erply).user != user


@pytest.mark.parametrize("method", ["get", "post"])
def test_deactivated_users_keep_their_session_cve_2025_65430(
    client: Client, erply: Sandbox, method: str
) -> None:
    log_in(client)
    User.objects.update(is_active=False)
    answer = getattr(client, method)(PROFILE)
    assert answer["Location"].startswith(LOGIN)
    assert not is_logged_in(client)
    assert log_in(client).status_code == 200


def test_answers_that_tell_users_apart_cve_2024_39329_and_cve_2025_13473(erply: Sandbox) -> None:
    """Unknown, wrong, without a password, blocked: same status, same words, same calls."""
    erply.customers[44]["webshopUsername"] = "fresh"
    log_in(Client(), "gold")
    User.objects.update(is_active=False)
    warm(erply)
    seen = set()
    for name, password in [
        ("nobody", "x"),
        ("person", "x"),
        ("fresh", "x"),
        ("gold", "x"),
        ("gold", "Sandbox-gold-1"),
        ("walkin", "Sandbox-walkin-1"),
    ]:
        erply.calls.clear()
        answer = log_in(Client(), name, password=password)
        seen.add((answer.status_code, REFUSED in answer.content.decode(), *names_called(erply)))
    assert seen == {(200, True, "verifyCustomerUser")}


def test_inactive_told_before_the_password_was_checked_cve_2018_6188(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    User.objects.update(is_active=False)
    wrong = log_in(Client(), password="wrong").context["form"].non_field_errors()
    right = log_in(Client()).context["form"].non_field_errors()
    unknown = log_in(Client(), "nobody").context["form"].non_field_errors()
    assert wrong == right == unknown == [REFUSED]


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)",
               "http://testserver:81/", "http://evil.example/"]
)  # fmt: skip
def test_open_redirect_ghsa_2jpr_83rg_v67j(client: Client, erply: Sandbox, target: str) -> None:
    assert log_in(client, next=target)["Location"] == OVERVIEW
    assert client.get(LOGIN, {"next": target})["Location"] == OVERVIEW
    assert client.post(LOGOUT, {"next": target})["Location"] == "/"


def test_passwords_kept_ghsa_vhr6_pvjm_9qwf_and_cve_2021_21416(
    client: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    """Not in the database, the session, the cache, a mail or the page that comes back."""
    typed = "Canary-wrong-1"
    pages = [log_in(client, password=typed), log_in(client), client.get(OVERVIEW)]
    for password in (typed, "Sandbox-person-1"):
        assert not [page for page in pages if password in page.content.decode()]
        assert not [table for table, rows in everything_stored().items() if password in rows]
        assert password not in repr([one.get_decoded() for one in Session.objects.all()])
        if not has_redis():
            assert password.encode() not in b"".join(cache._cache.values())  # type: ignore[attr-defined]
    assert mailoutbox == []


def test_passwords_and_keys_in_urls(client: Client, erply: Sandbox, settings: Any) -> None:
    """Recorded addresses have no query; an http:// address outside this machine is refused."""
    log_in(client)
    client.get(PROFILE)
    assert {call.target for call in erply.calls} == {"/api/"}
    configure(settings, API_URL="http://erply.example/api/")
    assert log_in(Client()).status_code == 503
    assert erply.calls_of("verifyCustomerUser")[1:] == []


def test_pages_in_a_shared_cache_cve_2014_1418(erply: Sandbox, settings: Any) -> None:
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    mari, kalle = Client(), Client()
    log_in(mari)
    log_in(kalle, "gold")
    for path in (OVERVIEW, PROFILE):
        assert "Mari" in mari.get(path).content.decode()
        answer = kalle.get(path)
        assert "Mari" not in answer.content.decode()
        assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))
        assert "Cookie" in answer["Vary"]


def test_input_that_addresses_what_is_kept_cve_2011_4136(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    """Cache keys are prefixed and hashed, and no input gets into one."""
    for name in ("key", "walk-in", "erply_auth:key", "a" * 255):
        log_in(client, name)
    log_in(client)
    own = f"{settings.CACHES['default']['KEY_PREFIX']}:1:"
    keys = [key.removeprefix(own) for key in kept() if key.startswith(own)]
    assert keys
    for key in keys:
        prefix, _, digest = key.partition(":")
        assert (prefix, len(digest), int(digest, 16) > 0) == ("erply_auth", 64, True)


@pytest.mark.parametrize("path", [LOGIN, LOGOUT, OVERVIEW])
def test_forged_host_cve_2012_4520(client: Client, path: str) -> None:
    assert client.get(path, headers={"host": "evil.example"}).status_code == 400


def test_session_fixation_and_soft_log_out(client: Client, erply: Sandbox) -> None:
    """The key changes at log-in, another's log-in flushes, log-out flushes on the server."""
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = str(session.session_key)
    log_in(client)
    mine = client.cookies["sessionid"].value
    assert mine != planted
    log_in(client, "gold")
    assert "planted" not in client.session
    last = client.cookies["sessionid"].value
    client.post(LOGOUT)
    assert not Session.objects.filter(session_key__in=[planted, mine, last]).exists()


def test_changes_on_get_cve_2019_13594(erply: Sandbox) -> None:
    """Every GET twice, nothing but the log grows; every form wants its token."""
    client = Client(enforce_csrf_checks=True)
    token = client.get(LOGIN).cookies["csrftoken"].value
    log_in(client, csrfmiddlewaretoken=token)
    kept: list[Any] = [User, Member, Group, Session]
    before = [sorted(map(repr, model.objects.values())) for model in kept]
    customers = repr([erply.customers, erply.addresses])
    for path in (OVERVIEW, PROFILE, LOGOUT, LOGIN, "/plain/") * 2:
        client.get(path)
    assert [sorted(map(repr, model.objects.values())) for model in kept] == before
    assert repr([erply.customers, erply.addresses]) == customers
    for path in (LOGIN, LOGOUT):
        assert client.post(path, pair("gold")).status_code == 403
    assert is_logged_in(client)


def test_an_empty_list_that_lets_everybody_in_cve_2026_48744(
    client: Client, erply: Sandbox
) -> None:
    log_in(client, "gold")
    assert client.get("/nobodys/").status_code == 403
    assert not member_of("gold", erply).in_groups(())
    assert not Member(group_path=[]).in_groups(("",))


def test_log_injection(client: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """No user name gets into a line at all, so no line can be forged with one."""
    forged = "x\r\n2026-01-01 INFO all is well\x1b[2K"
    erply.fault("error", code=1000, field=forged, calls="verifyCustomerUser")
    with caplog.at_level(logging.DEBUG):
        for name in (forged, "x all is well"):
            log_in(client, name)
    own = [record.getMessage() for record in caplog.records if record.name.startswith("erply_auth")]
    assert any("Erply unavailable" in line for line in own)
    assert not [line for line in own if "well" in line or not line.isprintable()]


def test_outages_taken_for_wrong_passwords_zulip_13131(client: Client, erply: Sandbox) -> None:
    """Accepted, rejected, cannot tell: an outage ends nobody's session and blames nobody."""
    log_in(client)
    erply.fault("http", status=502)
    other = log_in(Client())
    assert (other.status_code, NOT_NOW in other.content.decode()) == (503, True)
    assert client.get(PROFILE).status_code == 503
    assert is_logged_in(client)
    erply.clear_faults()
    assert client.get(PROFILE).status_code == 200
    assert not User.objects.filter(is_active=False).exists()
    assert not Member.objects.filter(closed_at__isnull=False).exists()


def test_reads_that_leave_no_trace(client: Client, erply: Sandbox) -> None:
    """Every record that Erply handed out has its entry, and none is dated before the question."""
    started = datetime.datetime.now(datetime.UTC)
    log_in(client)
    client.get(PROFILE)
    handed_out = erply.calls_of("verifyCustomerUser") + erply.calls_of("getCustomers")
    assert len(handed_out) == 2
    assert ProcessingEntry.objects.filter(customer_id=15, at__gte=started).count() == 2
