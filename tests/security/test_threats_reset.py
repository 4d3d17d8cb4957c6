"""What password resets and registrations have been broken by before: one test for each lesson."""

import logging
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.handlers.base import BaseHandler
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponseBase
from django.test import Client, RequestFactory

from erply_auth.sandbox import Sandbox
from erply_auth.views.links import AnsweredFirst
from tests.app.support import (
    everything_stored,
    log_in,
    names_called,
    statements_of_the_app,
    warm,
)
from tests.selfservice.links import (
    BOTH_NEW,
    LOG_IN,
    MARI_AT,
    NEW,
    RESET,
    UNKNOWN,
    ask,
    link_in,
    places,
    reset_link,
    search_answers,
)
from tests.selfservice.support import MARI, form_of, page, said, writes

pytestmark = pytest.mark.django_db

MAILING = "tests.selfservice.mailing"


def works(path: str) -> bool:
    return Client().get(path).status_code == 200


# Whose address it is.


@pytest.mark.parametrize(
    "typed",
    ["mar\u0131.maasikas@example.ee", "MARI.MAASIKAS@example.ee",
     "mari.maasikas@ex\uff41mple.ee", "mari.maasika\u017f@example.ee"],
)  # fmt: skip
def test_unicode_case_in_reset_mail_cve_2019_19844(
    erply: Sandbox, mailoutbox: list[Any], typed: str
) -> None:
    """Even where Erply's collation finds somebody: what is not the stored address gets nothing."""
    search_answers(erply, MARI)
    assert ask(typed).status_code == 302
    assert mailoutbox == []
    search_answers(erply, MARI)
    ask("mari.maasikas@EXAMPLE.ee")
    assert [mail.to for mail in mailoutbox] == [[MARI_AT]], "the stored address, not the typed one"


def test_first_hit_of_a_prefix_search_cve_2025_61922(
    erply: Sandbox, mailoutbox: list[Any], erply_customer: Any
) -> None:
    """Whom too kind a search finds is read again and compared; the first hit counts no more."""
    near = erply_customer(username="near", email="mari.maasikas@example.ee.evil.example")
    search_answers(erply, near["id"], 20, MARI)
    ask()
    assert [mail.to for mail in mailoutbox] == [[MARI_AT]]
    assert "person" in mailoutbox[0].body
    Client().post(link_in(mailoutbox[0]), BOTH_NEW)
    assert [call.parameters["customerID"] for call in writes(erply)] == ["15"]
    search_answers(erply, near["id"])
    mailoutbox.clear()
    ask()
    assert mailoutbox == []


def test_an_answer_about_somebody_else_is_none(erply: Sandbox, mailoutbox: list[Any]) -> None:
    path = reset_link(mailoutbox)
    search_answers(erply, 30)  # what is read here is the customer by their id
    assert Client().post(path, BOTH_NEW).status_code == 503
    assert writes(erply) == []


def test_several_customers_at_one_address_each_get_their_own_link(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    for id_, name in ((41, "liina"), (42, "tonu")):
        erply.customers[id_].update(webshopUsername=name, password="Sandbox-lepp-1")
    ask("lepad@example.ee")
    assert [mail.to for mail in mailoutbox] == [["lepad@example.ee"]] * 2
    by_name = {
        name: link_in(mail)
        for mail in mailoutbox
        for name in ("liina", "tonu")
        if name in mail.body
    }
    assert len(by_name) == 2
    Client().post(by_name["tonu"], BOTH_NEW)
    assert erply.customers[42]["password"] == NEW
    assert erply.customers[41]["password"] == "Sandbox-lepp-1"
    assert works(by_name["liina"])


@pytest.mark.parametrize("typed", ["info@kuuseaed.example.ee", "arved@kuuseaed.example.ee"])
def test_a_field_with_two_addresses_is_compared_part_by_part(
    erply: Sandbox, mailoutbox: list[Any], typed: str
) -> None:
    """Where a search finds the customer at all; the link goes to the one address that was meant."""
    search_answers(erply, 20)
    ask(typed)
    assert [mail.to for mail in mailoutbox] == [[typed]]
    erply.customers[20]["email"] = "info@kuuseaed.example.ee;arved@kuuseaed.example.ee; x@y.ee"
    assert works(link_in(mailoutbox[0]))
    assert Client().post(link_in(mailoutbox[0]), BOTH_NEW).status_code == 302
    mailoutbox.clear()
    search_answers(erply, 20)
    ask("kuuseaed.example.ee;arved@kuuseaed.example.ee")
    assert mailoutbox == []


# What the answer tells.


def answer_to(email: str) -> tuple[Any, ...]:
    """All of the answer that somebody could compare."""
    client = Client(REMOTE_ADDR=next(PLACES))
    answer = ask(email, client)
    headers = {name: value for name, value in answer.items() if name != "Set-Cookie"}
    return answer.status_code, answer.content, headers, said(client, answer).count(email)


PLACES = places()
TRIED = (MARI_AT, "lepad@example.ee", UNKNOWN, "peeter@kuuseaed.example.ee")


@pytest.mark.parametrize("backend", ["Refusing", "Breaking"])
def test_a_failing_mail_server_tells_no_accounts_apart(
    erply: Sandbox, settings: Any, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = f"{MAILING}.{backend}"
    first, *others = [answer_to(email) for email in TRIED]
    assert first[0] == 302
    assert all(other == first for other in others)
    assert "could not be mailed" in caplog.text
    assert MARI_AT not in caplog.text


def test_known_and_unknown_addresses_get_the_same_answer_after_the_same_calls(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    warm(erply)
    seen = []
    for email in TRIED:
        erply.calls.clear()
        seen.append((answer_to(email), names_called(erply)))
    assert all(one == seen[0] for one in seen)
    assert seen[0][1] == ["getCustomers", "getCustomers"]


def not_yet_closed(email: str) -> HttpResponseBase:
    """The answer as the server gets it: it sends it before it closes it."""
    request = RequestFactory().post(RESET, {"email": email}, REMOTE_ADDR=next(PLACES))
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    handler = BaseHandler()
    handler.load_middleware()
    return handler.get_response(request)


def close(answer: HttpResponseBase) -> None:
    """As Django's own test client does it: the test goes on with its database connection."""
    request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        request_finished.connect(close_old_connections)


def test_before_the_answer_the_work_is_the_same_for_all(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    """What only known addresses cause begins when the answer is out."""
    warm(erply)
    seen, mailed = [], []
    for email in TRIED:
        erply.calls.clear()
        with statements_of_the_app() as statements:
            answer = not_yet_closed(email)
        seen.append((answer.status_code, names_called(erply), len(statements)))
        mailed.append(len(mailoutbox))
        close(answer)
    assert seen == [(302, ["getCustomers"], 1)] * len(TRIED)
    assert (mailed, len(mailoutbox)) == ([0, 1, 2, 2], 3)


@pytest.mark.parametrize("kind", ["http", "reset"])
def test_erply_failing_after_the_search_is_the_same_answer(
    erply: Sandbox, mailoutbox: list[Any], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []
    for email in TRIED:
        warm(erply)
        search_answers(erply, *[MARI] * (email != UNKNOWN))
        erply.fault(kind, calls="getCustomers")
        seen.append(answer_to(email))
        erply.clear_faults()
    assert all(one == seen[0] for one in seen)
    assert seen[0][0] == 302
    assert mailoutbox == []
    assert "Erply unavailable: " in caplog.text


@pytest.mark.parametrize("email", [MARI_AT, UNKNOWN])
def test_an_outage_is_503_for_everybody(erply: Sandbox, email: str) -> None:
    warm(erply)
    erply.fault("error", code=1000, calls="getCustomers")
    assert ask(email).status_code == 503
    assert names_called(erply) == ["getCustomers"]


@pytest.mark.parametrize("email", [MARI_AT, UNKNOWN])
def test_whoever_asks_too_often_for_one_address_is_slowed(
    erply: Sandbox, mailoutbox: list[Any], email: str
) -> None:
    """However it is written, and whoever asks; the limit knows no difference between addresses."""
    spellings = [email, email.upper(), email.title(), f" {email} "]
    statuses = [ask(email, Client(REMOTE_ADDR=next(PLACES))).status_code for _ in range(5)]
    assert statuses == [302] * 5
    erply.calls.clear()
    for spelling in spellings:
        answer = ask(spelling, Client(REMOTE_ADDR=next(PLACES)))
        assert answer.status_code == 429
        assert 0 < int(answer["Retry-After"]) <= 3600
        assert form_of(answer).fields["email"] == spelling
    assert erply.calls == []
    assert ask("another@example.ee").status_code == 302


def test_whoever_asks_too_often_from_one_place_is_slowed(erply: Sandbox) -> None:
    """No header that anybody can send makes it another place."""
    forwarded = {"x-forwarded-for": "10.9.9.9", "forwarded": "for=10.9.9.9"}
    answers = [
        ask(f"nobody-{number}@example.ee", headers=forwarded).status_code for number in range(31)
    ]
    assert answers == [302] * 30 + [429]
    assert ask(UNKNOWN, Client(REMOTE_ADDR="10.1.2.3")).status_code == 302


# Who is logged in afterwards.


def test_no_code_path_logs_in_after_a_search_cve_2025_61783(
    erply: Sandbox, mailoutbox: list[Any], erply_customer: Any, staff: Any
) -> None:
    """A customer with a staff user's address resets their own password in Erply, and no other."""
    erply_customer(username="boss", email=staff.email)
    path = reset_link(mailoutbox, staff.email)
    client = Client()
    answer = client.post(path, BOTH_NEW)
    assert answer["Location"] == LOG_IN
    assert not client.get("/who/").json()["member"]
    staff.refresh_from_db()
    assert staff.check_password("Staff-password-1")
    assert list(get_user_model().objects.all()) == [staff]
    assert log_in(client, "boss", password=NEW).status_code == 302
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_the_new_password_is_kept_nowhere_ghsa_vhr6_pvjm_9qwf(
    erply: Sandbox, mailoutbox: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    path = reset_link(mailoutbox)
    with caplog.at_level(logging.DEBUG):
        refused_answer = Client().post(path, BOTH_NEW | {"new_password2": "other"})
        done = Client().post(path, BOTH_NEW)
    text = "".join((page(refused_answer), page(done), repr(everything_stored()), caplog.text))
    assert NEW not in text
    assert NEW not in "".join(mail.body for mail in mailoutbox)


def test_the_work_is_done_once(erply: Sandbox, mailoutbox: list[Any]) -> None:
    done: list[int] = []
    answer = AnsweredFirst(LOG_IN, HttpRequest(), lambda: done.append(1))
    assert done == []
    close(answer)
    close(answer)
    assert done == [1]
