"""Planted passwords and personal values, looked for everywhere they must not be."""

import logging
import traceback
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from erply_auth.connection import registry
from erply_auth.erply.errors import ErplyError
from erply_auth.sandbox import Record, Sandbox

from .caches import BreakingCache, kept
from .support import (
    LOGIN,
    OVERVIEW,
    PROFILE,
    crashes,
    everything_stored,
    hurry,
    log_in,
    names_called,
    warm,
)

PASSWORD = "Canary-Pässword-1"
TYPED = "Canary-typed-wrong-2"
PERSONAL = {
    "email": "canary@nest.example",
    "phone": "+372 600 9901",
    "mobile": "+372 5500 9902",
    "code": "49902029903",
    "birthday": "1999-12-29",
}
NAMES = {"firstName": "Canaria", "lastName": "Nightingale"}
USERNAME = "canary-user"
SECRETS = (PASSWORD, TYPED, "webshop-sandbox")


@pytest.fixture
def canary(erply: Sandbox, erply_customer: Any) -> Record:
    customer: Record = erply_customer(username=USERNAME, password=PASSWORD, **PERSONAL, **NAMES)
    erply.add_address(ownerID=customer["id"], typeID=1, street="Canary Row 77", city="Perchville")
    return customer


def found(where: str, *more: str) -> list[str]:
    return [
        value for value in (*SECRETS, *PERSONAL.values(), "Canary Row", *more) if value in where
    ]


def visit_everything(client: Client, erply: Sandbox, settings: Any) -> list[bytes]:
    """Good and bad log-ins, pages with and without Erply; what was answered."""
    answers = [
        log_in(client, USERNAME, password=TYPED),
        log_in(client, USERNAME, password=PASSWORD),
        client.get(OVERVIEW),
        client.get(PROFILE),
        client.get("/"),
        client.get("/nowhere/"),
    ]
    hurry(settings)
    warm(erply)
    kinds: list[dict[str, Any]] = [
        {"kind": "error", "code": 1016, "field": PASSWORD},
        {"kind": "not_json", "body": f"{PASSWORD} {PERSONAL['email']}"},
        {"kind": "http", "status": 500, "body": PERSONAL["email"]},
        {"kind": "html"},
        {"kind": "half"},
        {"kind": "timeout"},
    ]
    for wrong in kinds:
        for call in ("verifyCustomerUser", "getCustomers"):
            if (wrong["kind"], call) != ("error", "getCustomers"):
                erply.fault(calls=call, times=1, **wrong)
        answers += [log_in(Client(), USERNAME, password=PASSWORD), client.get(PROFILE)]
        erply.clear_faults()
    return [answer.content for answer in answers]


@pytest.mark.django_db
def test_no_password_and_no_personal_value_stays_anywhere(
    client: Client, erply: Sandbox, canary: Record, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for name in ("", "erply_auth", "django.request", "urllib3"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        try:
            answers = visit_everything(client, erply, settings)
        finally:
            for name in ("erply_auth", "django.request", "urllib3"):
                logging.getLogger(name).setLevel(logging.NOTSET)
    pages = b"".join(answers).decode()
    assert PERSONAL["email"] in pages, "the planted values were not even shown to their owner"
    assert [secret for secret in SECRETS if secret in pages] == []

    lines = [
        record.getMessage() + "".join(traceback.format_exception(*record.exc_info))
        for record in caplog.records
        if record.name != "django.db.backends"  # Django's own SQL at DEBUG, the host's business
        and record.exc_info
    ] + [r.getMessage() for r in caplog.records if r.name != "django.db.backends"]
    assert any("verifyCustomerUser: HTTP 200" in line for line in lines)
    assert found("\n".join(lines), *NAMES.values(), USERNAME) == []
    assert "sessionKey" not in "\n".join(lines)

    for table, rows in everything_stored(leaving_out=["erply_auth_member"]).items():
        assert found(rows, *NAMES.values(), USERNAME) == [], table
    member = everything_stored()["erply_auth_member"]
    # The name and the user name are kept, to tell members apart in the admin.
    assert found(member) == []
    for session in Session.objects.all():
        assert found(repr(session.get_decoded()), *NAMES.values(), USERNAME) == []


@pytest.mark.django_db
def test_no_password_stays_in_the_cache(
    client: Client, erply: Sandbox, canary: Record, settings: Any
) -> None:
    log_in(client, USERNAME, password=PASSWORD)
    log_in(client, USERNAME, password=TYPED)
    assert kept()
    assert found(repr(kept()), *NAMES.values(), USERNAME) == []


@pytest.mark.django_db
def test_an_exception_of_the_client_carries_neither_password_nor_key(
    erply: Sandbox, canary: Record, settings: Any
) -> None:
    hurry(settings)
    warm(erply)
    for kind in ("timeout", "reset", "half", "not_json", "html", "empty"):
        erply.fault(kind, calls="verifyCustomerUser", times=1)
        with pytest.raises(ErplyError) as raised:
            registry().verify_credentials(USERNAME, PASSWORD)
        chain: BaseException | None = raised.value
        while chain is not None:
            text = f"{chain} {chain!r} {vars(chain)}"
            assert found(text, USERNAME, erply.calls[-1].session_key) == []
            chain = chain.__cause__ or chain.__context__
        erply.clear_faults()


@pytest.mark.django_db
def test_passwords_and_keys_travel_in_bodies_only(
    client: Client, erply: Sandbox, canary: Record
) -> None:
    log_in(client, USERNAME, password=PASSWORD)
    client.get(PROFILE)
    assert set(names_called(erply)) >= {"verifyUser", "verifyCustomerUser", "getCustomers"}
    for call in erply.calls:
        assert (call.method, call.target) == ("POST", "/api/")
        assert found(repr(call.headers), call.session_key or "-no key-") == []


def report_of(request: Any, error: BaseException) -> str:
    """What Django would mail to the site's administrators."""
    reporter = ExceptionReporter(request, type(error), error, error.__traceback__, is_email=True)
    return reporter.get_traceback_html() + reporter.get_traceback_text()


def crash_in_the_client(client: Client, erply: Sandbox, settings: Any) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "tests.app.caches.BreakingCache", "LOCATION": "break"}
    }
    warm(erply)
    # The counters, the quota and the walk-in customer's id are found; the session key, deep in
    # the client, is not.
    BreakingCache.looks_left = 4
    try:
        log_in(client, USERNAME, password=PASSWORD)
    finally:
        BreakingCache.looks_left = 10**9


def crash_in_the_counters(client: Client, erply: Sandbox, settings: Any) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "tests.app.caches.BreakingCache", "LOCATION": "break"}
    }
    BreakingCache.looks_left = 0
    try:
        log_in(client, USERNAME, password=PASSWORD)
    finally:
        BreakingCache.looks_left = 10**9


def crash_in_the_view(client: Client, erply: Sandbox, settings: Any) -> None:
    def refuse(**kwargs: Any) -> None:
        raise RuntimeError("a listener of the host's broke down")

    user_logged_in.connect(refuse)
    try:
        log_in(client, USERNAME, password=PASSWORD)
    finally:
        user_logged_in.disconnect(refuse)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("crash", "frame"),
    [
        (crash_in_the_counters, "closed_until"),
        (crash_in_the_client, "verify_credentials"),
        (crash_in_the_view, "form_valid"),
    ],
)
def test_djangos_error_report_masks_what_was_typed(
    client: Client, erply: Sandbox, canary: Record, settings: Any, crash: Any, frame: str
) -> None:
    assert not django_settings.DEBUG
    client.raise_request_exception = False
    with crashes() as seen:
        crash(client, erply, settings)
    ((request, error),) = seen
    report = report_of(request, error)
    assert frame in report
    assert [value for value in (*SECRETS, USERNAME) if value in report] == []


@pytest.mark.django_db
def test_the_mail_about_a_503_masks_what_was_typed(
    client: Client, erply: Sandbox, canary: Record, settings: Any, mailoutbox: Any
) -> None:
    settings.ADMINS = [("Operator", "operator@shop.example")]
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        erply.fault("error", code=1000, calls="verifyCustomerUser")
        assert log_in(client, USERNAME, password=PASSWORD).status_code == 503
    finally:
        logger.removeHandler(handler)
    (mail,) = mailoutbox
    assert LOGIN in mail.body
    text = mail.body + "".join(str(content) for content, _ in mail.alternatives)
    assert found(text, USERNAME) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/account/profile/", {"phone": PERSONAL["phone"], "birthday": PERSONAL["birthday"]}),
        ("/account/addresses/add/", {"street": "Canary Row 77", "city": "Perchville"}),
        ("/account/password/", {"old_password": TYPED, "new_password1": PASSWORD}),
    ],
)
def test_a_report_about_a_members_form_quotes_nothing_of_it(
    client: Client, erply: Sandbox, canary: Record, path: str, typed: dict[str, str]
) -> None:
    log_in(client, USERNAME, password=PASSWORD)
    erply.fault("http", status=502)
    answer = client.post(path, typed)
    report = ExceptionReporter(answer.wsgi_request, None, None, None, is_email=True)
    text = report.get_traceback_text() + report.get_traceback_html()
    assert next(iter(typed)) in text
    assert [value for value in typed.values() if value in text] == []
