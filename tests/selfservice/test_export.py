"""Everything that is held about a member, in one file."""

import dataclasses
import html.parser
import io
import json
import re
import tracemalloc
import zipfile
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from erply_auth.erply.records import Address, Balance, Customer, Particulars
from erply_auth.models import Member, ProcessingEntry
from erply_auth.sandbox import Sandbox
from erply_auth.services import export
from tests.app.support import configure, names_called, table_gone

from .support import EXPORT, MARI, entries, errors, form_of, last_entry, newest, page
from .test_privacy_page import write

pytestmark = pytest.mark.django_db

SECRET = "Sandbox-person-1"


def download(client: Client, password: str = SECRET) -> Any:
    return client.post(EXPORT, {"password": password})


def unpacked(answer: Any) -> tuple[dict[str, Any], str]:
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as folder:
        assert sorted(folder.namelist()) == ["data.html", "data.json"]
        assert folder.testzip() is None
        return json.loads(folder.read("data.json")), folder.read("data.html").decode()


def test_the_file_has_all_that_erply_and_the_site_hold(mari: Client, erply: Sandbox) -> None:
    erply.customers[MARI] |= {"fax": "600 0016", "skype": "mari.m", "website": "https://m.example"}
    write(actor="staff:7", purpose="A question", fields="phone,bankAccount")
    data, _page = unpacked(download(mari))
    assert names_called(erply) == ["getCustomers", "verifyCustomerUser"]
    record = data["customer"]
    assert record["first_name"] == "Mari"
    assert record["birthday"] == "1988-07-15"
    assert record["fax"] == "600 0016"
    assert record["notes"] == "Prefers parcel lockers."
    assert record["bank_iban"] == "EE382200221020145685"
    assert data["attributes"] == [{"name": "shoeSize", "kind": "int", "value": "38"}]
    assert data["balance"]["owed"] == "-12.5"
    assert [address["street"] for address in data["addresses"]] == [
        *("Näituse 7-3", "Pärnu mnt 15", "Mere tee 2"),
    ]
    member = Member.objects.get()
    assert data["site"]["name"] == "Mari Maasikas"
    assert data["site"]["site_username"] == member.user.get_username()
    assert data["site"]["last_login"]
    log = data["processing_log"]
    assert [(row["purpose"], row["actor"]) for row in log] == [
        ("Log-in to the web shop", "member"),
        ("A question", "staff"),
        ("Member exports their data", "member"),
    ]
    assert log[1]["fields"] == ["phone", "bankAccount"]
    assert log[-1]["outcome"] == "done"


def test_every_field_that_is_read_is_in_both_files_under_a_name(mari: Client) -> None:
    data, text = unpacked(download(mari))
    own = {field.name for kind in (Customer, Particulars) for field in dataclasses.fields(kind)}
    assert set(data["customer"]) == own - {"attributes"}
    assert set(data["balance"]) == {field.name for field in dataclasses.fields(Balance)}
    assert set(data["addresses"][0]) == {field.name for field in dataclasses.fields(Address)}
    kept = {field.name for field in Member._meta.concrete_fields} - {"id", "user", "closed_at"}
    assert set(data["site"]) - {"date_joined", "last_login", "site_username"} == kept
    for part in ("customer", "balance", "site"):
        for name in data[part]:
            assert f"<dt>{export.LABELS[name]}</dt>".replace("'", "&#x27;") in text, name


class _Reader(html.parser.HTMLParser):
    """Fails for whatever would need a network, or run."""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe", "object", "form", "a", "base")
        assert not {name for name, _value in attributes} & {"src", "href", "style", "onclick"}


def test_the_page_opens_without_a_network_and_runs_nothing(mari: Client, erply: Sandbox) -> None:
    evil = "<script>alert(1)</script><!-- processing log -->"
    erply.customers[MARI] |= {"notes": evil, "lastName": '"><img src=x>'}
    erply.customers[MARI]["attributes"][0]["attributeValue"] = evil
    write(purpose=evil)
    data, text = unpacked(download(mari))
    assert data["customer"]["notes"] == evil
    assert text.count("&lt;script&gt;alert(1)") == 3
    _Reader().feed(text)
    assert text.rstrip().endswith("</html>")
    assert "Your name and employer were read" in text
    assert "url(" not in text


def test_the_answer_is_private_and_its_name_says_nothing(mari: Client) -> None:
    answer = download(mari)
    unpacked(answer)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.zip"'
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


def test_an_export_is_a_reading_of_everything(mari: Client) -> None:
    since = newest()
    unpacked(download(mari))
    assert entries(since) == [(MARI, "read", "done")]
    assert last_entry().fields == "all"


def test_a_company_s_file_leaves_out_its_contact_persons(enter: Any) -> None:
    client = enter("company")
    write(20, actor="member:21")
    data, text = unpacked(download(client, "Sandbox-company-1"))
    whole = json.dumps(data, ensure_ascii=False) + text
    assert data["customer"]["vat_number"] == "EE100000020"
    assert data["processing_log"][1]["actor"] == "other member"
    assert "contacts" not in data
    assert [name for name in ("Peeter", "Pärn", "peeter@", "member:21") if name in whole] == []


def test_no_password_is_in_the_file(mari: Client) -> None:
    data, text = unpacked(download(mari))
    whole = json.dumps(data) + text
    assert SECRET not in whole
    assert Member.objects.get().user.password not in whole


def test_what_a_host_keeps_with_the_user_is_in_it(mari: Client) -> None:
    get_user_model().objects.update(email="mari@host.example")
    data, _text = unpacked(download(mari))
    assert data["site"]["email"] == "mari@host.example"


def test_on_the_crm_api_what_it_tells_is_in_it(enter: Any, settings: Any) -> None:
    client = enter("person")
    configure(settings, CUSTOMER_API="crm", ADDRESS_API="crm")
    data, _text = unpacked(download(client))
    assert data["customer"]["bank_iban"] == "EE382200221020145685"
    assert data["customer"]["notes"] == "Prefers parcel lockers."
    assert data["balance"]["owed"] is None
    assert len(data["addresses"]) == 3
    assert data["attributes"] == []


@pytest.mark.parametrize("password", ["", "wrong", "Sandbox-gold-1", "x" * 256, "a\x00b"])
def test_without_the_password_nothing_is_handed_out(mari: Client, password: str) -> None:
    answer = download(mari, password)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")
    assert set(errors(answer)) == {"password"}
    assert "maasikas@example" not in page(answer)


@pytest.mark.parametrize("call", ["getCustomers", "verifyCustomerUser"])
@pytest.mark.parametrize("fault", [{"kind": "error", "code": 1002}, {"kind": "reset"}])
def test_erply_away_is_said_with_the_form(
    mari: Client, erply: Sandbox, call: str, fault: dict[str, Any]
) -> None:
    erply.fault(calls=call, **fault)
    since = newest()
    answer = download(mari)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert form_of(answer).action == EXPORT
    assert SECRET not in page(answer)
    assert entries(since) == [(MARI, "read", "failed")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["erply_auth_processingentry", "erply_auth_processingoutcome"])
def test_without_a_log_nothing_is_handed_out(mari: Client, table: str) -> None:
    with table_gone(table):
        assert download(mari).status_code == 503


def test_a_record_that_is_gone_is_not_found(mari: Client, erply: Sandbox) -> None:
    del erply.customers[MARI]
    assert download(mari).status_code == 404


def test_a_kept_card_never_has_the_particulars(mari: Client, erply: Sandbox) -> None:
    unpacked(download(mari))
    erply.calls.clear()
    assert mari.get("/account/").status_code == 200
    assert names_called(erply) == ["getCustomers"]


def test_thousands_of_entries_take_little_memory(mari: Client) -> None:
    now = timezone.now()
    row = {"at": now, "client_code": "100100", "customer_id": MARI, "activity": "read"}
    row |= {"fields": "name", "purpose": "Test", "actor": "member"}
    many = (ProcessingEntry(**row) for _number in range(5_000))
    ProcessingEntry.objects.bulk_create(many, batch_size=500)
    member = Member.objects.get()
    export.make(member, SECRET).close()
    tracemalloc.start()
    try:
        with export.make(member, SECRET) as archive:
            _size, peak = tracemalloc.get_traced_memory()
            with zipfile.ZipFile(archive) as folder:
                assert len(re.findall(b'"Test"', folder.read("data.json"))) == 5_000
    finally:
        tracemalloc.stop()
    assert peak < 12 * 1024 * 1024, peak
