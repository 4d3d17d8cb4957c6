"""The member's own processing log, in plain words."""

import datetime
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from erply_auth.models import Activity, Member, Outcome, ProcessingEntry, ProcessingOutcome
from erply_auth.processing import Purpose
from erply_auth.sandbox import Sandbox
from erply_auth.services import privacy
from tests.app.support import configure, names_called, statements_of_the_app, table_gone

from .support import KALLE, MARI, OVERVIEW, PRIVACY, PROFILE, page, send

pytestmark = pytest.mark.django_db


def write(customer_id: int = MARI, outcome: str = "done", **fields: Any) -> ProcessingEntry:
    values = {
        "at": timezone.now(),
        "client_code": "100100",
        "activity": "read",
        "fields": "name",
        "purpose": "Test",
        "actor": "member",
    }
    entry = ProcessingEntry(customer_id=customer_id, **{**values, **fields})
    entry.save()
    if outcome != "unknown":
        ProcessingOutcome(entry=entry, outcome=outcome, at=entry.at).save()
    return entry


def text_of(answer: Any) -> str:
    """What a reader sees, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page(answer)).split())


def shown(answer: Any) -> list[privacy.Line]:
    lines: list[privacy.Line] = answer.context["history"].lines
    return lines


def test_a_member_reads_what_was_done_with_their_data(mari: Client) -> None:
    mari.get(OVERVIEW)
    send(mari, PROFILE, phone="+372 600 1111")
    text = text_of(mari.get(PRIVACY))
    assert "Your phone number was changed The profile was changed; by you; done" in text
    assert "Your name and employer were read Log-in to the web shop; by you; done" in text
    assert text.index("was changed The profile") < text.index("Log-in to the web shop;")


def test_looking_at_the_log_reads_nothing_and_is_not_logged(mari: Client, erply: Sandbox) -> None:
    mari.get(PRIVACY)
    erply.calls.clear()
    before = ProcessingEntry.objects.count()
    with statements_of_the_app() as statements:
        assert mari.get(PRIVACY).status_code == 200
    assert names_called(erply) == []
    assert ProcessingEntry.objects.count() == before
    assert len(statements) <= 3


def test_only_ones_own_entries_are_shown(mari: Client) -> None:
    ProcessingEntry.objects.count()
    write(KALLE, purpose="Kalle's")
    write(MARI, client_code="999", purpose="another account's")
    write(MARI, purpose="Mari's")
    ProcessingEntry(at=timezone.now(), client_code="100100", activity="read", fields="name").save()
    text = text_of(mari.get(PRIVACY))
    assert "Mari&#x27;s" in text
    assert "Kalle" not in text
    assert "another account" not in text
    assert len(shown(mari.get(PRIVACY))) == 2


@pytest.mark.parametrize(
    ("who", "actor", "words"),
    [
        ("person", "member", "you"),
        ("company", "member:21", "a person who acts for your company"),
        ("contact", "member:20", "the company that you act for"),
        ("person", "staff:7", "the shop's staff"),
        ("person", "command:erply_sync_members", "the shop's computer"),
        ("person", "visitor", "somebody who was not logged in"),
        ("person", "till", "till"),
    ],
)
def test_who_it_was_is_said_in_words(enter: Any, who: str, actor: str, words: str) -> None:
    client = enter(who)
    write(Member.objects.get().customer_id, actor=actor)
    assert shown(client.get(PRIVACY))[0].who == words


@pytest.mark.parametrize(
    ("activity", "fields", "words"),
    [
        ("read", "name,phone,address", "Your name, phone number and address were read"),
        ("create", "address", "Your address was added"),
        ("update", "password", "Your password was changed"),
        ("delete", "all", "Your whole record was removed"),
        ("read", "licencePlate", "Your licencePlate was read"),
    ],
)
def test_what_was_done_is_said_in_words(
    mari: Client, activity: str, fields: str, words: str
) -> None:
    write(activity=activity, fields=fields)
    assert shown(mari.get(PRIVACY))[0].what == words


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("done", "done"),
        ("failed", "it did not happen"),
        ("unknown", "whether it happened is not known"),
    ],
)
def test_how_it_ended_is_said_in_words(mari: Client, outcome: str, words: str) -> None:
    write(outcome=outcome)
    assert shown(mari.get(PRIVACY))[0].how == words


def test_every_purpose_activity_and_outcome_has_words() -> None:
    assert set(privacy.WHY) == set(Purpose)
    assert set(privacy._WHAT) == set(Activity)
    assert set(privacy._HOW) == set(Outcome)


def test_pages_follow_each_other_without_gap_or_overlap(mari: Client) -> None:
    for number in range(60):
        write(purpose=f"number {number}")
    seen: list[str] = []
    path = PRIVACY
    for _ in range(3):
        answer = mari.get(path)
        write(purpose="meanwhile")
        seen += [line.why for line in shown(answer)]
        older = answer.context["history"].older
        path = f"{PRIVACY}?before={older}"
    assert older is None
    assert seen == [*(f"number {n}" for n in reversed(range(60))), "Log-in to the web shop"]
    assert "The newest" in page(answer)
    assert "Older" not in page(answer)


@pytest.mark.parametrize(
    "before", ["", "0", "-1", "x", "1e3", "9" * 18, "9" * 40, "٣", "1;drop", "%00"]
)
def test_whatever_is_asked_for_is_no_error(mari: Client, before: str) -> None:
    assert mari.get(f"{PRIVACY}?before={before}").status_code == 200


def test_before_ones_first_entry_there_is_nothing(mari: Client) -> None:
    first = ProcessingEntry.objects.earliest("pk")
    write(KALLE)
    assert "There is nothing here." in page(mari.get(f"{PRIVACY}?before={first.pk}"))


def test_times_are_local(mari: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Tallinn"
    write(at=datetime.datetime(2026, 1, 31, 22, 30, tzinfo=datetime.UTC))
    assert "Feb. 1, 2026, 12:30 a.m." in page(mari.get(PRIVACY))


@pytest.mark.parametrize("email", ["", "privacy@shop.example"])
def test_the_page_says_what_a_member_may_ask_for_and_where(
    mari: Client, settings: Any, email: str
) -> None:
    configure(settings, PRIVACY_EMAIL=email)
    text = page(mari.get(PRIVACY))
    for path in ("profile/", "addresses/", "privacy/export/", "privacy/delete/"):
        assert f'href="/account/{path}"' in text
    assert 'href="/account/profile/#id_email_opt_out"' in text
    assert 'id="id_email_opt_out"' in page(mari.get(PROFILE))
    assert ("mailto:privacy@shop.example" in text) is bool(email)


def test_what_an_entry_holds_is_escaped(mari: Client) -> None:
    write(purpose="<script>alert(1)</script>", actor="<b>", fields="<i>")
    text = page(mari.get(PRIVACY))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


@pytest.mark.django_db(transaction=True)
def test_a_log_that_cannot_be_read_is_an_outage(mari: Client) -> None:
    with table_gone("erply_auth_processingentry"):
        assert mari.get(PRIVACY).status_code == 503
