"""An outage is not a wrong password: every way Erply can fail, on every call that a member makes.

Three outcomes at log-in: 302 in, 200 refused, 503 cannot tell. A page of a logged-in member: 200,
503, or 404 where Erply says that there is no such record.
"""

from typing import Any

import pytest
from django.test import Client

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox

from .support import (
    LOGIN,
    NOT_NOW,
    PROFILE,
    REFUSED,
    configure,
    hurry,
    is_logged_in,
    log,
    log_in,
    table_gone,
    warm,
)

Wrong = dict[str, Any]

NO_SENSE: dict[str, Wrong] = {
    **{
        f"HTTP {status}": {"kind": "http", "status": status} for status in (302, 404, 429, 500, 503)
    },
    **{
        f"shape {shape}": {"kind": "shape", "shape": shape}
        for shape in (
            *("list", "null", "string", "no_status", "status_is_text", "no_error_code"),
            *("records_is_object", "records_is_text", "records_of_text", "records_of_null"),
            "records_of_lists",
        )
    },
    "time-out": {"kind": "timeout"},
    "reset": {"kind": "reset"},
    "silence": {"kind": "silence"},
    "half": {"kind": "half"},
    "dripping headers": {"kind": "drip", "where": "headers"},
    "dripping body": {"kind": "drip", "where": "body"},
    "HTML": {"kind": "html"},
    "empty": {"kind": "empty"},
    "no JSON": {"kind": "not_json"},
    "huge": {"kind": "huge", "megabytes": 9},
    **{
        f"error {code}": {"kind": "error", "code": code}
        for code in (
            *(1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1015, 1020),
            *(1054, 1055, 1056, 1060, 1148, 1204, 4711),
        )
    },
}
BLAMES_A_FIELD: dict[str, Wrong] = {
    f"error {code}": {"kind": "error", "code": code, "field": "customerID"}
    for code in (1010, 1011, 1012, 1014, 1016, 1022, 1100, 1156)
}
REFUSES_THE_USER: dict[str, Wrong] = {
    f"error {code}": {"kind": "error", "code": code} for code in (1050, 1051, 1052, 1053)
}
NO_RECORDS: dict[str, Wrong] = {
    f"shape {shape}": {"kind": "shape", "shape": shape}
    for shape in ("no_records", "empty_records", "null_records")
}


def each(*tables: dict[str, Wrong]) -> pytest.MarkDecorator:
    cases = {name: wrong for table in tables for name, wrong in table.items()}
    return pytest.mark.parametrize("wrong", cases.values(), ids=cases)


def cannot_tell(answer: Any) -> None:
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert NOT_NOW in page
    assert REFUSED not in page
    assert 'value="person"' in page
    assert "Try again" in page
    assert "Sandbox-person-1" not in page


@pytest.mark.django_db
@each(NO_SENSE, BLAMES_A_FIELD)
def test_a_log_in_that_erply_cannot_judge_is_no_wrong_password(
    client: Client, erply: Sandbox, settings: Any, wrong: Wrong
) -> None:
    hurry(settings)
    warm(erply)
    erply.fault(calls="verifyCustomerUser", **wrong)
    cannot_tell(log_in(client, next="/who/"))
    assert log() == []
    assert not Member.objects.exists()
    erply.clear_faults()
    assert log_in(client, next="/who/")["Location"] == "/who/"


@pytest.mark.django_db
@each(REFUSES_THE_USER, NO_RECORDS)
def test_a_log_in_that_erply_refuses_is_a_wrong_password(
    client: Client, erply: Sandbox, wrong: Wrong
) -> None:
    warm(erply)
    erply.fault(calls="verifyCustomerUser", **wrong)
    answer = log_in(client)
    assert answer.status_code == 200
    assert REFUSED in answer.content.decode()
    assert len(erply.calls) == 1


@pytest.mark.django_db
@each(NO_SENSE, BLAMES_A_FIELD, REFUSES_THE_USER, NO_RECORDS)
def test_an_api_user_who_cannot_log_in_is_never_the_members_fault(
    client: Client, erply: Sandbox, settings: Any, wrong: Wrong
) -> None:
    hurry(settings)
    erply.fault(calls="verifyUser", **wrong)
    cannot_tell(log_in(client))
    assert erply.calls_of("verifyCustomerUser") == []


@pytest.mark.django_db
@each(NO_SENSE, BLAMES_A_FIELD, REFUSES_THE_USER)
def test_without_the_walk_in_customers_id_nobody_is_judged(
    client: Client, erply: Sandbox, settings: Any, wrong: Wrong
) -> None:
    hurry(settings)
    erply.fault(calls="getDefaultCustomer", **wrong)
    cannot_tell(log_in(client))
    assert erply.calls_of("verifyCustomerUser") == []


@pytest.mark.django_db
@each(NO_RECORDS)
def test_an_account_without_a_walk_in_customer_lets_members_in(
    client: Client, erply: Sandbox, wrong: Wrong
) -> None:
    erply.fault(calls="getDefaultCustomer", **wrong)
    assert log_in(client).status_code == 302


@pytest.mark.django_db
@each(NO_SENSE, BLAMES_A_FIELD, REFUSES_THE_USER)
def test_a_page_that_erply_cannot_serve_says_so_and_its_entry_failed(
    client: Client, erply: Sandbox, settings: Any, wrong: Wrong
) -> None:
    log_in(client)
    hurry(settings)
    warm(erply)
    erply.fault(calls="getCustomers", **wrong)
    answer = client.get(PROFILE)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert f'href="{PROFILE}"' in answer.content.decode()
    assert log()[1:] == [(15, "read", "Member views their profile", "member", "failed")]
    assert is_logged_in(client)


@pytest.mark.django_db
@each(NO_RECORDS)
def test_a_record_that_is_gone_is_not_found_and_its_entry_failed(
    client: Client, erply: Sandbox, wrong: Wrong
) -> None:
    log_in(client)
    erply.fault(calls="getCustomers", **wrong)
    assert client.get(PROFILE).status_code == 404
    assert log()[1:] == [(15, "read", "Member views their profile", "member", "failed")]


@pytest.mark.django_db
def test_a_key_that_ended_is_renewed_unseen(client: Client, erply: Sandbox) -> None:
    warm(erply)
    erply.expire_sessions()
    assert log_in(client).status_code == 302
    erply.forget_sessions()
    assert client.get(PROFILE).status_code == 200


@pytest.mark.django_db
def test_a_spent_quota_is_an_outage_whose_line_says_when_it_ends(
    client: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    erply.quota = 0
    cannot_tell(log_in(client))
    assert "it begins anew at the full hour" in caplog.text


@pytest.mark.django_db
def test_nobody_listening_at_erplys_address_is_an_outage(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    configure(settings, API_URL="http://127.0.0.1:9/api/")
    cannot_tell(log_in(client))


@pytest.mark.parametrize("table", ["erply_auth_processingentry", "erply_auth_processingoutcome"])
@pytest.mark.django_db(transaction=True)
def test_a_log_in_whose_entry_cannot_be_written_is_undone(
    client: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture, table: str
) -> None:
    with table_gone(table):
        cannot_tell(log_in(client))
        assert not Member.objects.exists()
        assert "sessionid" not in client.cookies
    assert "The database refused" in caplog.text
    assert log_in(client).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_without_a_log_erply_is_not_asked_and_nothing_personal_is_shown(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    erply.calls.clear()
    with table_gone("erply_auth_processingentry"):
        answer = client.get(PROFILE)
        assert answer.status_code == 503
        assert answer["Retry-After"] == "10"
        assert erply.calls == []
    assert "maasikas@example" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_was_read_is_not_shown_when_its_outcome_cannot_be_written(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    with table_gone("erply_auth_processingoutcome"):
        answer = client.get(PROFILE)
    assert answer.status_code == 503
    assert "maasikas@example" not in answer.content.decode()
    assert log()[1:] == [(15, "read", "Member views their profile", "member", "unknown")]


@pytest.mark.django_db
def test_the_form_is_shown_while_erply_is_away(client: Client, erply: Sandbox) -> None:
    erply.fault("http", status=503)
    assert client.get(LOGIN).status_code == 200
    assert erply.calls == []
