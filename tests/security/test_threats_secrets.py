"""Where passwords, keys and personal values must not be: anywhere but at Erply."""

import logging
import re
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.core.management import get_commands, load_command_class
from django.db.models.signals import post_save, pre_save
from django.test import Client
from django.utils.log import AdminEmailHandler

import erply_auth
from erply_auth.conf import get_settings
from erply_auth.connection import registry
from erply_auth.models import Activity, Member, ProcessingEntry
from erply_auth.processing import Purpose, recorded
from erply_auth.sandbox import Sandbox
from tests.app.caches import BreakingCache, kept
from tests.app.support import (
    LOGIN,
    OVERVIEW,
    PROFILE,
    configure,
    everything_stored,
    log_in,
    member_of,
    warm,
)
from tests.selfservice.support import ADD, EDIT, NEW_ADDRESS, PASSWORD, opened

pytestmark = pytest.mark.django_db

OLD, NEW, TYPED, API = "Sandbox-person-1", "Canary-new-77", "Canary-typed-1", "webshop-sandbox"
PASSWORDS = (OLD, NEW, TYPED, API)
SENT = {
    LOGIN: {"username": "canary-name", "password": TYPED},
    PASSWORD: {"old_password": OLD, "new_password1": NEW, "new_password2": NEW},
    PROFILE: {"email": "canary@nest.example", "current_password": OLD},
    ADD: NEW_ADDRESS | {"street": "Canary Row 77"},
    EDIT: NEW_ADDRESS | {"street": "Canary Row 77"},
}
FOUND = ("canary-name", "canary@nest.example", "Canary Row 77")


@pytest.fixture
def reports(settings: Any, mailoutbox: list[Any]) -> Iterator[list[Any]]:
    """The mails that Django sends to ADMINS about errors, with everything that it knows."""
    settings.ADMINS = [("Operator", "operator@shop.example")]
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield mailoutbox
    logger.removeHandler(handler)


def text_of(mail: Any) -> str:
    return str(mail.subject) + mail.body + "".join(str(part) for part, _ in mail.alternatives)


def leaks(erply: Sandbox, text: str, *more: str) -> list[str]:
    keys = {call.session_key for call in list(erply.calls)} - {""}
    return [value for value in (*PASSWORDS, *keys, *more) if value in text]


def break_on(signal: Any, sender: Any = None) -> Any:
    def crash(**_kwargs: Any) -> None:
        raise RuntimeError("broken by a test")

    signal.connect(crash, sender=sender, weak=False)
    return lambda: signal.disconnect(crash, sender=sender)


@pytest.mark.parametrize("path", SENT)
@pytest.mark.parametrize("looks", range(6))
def test_an_error_mail_about_a_500_deep_in_the_client_masks_everything(
    erply: Sandbox, settings: Any, reports: list[Any], path: str, looks: int
) -> None:
    """django-two-factor-auth GHSA-vhr6-pvjm-9qwf: a forced 500 wherever the cache is asked."""
    client = Client(raise_request_exception=False)
    fields = SENT[path]
    if path != LOGIN:
        log_in(client)
        fields = opened(client, path) | fields
    warm(erply)
    registry().groups()
    settings.CACHES = {
        "default": {
            "BACKEND": "tests.app.caches.BreakingCache",
            "LOCATION": uuid.uuid4().hex,
        }
    }
    BreakingCache.looks_left = looks
    try:
        answer = client.post(path, fields)
    finally:
        BreakingCache.looks_left = 10**9
    assert answer.status_code in (500, 503) or looks > 0
    assert leaks(erply, answer.content.decode()) == []
    assert (answer.status_code == 500) <= bool(reports)
    for mail in reports:
        assert leaks(erply, text_of(mail), *FOUND) == []


@pytest.mark.parametrize(
    ("path", "signal", "sender"),
    [
        (LOGIN, user_logged_in, None),
        (LOGIN, post_save, ProcessingEntry),
        (LOGIN, pre_save, Member),
        (PASSWORD, post_save, ProcessingEntry),
        (PROFILE, post_save, ProcessingEntry),
        (EDIT, pre_save, ProcessingEntry),
        (ADD, pre_save, ProcessingEntry),
        ("/account/logout/", user_logged_out, None),
    ],
)
def test_an_error_mail_about_a_500_in_a_view_masks_everything(
    erply: Sandbox, reports: list[Any], path: str, signal: Any, sender: Any
) -> None:
    client = Client(raise_request_exception=False)
    fields = {"username": "person", "password": OLD} if path == LOGIN else SENT.get(path, {})
    if path != LOGIN:
        log_in(client)
        fields = (opened(client, path) if path in SENT else {}) | fields
    mend = break_on(signal, sender)
    try:
        answer = client.post(path, fields)
    finally:
        mend()
    assert answer.status_code == 500
    (mail,) = [one for one in reports if "RuntimeError" in text_of(one)]
    assert path in mail.body
    assert leaks(erply, text_of(mail), *FOUND) == []
    assert leaks(erply, answer.content.decode()) == []


def test_passwords_stay_nowhere(
    client: Client, erply: Sandbox, mailoutbox: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """django-registration CVE-2021-21416: session, cache, database, messages, mails, logs."""
    with caplog.at_level(logging.DEBUG):
        answers = [log_in(client, password=TYPED), log_in(client)]
        answers += [client.post(path, opened(client, path) | SENT[path]) for path in (PROFILE, ADD)]
        answers += [client.post(PASSWORD, SENT[PASSWORD] | {"old_password": TYPED})]
        answers += [client.post(PASSWORD, SENT[PASSWORD] | {"new_password2": TYPED})]
        answers += [client.post(PASSWORD, SENT[PASSWORD])]
        erply.fault("error", code=1000)
        answers += [client.post(PASSWORD, SENT[PASSWORD]), log_in(Client(), password=NEW)]
        erply.clear_faults()
        answers += [client.get(path) for path in (OVERVIEW, PROFILE, PASSWORD)]
    assert erply.customers[15]["password"] == NEW
    sessions = repr([one.get_decoded() for one in Session.objects.all()])
    messages = repr([list(get_messages(answer.wsgi_request)) for answer in answers])
    pages = "".join(answer.content.decode() + repr(answer.headers) for answer in answers)
    mails = "".join(text_of(mail) for mail in mailoutbox)
    lines = "".join(one.getMessage() for one in caplog.records if one.name != "django.db.backends")
    assert mails
    assert leaks(erply, sessions + messages + pages + mails + lines) == []
    assert leaks(erply, repr(everything_stored())) == []
    # The session key is what the cache is shared for; a password is in it no more than anywhere.
    assert [password for password in PASSWORDS if password in repr(kept())] == []


@pytest.mark.parametrize("api", ["classic", "crm"])
def test_recorded_addresses_hold_no_secret_and_no_personal_value(
    client: Client, erply: Sandbox, settings: Any, api: str
) -> None:
    """Erply's clients put passwords and keys into addresses: ours puts in ids and page numbers."""
    configure(settings, CUSTOMER_API=api, ADDRESS_API=api)
    log_in(client)
    for path in (PROFILE, ADD, EDIT, PASSWORD):
        client.post(path, opened(client, path) | SENT[path])
    assert {call.name.split()[-1] for call in erply.calls} >= {"verifyUser", "verifyCustomerUser"}
    for call in erply.calls:
        assert "?" not in call.target or call.method == "GET"
        assert leaks(erply, call.target, *FOUND, "canary", "Canary") == []


def test_debug_logs_and_every_repr_carry_no_secret_and_no_personal_value(
    client: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    personal = [str(erply.customers[15][name]) for name in ("email", "phone", "birthday", "code")]
    personal = [value for value in personal if value]
    with caplog.at_level(logging.DEBUG):
        for name in ("erply_auth", "urllib3", "requests", "django.request", "django.security"):
            caplog.set_level(logging.DEBUG, logger=name)
        log_in(client)
        client.get(PROFILE)
        client.post(PASSWORD, SENT[PASSWORD])
        member = member_of("person", erply)
        with recorded(member, Activity.READ, ("all",), Purpose.PROFILE) as access:
            card = access.registry.card(member.customer_id)
        identity = registry().verify_credentials("person", NEW)
    lines = [one for one in caplog.records if one.name != "django.db.backends"]
    assert any(one.name == "urllib3.connectionpool" for one in lines)
    said = "".join(f"{one.getMessage()} {one.args!r} {one.exc_text}" for one in lines)
    things = [card, card.customer, identity, member, get_settings(), access, *card.addresses]
    things += parts_of(registry())
    shown = "".join(f"{thing!r} {thing!s}" for thing in things)
    assert personal
    assert leaks(erply, said + shown, *personal, "Näituse") == []


def parts_of(whole: Any, depth: int = 4) -> list[Any]:
    """The client's own objects, inside each other."""
    if depth == 0 or not type(whole).__module__.startswith("erply_auth"):
        return []
    inner = list(getattr(whole, "__dict__", {}).values())
    inner += [getattr(whole, name, None) for name in getattr(whole, "__slots__", ())]
    return [whole, *(part for one in inner for part in parts_of(one, depth - 1))]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://erply.example/api/",
            "http://100100.erply.com/api/",
            "http://127.0.0.1.evil/api/",
        ),
        *("http://localhost.evil.example/", "http://127.0.0.1@evil.example/", "ftp://127.0.0.1/"),
        *("HTTP://erply.example/api/", "//erply.example/api/", "http://[::2]/api/", "http://0x7f/"),
    ],
)
@pytest.mark.parametrize("key", ["API_URL", "CRM_URL"])
def test_nothing_is_sent_over_plain_http_to_another_machine(
    erply: Sandbox, settings: Any, url: str, key: str
) -> None:
    warm(erply)
    configure(settings, **{key: url})
    assert log_in(Client()).status_code == 503
    assert erply.calls == []


def test_an_exception_in_a_log_names_no_secret(
    erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(raise_request_exception=False)
    mend = break_on(user_logged_in)
    try:
        log_in(client)
    finally:
        mend()
    raised = [one.exc_info for one in caplog.records if one.exc_info]
    assert raised
    for info in raised:
        assert leaks(erply, "".join(traceback.format_exception(*info))) == []


def test_notices_go_to_the_address_that_erply_has_and_never_to_a_typed_one(
    client: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    """Django CVE-2019-19844: an address that is merely alike is another one."""
    log_in(client)
    stored = erply.customers[15]["email"]
    typed = stored.upper().replace("I", "\u0130", 1)
    fields = opened(client, PROFILE) | {"email": "new@nest.example", "current_password": OLD}
    assert client.post(PROFILE, fields | {"to": typed}).status_code == 302
    assert client.post(PASSWORD, SENT[PASSWORD] | {"email": typed, "to": typed}).status_code == 302
    assert [mail.recipients() for mail in mailoutbox] == [[stored], ["new@nest.example"]]
    assert leaks(erply, "".join(text_of(mail) for mail in mailoutbox)) == []


def test_no_list_of_sensitive_variables_uncovers_what_is_around_it() -> None:
    """Of several such decorators Django heeds the innermost: a list of names would hide less."""
    sources = Path(erply_auth.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if 'sensitive_variables("' in path.read_text()] == []


def test_no_command_takes_a_secret_where_others_see_it() -> None:
    """Everybody on a machine can read command lines. The sandbox's password opens nothing."""
    taken = set()
    for name in (name for name, app in get_commands().items() if app == "erply_auth"):
        parser = load_command_class("erply_auth", name).create_parser("manage.py", name)
        taken |= {(name, option) for option in parser._option_string_actions}
    named = {one for one in taken if re.search("pass|secret|key|token", one[1])}
    assert named == {("erply_sandbox", "--api-password")}
