"""Every page, whatever is typed and whatever becomes of Erply: never a 500, nothing lost."""

import json
import uuid
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils.html import escape

from erply_auth.sandbox import Sandbox
from tests.app.support import table_gone

from .support import (
    ADD,
    ADDRESSES,
    DELETE,
    EDIT,
    MARI,
    NEW_ADDRESS,
    NOT_REACHED,
    OVERVIEW,
    PASSWORD,
    PROFILE,
    again,
    entries,
    errors,
    form_of,
    newest,
    opened,
    page,
    writes,
)

pytestmark = pytest.mark.django_db

PERSON = {"first_name": "Maria", "last_name": "Mets"}
GOOD = {
    PROFILE: PERSON,
    ADD: NEW_ADDRESS,
    EDIT: NEW_ADDRESS,
    DELETE: {},
    PASSWORD: {
        "old_password": "Sandbox-person-1",
        "new_password1": "Uus-salasõna-77",
        "new_password2": "Uus-salasõna-77",
    },
}
TYPED = [(PROFILE, name) for name in ("first_name", "last_name", "phone", "mobile", "email")]
TYPED += [(PROFILE, name) for name in ("birthday", "gender", "email_opt_out", "current_password")]
TYPED += [(path, name) for path in (ADD, EDIT) for name in (*NEW_ADDRESS, "address2", "state")]
TYPED += [(PASSWORD, name) for name in GOOD[PASSWORD]]
TYPED += [(DELETE, "anything")]
TEXTS = {
    "empty": "",
    "space": " \t ",
    "too long": "ä" * 70_000,
    "HTML": '"><script>alert(1)</script>&amp;<form>',
    "emoji": "🦆👩‍👩‍👧‍👦🇪🇪",
    "right to left": "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627\u202c",
    "control characters": "a\x01b\x1b[31mc\x7f",
    "NUL": "a\x00b",
    "lines": "one\r\ntwo\nthree\rfour",
    "format characters": "%s {0} {{ x }} {% now %} ${x} ' \" \\ ; --",
    "number": "9" * 5000,
}
PASSWORDS = ("current_password", "old_password", "new_password1", "new_password2")
each_form = pytest.mark.parametrize("path", GOOD)
each_page = pytest.mark.parametrize("path", [OVERVIEW, PROFILE, ADDRESSES, EDIT, DELETE])


@pytest.mark.parametrize(("path", "name"), TYPED)
@pytest.mark.parametrize("kind", TEXTS)
def test_whatever_is_typed_comes_back_or_is_saved_as_it_is(
    mari: Client, erply: Sandbox, path: str, name: str, kind: str
) -> None:
    value = TEXTS[kind]
    fields = opened(mari, path) | GOOD[path] | {name: value}
    if name == "email":
        fields["current_password"] = "Sandbox-person-1"
    since = newest()
    answer = mari.post(path, fields)
    assert answer.status_code in (200, 302)
    if answer.status_code == 200:
        assert errors(answer)
        text = page(answer)
        assert "<script" not in text
        if value.strip() and name not in PASSWORDS and name in form_of(answer).names:
            assert_is_there(answer, name, value)
        assert {outcome for *_, outcome in entries(since)} <= {"failed", "done"}
    else:
        assert entries(since) == [] or entries(since)[-1][2] == "done"
        assert mari.get(ADDRESSES).status_code == mari.get(OVERVIEW).status_code == 200
        assert "<script" not in page(mari.get(ADDRESSES)) + page(mari.get(OVERVIEW))


def assert_is_there(answer: Any, name: str, value: str) -> None:
    if name in ("type_id", "country", "gender", "email_opt_out"):
        return  # Chosen from a list, not typed.
    # An HTML page cannot hold a NUL, which a browser would not send either.
    assert escape(value) in page(answer) or escape(value.replace("\r\n", "\n")) in page(answer)


@each_form
def test_a_post_of_nothing_at_all_is_answered(mari: Client, path: str) -> None:
    assert mari.post(path).status_code in (200, 302)


@each_form
@pytest.mark.parametrize(
    "body", [b"\xff\xfe%zz=&&&=", b"type_id=1&type_id=2&city=a&city=b", b"=" * 100]
)
def test_a_post_of_rubbish_is_answered(
    mari: Client, erply: Sandbox, path: str, body: bytes
) -> None:
    kind = "application/x-www-form-urlencoded"
    assert mari.post(path, body, content_type=kind).status_code in (200, 302)
    as_json = mari.post(path, body, content_type="application/json")
    assert as_json.status_code in ((404,) if path == DELETE else (200, 302))


DOWN: dict[str, dict[str, Any]] = {
    "maintenance": {"kind": "error", "code": 1000},
    "quota spent": {"kind": "error", "code": 1002},
    "no right": {"kind": "error", "code": 1060},
    "question refused": {"kind": "error", "code": 1016, "field": "customerID"},
    "question not found": {"kind": "error", "code": 1011, "field": "ownerID"},
    "reset": {"kind": "reset"},
    "throttled": {"kind": "http", "status": 429},
    "nonsense": {"kind": "shape", "shape": "records_of_text"},
}


@each_page
@pytest.mark.parametrize("down", DOWN)
def test_a_page_that_cannot_be_shown_says_so(
    mari: Client, erply: Sandbox, path: str, down: str
) -> None:
    since = newest()
    erply.fault(**DOWN[down])
    answer = mari.get(path)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert f'href="{path}"' in page(answer)
    assert entries(since) == [(MARI, "read", "failed")]
    erply.clear_faults()
    assert mari.get(path).status_code == 200


@each_form
@pytest.mark.parametrize("down", DOWN)
@pytest.mark.parametrize("with_token", [True, False])
def test_a_form_sent_while_erply_is_down_comes_back_filled_in(
    mari: Client, erply: Sandbox, path: str, down: str, with_token: bool
) -> None:
    fields = opened(mari, path) | GOOD[path]
    if not with_token:
        fields.pop("opened", None)
    since = newest()
    erply.fault(**DOWN[down])
    answer = mari.post(path, fields)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert NOT_REACHED in page(answer)
    assert page(answer).count("Try again</button>") == 1
    form = form_of(answer)
    assert (form.method, form.action) == ("post", path)
    for name, value in GOOD[path].items():
        assert form.fields[name] == ("" if name in PASSWORDS else value)
    for secret in GOOD[PASSWORD].values():
        assert secret not in page(answer)
    assert {outcome for *_, outcome in entries(since)} <= {"failed"}
    assert writes(erply) == []
    erply.clear_faults()
    passwords = GOOD[PASSWORD] if path == PASSWORD else {}
    assert again(mari, path, answer, **passwords).status_code == 302


@pytest.mark.parametrize(
    "record",
    [
        {"customerID": 15, "addresses": "none"},
        {"customerID": 15, "contactPersons": [1]},
        {"customerID": 15, "addresses": [{"addressID": 0}]},
        {"customerID": 15, "groupID": "x"},
        {"customerID": 16},
        {"id": "15", "firstName": {"a": 1}},
        {},
    ],
)
def test_a_record_that_makes_no_sense_is_an_outage(
    mari: Client, erply: Sandbox, record: dict[str, Any]
) -> None:
    status = {"responseStatus": "ok", "errorCode": 0}
    body = json.dumps({"status": status, "records": [record]})
    erply.fault("not_json", calls=["getCustomers", "getAddresses"], body=body)
    for path in (OVERVIEW, PROFILE, ADDRESSES, EDIT, DELETE):
        assert mari.get(path).status_code == 503
    for path in (PROFILE, EDIT, DELETE, PASSWORD):
        assert mari.post(path, GOOD[path]).status_code == 503


@each_form
def test_a_spent_quota_is_the_real_thing_too(mari: Client, erply: Sandbox, path: str) -> None:
    fields = opened(mari, path) | GOOD[path]
    erply.quota = 0
    assert mari.post(path, fields).status_code == 503
    assert writes(erply)[:1] == []


@each_form
def test_without_a_token_and_without_types_nothing_typed_is_lost(
    mari: Client, erply: Sandbox, settings: Any, path: str
) -> None:
    """Erply is away and the cache has just been emptied."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": uuid.uuid4().hex}}
    erply.fault("error", code=1000)
    answer = mari.post(path, GOOD[path])
    assert answer.status_code == 503
    for name, value in GOOD[path].items():
        if name not in PASSWORDS:
            assert form_of(answer).fields[name] == value


@pytest.mark.parametrize("chosen", ["", "x", "9" * 5000, "٣", "-1", "🦆", "1" * 19])
def test_without_types_no_odd_choice_is_a_500(
    mari: Client, erply: Sandbox, settings: Any, chosen: str
) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": uuid.uuid4().hex}}
    erply.fault("error", code=1000, calls="getAddressTypes")
    for path in (ADD, EDIT):
        assert mari.post(path, NEW_ADDRESS | {"type_id": chosen}).status_code == 503
        assert mari.get(path).status_code == 503


@each_form
def test_a_record_that_is_gone_is_not_found(mari: Client, erply: Sandbox, path: str) -> None:
    fields = opened(mari, path) | GOOD[path]
    del erply.customers[MARI]
    erply.addresses.clear()
    since = newest()
    answer = mari.post(path, fields)
    assert answer.status_code == 404
    assert {outcome for *_, outcome in entries(since)} == {"failed"}


@pytest.mark.parametrize("path", [OVERVIEW, PROFILE, EDIT, DELETE])
def test_a_page_of_a_record_that_is_gone_is_not_found(
    mari: Client, erply: Sandbox, path: str
) -> None:
    del erply.customers[MARI]
    erply.addresses.clear()
    since = newest()
    assert mari.get(path).status_code == 404
    assert entries(since) == [(MARI, "read", "failed")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [*GOOD, OVERVIEW, ADDRESSES])
def test_without_a_log_nothing_is_shown_asked_or_written(
    mari: Client, erply: Sandbox, path: str
) -> None:
    fields = (opened(mari, path) | GOOD[path]) if path in GOOD else {}
    mari.get(ADD)
    erply.calls.clear()
    with table_gone("erply_auth_processingentry"):
        if path not in (ADD, PASSWORD):  # Their empty forms show nobody's data.
            answer = mari.get(path)
            assert answer.status_code == 503
            assert "Maasikas</h1>" not in page(answer)
            assert "Näituse" not in page(answer)
        if path in GOOD:
            answer = mari.post(path, fields)
            assert answer.status_code == 503
            assert form_of(answer).action == path
    assert erply.calls == []


@pytest.mark.django_db(transaction=True)
@each_form
def test_a_log_that_fails_after_the_write_leaves_the_outcome_unknown(
    mari: Client, erply: Sandbox, path: str
) -> None:
    fields = opened(mari, path) | GOOD[path]
    since = newest()
    with table_gone("erply_auth_processingoutcome"):
        answer = mari.post(path, fields)
        assert answer.status_code == 503
    assert [outcome for *_, outcome in entries(since)] == ["unknown"]
    assert len(writes(erply)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_after_the_write_makes_no_wrong_entry(
    mari: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    fields = opened(mari, EDIT) | NEW_ADDRESS
    since = newest()
    with member_table_read_only():
        assert mari.post(EDIT, fields).status_code == 302
    assert entries(since) == [(MARI, "update", "done")]
    assert "cards may be outdated" in caplog.text


def member_table_read_only() -> Any:
    """The database refuses updates of members, and nothing else."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE") and "erply_auth_member" in sql:
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(refuse)


@pytest.mark.django_db(transaction=True)
def test_a_password_that_is_changed_while_the_users_row_cannot_be_is_no_crash(
    mari: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE") and "auth_user" in sql:
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, params, many, context)

    new = "Uus-salas\u00f5na-77"
    fields = {"old_password": "Sandbox-person-1", "new_password1": new, "new_password2": new}
    with connection.execute_wrapper(refuse):
        answer = mari.post("/account/password/", fields)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "The database refused (OperationalError)" in caplog.text
    assert new not in answer.content.decode()
