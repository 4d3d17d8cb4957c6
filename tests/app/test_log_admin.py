"""The processing log in the admin: narrowed, exported, never changed."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from erply_auth.models import Erasure, ErplyState, Outcome, ProcessingEntry, ProcessingOutcome
from erply_auth.services.log_export import COLUMNS

from .support import MODEL_BACKEND, log, statements_of_the_app

pytestmark = pytest.mark.django_db

ENTRIES = "/admin/erply_auth/processingentry/"
ERASURES = "/admin/erply_auth/erasure/"
CSV, JSON = f"{ENTRIES}export/csv/", f"{ENTRIES}export/json/"

ROWS: tuple[dict[str, Any], ...] = (
    {"customer_id": 15, "activity": "read", "actor": "member", "outcome": "done"},
    {"customer_id": 20, "activity": "update", "actor": "member:21", "outcome": "failed"},
    {"customer_id": 15, "activity": "delete", "actor": "staff:1", "outcome": "unknown"},
    {"customer_id": None, "activity": "read", "actor": "visitor", "outcome": "done"},
    {
        "customer_id": 30,
        "activity": "create",
        "actor": "command:x",
        "purpose": "Member exports their data",
        "outcome": "done",
        "api": "classic",
    },
)


@pytest.fixture
def admin(staff: Any) -> Client:
    """The staff's browser, over a log with one entry of each kind."""
    for number, row in enumerate(ROWS):
        values = {"purpose": f"={number}", "fields": "name,phone", "client_code": "100100", **row}
        outcome, api = values.pop("outcome"), values.pop("api", "")
        entry = ProcessingEntry(at=timezone.now(), **values)
        entry.save()
        if outcome != "unknown":
            ProcessingOutcome(entry=entry, outcome=outcome, at=entry.at, api=api).save()
    client = Client()
    client.force_login(staff, backend=MODEL_BACKEND)
    return client


def numbers(rows: Any) -> list[int]:
    """Which of ROWS were found."""
    first = ProcessingEntry.objects.earliest("pk").pk
    return [int(row["id"]) - first for row in rows]


def exported(client: Client, query: str = "") -> list[int]:
    answer: Any = client.get(f"{JSON}{query}")
    assert answer.status_code == 200
    return numbers(json.loads(answer.getvalue()))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("?activity__exact=read", [0, 3]),
        ("?purpose=Member+exports+their+data", [4]),
        ("?purpose=nonsense", [0, 1, 2, 3, 4]),
        ("?outcome=done", [0, 3, 4]),
        ("?outcome=failed", [1]),
        ("?outcome=unknown", [2]),
        ("?erply_state=waiting", [0, 2]),
        ("?erply_state=not_needed", [1, 3, 4]),
        ("?actor_kind=member", [0]),
        ("?actor_kind=other", [1]),
        ("?actor_kind=staff", [2]),
        ("?actor_kind=visitor", [3]),
        ("?actor_kind=command", [4]),
        ("?q=15", [0, 2]),
        ("?q=15&outcome=done", [0]),
        ("?q=999", []),
        ("?at__year=1999", []),
    ],
)
def test_what_the_list_is_narrowed_to_is_what_is_exported(
    admin: Client, query: str, found: list[int]
) -> None:
    answer: Any = admin.get(f"{ENTRIES}{query}")
    shown = [{"id": entry.pk} for entry in answer.context["cl"].result_list]
    assert numbers(reversed(shown)) == found
    assert exported(admin, query) == found


def test_the_links_to_the_export_keep_the_filters(admin: Client) -> None:
    text = admin.get(f"{ENTRIES}?outcome=done&q=15").content.decode()
    for path in (CSV, JSON):
        assert f'href="{path}?' in text
    assert "outcome=done&amp;q=15" in text


def test_the_export_is_all_pages_of_the_list(admin: Client) -> None:
    rows = {"client_code": "100100", "customer_id": 15, "at": timezone.now(), "activity": "read"}
    ProcessingEntry.objects.bulk_create(
        ProcessingEntry(actor="member", **rows) for _number in range(250)
    )
    with statements_of_the_app() as statements:
        assert len(exported(admin, "?p=2")) == 255
    assert len(statements) < 10


def test_csv_and_json_have_the_columns_of_the_command(admin: Client) -> None:
    answer: Any = admin.get(CSV)
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"] == 'attachment; filename="processing-log.csv"'
    assert "no-store" in answer["Cache-Control"]
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert tuple(rows[0]) == COLUMNS
    assert rows[3]["customer_id"] == ""
    answer = admin.get(JSON)
    first = json.loads(answer.getvalue())[0]
    assert tuple(first) == COLUMNS
    assert first["purpose"] == "=0"
    assert (first["outcome"], first["erply_state"]) == ("done", "waiting")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_csv_is_a_formula(admin: Client, start: str) -> None:
    ProcessingEntry(
        at=timezone.now(), activity="read", purpose=f"{start}1+1", actor=f"{start}cmd", fields="a,b"
    ).save()
    answer: Any = admin.get(CSV)
    row = list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))[-1]
    kept = start.replace("\r", " ")
    assert row["purpose"] == f"'{kept}1+1"
    assert row["actor"] == f"'{kept}cmd"
    assert row["fields"] == "a,b"


@pytest.mark.parametrize(("action", "kind"), [("export_csv", "csv"), ("export_json", "json")])
def test_chosen_entries_are_exported_alone(admin: Client, action: str, kind: str) -> None:
    chosen = list(ProcessingEntry.objects.order_by("pk").values_list("pk", flat=True))[1:3]
    answer: Any = admin.post(ENTRIES, {"action": action, "_selected_action": chosen})
    text = answer.getvalue().decode()
    assert answer["Content-Disposition"].endswith(f'log.{kind}"')
    rows = json.loads(text) if kind == "json" else csv.DictReader(io.StringIO(text))
    assert numbers(rows) == [1, 2]


def test_one_entry_is_shown_with_its_outcome(admin: Client) -> None:
    key = ProcessingEntry.objects.earliest("pk").pk
    text = admin.get(f"{ENTRIES}{key}/change/").content.decode()
    for part in ("name, phone", "done", "waiting", "100100"):
        assert part in text
    assert "_save" not in text
    assert "deletelink" not in text


def test_every_outcome_and_state_can_be_chosen(admin: Client) -> None:
    text = admin.get(ENTRIES).content.decode()
    for value in Outcome.values:
        assert f"outcome={value}" in text
    for value in ErplyState.values:
        assert f"erply_state={value}" in text


@pytest.mark.parametrize("query", ["?q=abc", "?q=99999999999999999999999", "?at__month=x"])
def test_what_cannot_be_meant_is_no_error(admin: Client, query: str) -> None:
    assert admin.get(f"{ENTRIES}{query}").status_code in (200, 302)
    assert admin.get(f"{JSON}{query}").status_code in (200, 404)


def test_other_formats_are_not_found(admin: Client) -> None:
    assert admin.get(f"{ENTRIES}export/xml/").status_code == 404


def test_only_who_may_view_the_log_exports_it(admin: Client, staff: Any) -> None:
    staff.is_superuser = False
    staff.save()
    assert admin.get(CSV).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_processingentry"))
    assert admin.get(CSV).status_code == 200
    assert Client().get(CSV).status_code == 302


def test_nobody_changes_the_log_by_an_action(admin: Client) -> None:
    before = log()
    for path in (ENTRIES, CSV, JSON):
        admin.post(path, {"action": "delete_selected", "_selected_action": [1], "post": "yes"})
    assert log() == before


def test_erasures_are_listed_and_never_changed(admin: Client) -> None:
    now = timezone.now()
    row = Erasure.objects.create(
        client_code="100100", customer_id=15, plan="delete", started_at=now, notice_to="a@b.example"
    )
    assert "unfinished" not in str(row)
    assert str(row) == "100100/15"
    text = admin.get(ERASURES).content.decode()
    assert "delete the record" in text
    text = admin.get(f"{ERASURES}{row.pk}/change/").content.decode()
    assert "a@b.example" not in text
    assert "_save" not in text
    assert admin.post(f"{ERASURES}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get(f"{ERASURES}add/").status_code == 403
