"""The operator's commands: erply_check and erply_processing_log."""

import csv
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.dateparse import parse_datetime

from erply_auth.sandbox import Sandbox

from .support import PROFILE, configure, log_in, names_called

CAN = "Members can log in."
CANNOT = "Members cannot log in."
NAMES = [
    "Erply reachable",
    "API user",
    "Right to check members' passwords",
    "Default customer",
    "Right to read customers",
    "Right to read customer groups",
    "Address types",
    "CRM endpoint",
    "API for customers",
    "Erply's own processing log",
]


def check() -> tuple[bool, dict[str, str]]:
    """Whether members can log in, and what is said of each thing tried."""
    out = io.StringIO()
    end = ""
    try:
        call_command("erply_check", stdout=out, no_color=True)
    except CommandError as error:
        end = f"{error} {error.returncode}"
    good = out.getvalue().endswith(f"{CAN}\n")
    assert end == ("" if good else f"{CANNOT} 1")
    lines = [line for line in out.getvalue().splitlines() if line != CAN]
    return good, dict(line.split(": ", 1) for line in lines)


def printed(form: str) -> str:
    out = io.StringIO()
    call_command("erply_processing_log", format=form, stdout=out)
    return out.getvalue()


def test_a_good_account_passes_line_by_line(erply: Sandbox) -> None:
    good, lines = check()
    assert good
    assert list(lines) == NAMES
    assert lines["Erply reachable"] == erply.url
    assert lines["API user"] == "accepted"
    assert lines["Right to check members' passwords"] == "granted"
    assert lines["Default customer"] == "customer 1 can never log in"
    assert lines["Right to read customer groups"] == "granted, 4 groups"
    assert lines["Address types"] == "Registered address, Delivery address, Billing address"
    assert lines["CRM endpoint"] == erply.crm_url
    assert lines["API for customers"] == "the account needs classic, classic is used"
    assert lines["Erply's own processing log"] == "available"


def test_checking_reads_and_logs_nobody(erply: Sandbox) -> None:
    check()
    assert erply.processing_log == []
    reads = erply.calls_of("getCustomers")
    assert reads
    assert not {int(read.parameters["customerID"]) for read in reads} & erply.customers.keys()
    assert "saveCustomer" not in names_called(erply)


def test_an_account_may_have_no_walk_in_customer_and_no_types(erply: Sandbox) -> None:
    erply.customers[1]["isPOSDefaultCustomer"] = 0
    erply.address_types.clear()
    erply.fault("shape", shape="empty_records", calls="getServiceEndpoints")
    good, lines = check()
    assert good
    assert lines["Default customer"] == "none defined"
    assert lines["Address types"] == "none in use"
    assert lines["CRM endpoint"] == "none"


@pytest.mark.parametrize(
    ("calls", "code", "failing", "advice"),
    [
        ("verifyCustomerUser", 1060, "Right to check members' passwords", "the right to this call"),
        ("getDefaultCustomer", 1060, "Default customer", "the right to this call"),
        ("getServiceEndpoints", 1001, "Erply reachable", "CLIENT_CODE"),
        ("verifyUser", 1051, "API user", "ERPLY_AUTH['PASSWORD']"),
        ("verifyUser", 1002, "API user", "full hour"),
    ],
)
def test_what_keeps_members_out_fails_the_check(
    erply: Sandbox, calls: str, code: int, failing: str, advice: str
) -> None:
    erply.fault("error", code=code, calls=calls)
    good, lines = check()
    assert not good
    assert list(lines) == NAMES
    assert lines[failing].startswith("FAILED")
    assert f"({code})" in lines[failing]
    assert advice in lines[failing]


@pytest.mark.parametrize(
    ("calls", "code", "failing", "advice"),
    [
        ("getCustomers", 1060, "Right to read customers", "the right to this call"),
        ("getCustomers", 1148, "Right to read customers", "GDPR settings"),
        ("getCustomerGroups", 1060, "Right to read customer groups", "the right to this call"),
        ("getAddressTypes", 1060, "Address types", "the right to this call"),
        ("logProcessingOfCustomerData", 1060, "Erply's own processing log", "the right"),
    ],
)
def test_what_only_some_pages_need_is_told_and_does_not_fail_it(
    erply: Sandbox, calls: str, code: int, failing: str, advice: str
) -> None:
    erply.fault("error", code=code, calls=calls)
    good, lines = check()
    assert good
    assert lines[failing].startswith("FAILED")
    assert advice in lines[failing]
    assert sum(line.startswith("FAILED") for line in lines.values()) == 1


def test_outside_the_eu_there_is_no_log_to_miss(erply: Sandbox) -> None:
    erply.outside_eu = True
    good, lines = check()
    assert good
    assert lines["Erply's own processing log"].startswith("none: the account is outside the EU")


def test_nobody_at_erplys_address_is_told_in_a_line(erply: Sandbox, settings: Any) -> None:
    configure(settings, API_URL="http://127.0.0.1:9/api/")
    good, lines = check()
    assert not good
    assert all(line.startswith("FAILED") for line in lines.values())
    assert "ERPLY_AUTH['API_URL']" in lines["Erply reachable"]


@pytest.mark.parametrize("missing", ["CLIENT_CODE", "USERNAME", "PASSWORD"])
def test_missing_settings_are_named_without_a_traceback(settings: Any, missing: str) -> None:
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, missing: ""}
    with pytest.raises(CommandError, match=missing):
        call_command("erply_check")


@pytest.mark.django_db
def test_an_empty_log_is_an_empty_list() -> None:
    assert json.loads(printed("json")) == []
    assert printed("csv").splitlines() == [
        "id,at,customer_id,activity,fields,purpose,actor,outcome,erply_state"
    ]


@pytest.mark.django_db
def test_the_log_is_printed_oldest_first_in_both_formats(client: Client, erply: Sandbox) -> None:
    log_in(client)
    erply.fault("error", code=1000, calls="getCustomers")
    client.get(PROFILE)
    entries = json.loads(printed("json"))
    assert [entry["outcome"] for entry in entries] == ["done", "failed"]
    assert entries[0] == entries[0] | {
        "customer_id": 15,
        "activity": "read",
        "fields": "name,employer",
        "purpose": "Log-in to the web shop",
        "actor": "member",
        "erply_state": "waiting",
    }
    assert isinstance(entries[0]["id"], int)
    first, second = (parse_datetime(entry["at"]) for entry in entries)
    assert first is not None
    assert second is not None
    assert first.tzinfo is not None
    assert first <= second
    rows = list(csv.DictReader(io.StringIO(printed("csv"))))
    assert rows == [{name: str(value) for name, value in entry.items()} for entry in entries]
