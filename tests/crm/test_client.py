"""The CRM API's client: discovery, session key, pages, errors, and what it sends."""

import contextlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from erply_auth.erply.crm_customers import CrmCustomers
from erply_auth.erply.errors import (
    ErplyError,
    ErplyUnavailable,
    FieldRejected,
    PasswordRefused,
    Reason,
    RecordInUse,
    RecordNotFound,
)
from erply_auth.sandbox import Sandbox
from tests.erply.support import answering, at_once, http

from .parts import Shop, shop

LIST = "GET v1/addresses/types"


@pytest.fixture
def crm(erply: Sandbox) -> Any:
    with shop(erply.url) as made:
        yield made


def discoveries(erply: Sandbox) -> int:
    return len(erply.calls_of("getServiceEndpoints"))


@contextlib.contextmanager
def answered(erply: Sandbox, *answers: bytes) -> Iterator[CrmCustomers]:
    """The customers of a CRM API that is a server of ours and answers like this."""
    with answering(*answers) as server, shop(erply.url, server.url) as made:
        yield made.customers


def refusal(erply: Sandbox, *answers: bytes) -> ErplyError:
    """What a change ends in."""
    with answered(erply, *answers) as customers, pytest.raises(ErplyError) as caught:
        customers.update_address(101, {"postal_code": "1"})
    return caught.value


def test_the_address_is_asked_for_once_and_shared(erply: Sandbox, crm: Shop) -> None:
    crm.customers.address_types("")
    with shop(erply.url) as other:
        other.customers.addresses(15)
    assert discoveries(erply) == 1


def test_many_who_need_the_address_at_once_ask_once(erply: Sandbox, crm: Shop) -> None:
    erply.fault("latency", calls="getServiceEndpoints", seconds=0.1)
    found = at_once(6, lambda number: crm.customers.addresses(15))
    assert {len(addresses) for addresses in found} == {3}
    assert discoveries(erply) == 1


def test_a_new_session_key_asks_for_the_address_anew(erply: Sandbox, crm: Shop) -> None:
    crm.customers.addresses(15)
    erply.expire_sessions()
    crm.customers.addresses(15)
    assert discoveries(erply) == 2
    assert len(erply.calls_of("verifyUser")) == 2


def test_an_address_in_the_settings_is_not_asked_for(erply: Sandbox) -> None:
    with shop(erply.url, erply.crm_url.rstrip("/")) as made:
        assert made.customers.addresses(15)
    assert discoveries(erply) == 0


def test_an_account_without_crm_api_is_asked_again_after_a_minute(
    erply: Sandbox, crm: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erply, "crm_url", "")
    for _ in range(2):
        with pytest.raises(ErplyUnavailable) as caught:
            crm.customers.addresses(15)
        assert caught.value.reason is Reason.NO_CRM
    assert discoveries(erply) == 1


@pytest.mark.parametrize("url", ["http://crm.example/", "ftp://x/", "https://u:p@x/", {"a": 1}, 7])
def test_an_address_that_secrets_must_not_travel_to_is_refused(
    erply: Sandbox, crm: Shop, url: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erply, "crm_url", url)
    with pytest.raises(ErplyUnavailable) as caught:
        crm.customers.addresses(15)
    assert caught.value.reason is Reason.GARBLED
    assert "crm.example" not in str(caught.value)


def test_all_pages_are_read(erply: Sandbox, crm: Shop) -> None:
    for number in range(250):
        erply.add_address(ownerID=44, typeID=1, street=f"Tee {number}")
    streets = [address.street for address in crm.customers.addresses(44)]
    assert streets == [f"Tee {number}" for number in range(250)]
    calls = erply.calls_of("GET v1/addresses")
    assert [call.parameters["skip"] for call in calls] == ["0", "100", "200"]
    assert {(call.parameters["take"], call.parameters["customerId"]) for call in calls} == {
        ("100", "44")
    }


def test_a_list_without_pages_ends(erply: Sandbox) -> None:
    types = http(json.dumps([{"id": number, "name": "x"} for number in range(1, 131)]))
    with answered(erply, types) as customers:
        assert len(customers.address_types("")) == 130


def test_a_filter_that_is_none_gives_nobody_s_addresses_away(erply: Sandbox) -> None:
    everybody = http(json.dumps([{"id": 1, "customerId": 15}, {"id": 2, "customerId": 16}]))
    with answered(erply, everybody) as customers, pytest.raises(ErplyUnavailable) as caught:
        customers.addresses(15)
    assert caught.value.reason is Reason.GARBLED


def test_a_refused_key_is_renewed_once(erply: Sandbox, crm: Shop) -> None:
    crm.customers.addresses(15)
    erply.fault("http", calls=LIST, status=401)
    with pytest.raises(ErplyUnavailable) as caught:
        crm.customers.address_types("")
    assert caught.value.reason is Reason.API_USER
    assert len(erply.calls_of(LIST)) == 2
    assert len(erply.calls_of("verifyUser")) == 2


def test_after_a_429_nobody_calls_for_ten_seconds(erply: Sandbox, crm: Shop) -> None:
    erply.fault("http", calls=LIST, status=429, times=1)
    with shop(erply.url) as other:
        for made in (crm, other, crm):
            with pytest.raises(ErplyUnavailable) as caught:
                made.customers.address_types("")
            assert caught.value.reason is Reason.THROTTLED
        assert len(erply.calls_of(LIST)) == 1
        crm.store.delete("crm.pause")
        assert other.customers.address_types("")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, Reason.RIGHTS),
        (404, Reason.GARBLED),
        (400, Reason.SILENT),
        (301, Reason.SILENT),
        (500, Reason.SILENT),
        (503, Reason.SILENT),
    ],
)
def test_an_http_status_says_why_a_list_cannot_be_had(
    erply: Sandbox, crm: Shop, status: int, reason: Reason
) -> None:
    erply.fault("http", calls=LIST, status=status)
    with pytest.raises(ErplyUnavailable) as caught:
        crm.customers.address_types("")
    assert (caught.value.reason, caught.value.code) == (reason, status)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1000, Reason.MAINTENANCE), (1002, Reason.QUOTA), (1060, Reason.RIGHTS)],
)
def test_erply_s_own_code_says_more_than_the_status(
    erply: Sandbox, crm: Shop, code: int, reason: Reason
) -> None:
    erply.fault("error", calls=LIST, code=code)
    with pytest.raises(ErplyUnavailable) as caught:
        crm.customers.address_types("")
    assert (caught.value.reason, caught.value.code) == (reason, code)


def test_missing_consent_is_told_from_a_missing_right(erply: Sandbox, crm: Shop) -> None:
    erply.no_customer_data_access = True
    with pytest.raises(ErplyUnavailable) as caught:
        crm.customers.addresses(15)
    assert caught.value.reason is Reason.CONSENT


@pytest.mark.parametrize(
    ("kind", "details"),
    [("html", {}), ("empty", {}), ("not_json", {}), ("shape", {"shape": "no_records"})],
)
def test_an_answer_that_makes_no_sense_is_none(
    erply: Sandbox, crm: Shop, kind: str, details: dict[str, str]
) -> None:
    erply.fault(kind, calls=LIST, **details)
    with pytest.raises(ErplyUnavailable) as caught:
        crm.customers.address_types("")
    assert caught.value.reason is Reason.GARBLED


@pytest.mark.parametrize("answer", ['["x"]', "[null]", "[[]]", '{"id": 1}', '[{"id": 0}]'])
def test_a_list_of_no_records_is_no_answer(erply: Sandbox, answer: str) -> None:
    with answered(erply, http(answer)) as customers, pytest.raises(ErplyUnavailable) as caught:
        customers.address_types("")
    assert caught.value.reason is Reason.GARBLED


@pytest.mark.parametrize("kind", ["reset", "half", "timeout"])
def test_a_lost_answer_is_no_answer(erply: Sandbox, kind: str) -> None:
    erply.fault(kind, calls=LIST)
    with shop(erply.url, seconds=0.2) as made, pytest.raises(ErplyUnavailable) as caught:
        made.customers.address_types("")
    assert caught.value.reason is Reason.SILENT


def test_a_record_that_is_not_there_is_not_found(crm: Shop) -> None:
    with pytest.raises(RecordNotFound):
        crm.customers.customer(999)
    with pytest.raises(RecordNotFound):
        crm.customers.update_address(999, {"city": "Elva"})
    with pytest.raises(RecordNotFound):
        crm.customers.delete_address(999)


def test_customers_with_documents_cannot_be_deleted(erply: Sandbox, crm: Shop) -> None:
    with pytest.raises(RecordInUse):
        crm.customers.delete_customer(crm.customers.customer(20).customer)
    crm.customers.delete_customer(crm.customers.customer(44).customer)
    assert 44 in erply.deleted_customers
    in_use = http("{}", "409 Conflict")
    company = crm.customers.customer(43).customer
    with answered(erply, in_use) as customers, pytest.raises(RecordInUse):
        customers.delete_customer(company)


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"username": "gold"}, FieldRejected, "username"),
        ({"password": "short"}, PasswordRefused, "password"),
        ({"email": "x" * 256}, FieldRejected, "email"),
    ],
)
def test_a_refused_field_has_our_name(
    crm: Shop, changes: dict[str, str], error: type[FieldRejected], field: str
) -> None:
    customer = crm.customers.customer(15).customer
    with pytest.raises(error) as caught:
        crm.customers.update_customer(customer, changes)
    assert caught.value.field == field


def test_what_a_field_refers_to_and_is_not_there_is_that_field_s_fault(
    erply: Sandbox, crm: Shop
) -> None:
    with pytest.raises(FieldRejected) as caught:
        crm.customers.update_address(101, {"type_id": "99"})
    assert caught.value.field == "type_id"
    gone = http('{"error": {"code": 1011, "field": "customerId"}}', "400 Bad Request")
    assert type(refusal(erply, gone)) is RecordNotFound


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"error": {"code": 1016, "field": "postCode"}}', "postal_code"),
        ('{"error": {"code": "INVALID", "field": "postCode"}}', "postal_code"),
        ('{"error": {"code": 40001, "field": "postCode"}}', "postal_code"),
        ('{"error": {"code": 1016, "field": "elsewhere"}}', ""),
        ('{"error": {"message": "no"}}', ""),
        ('{"error": "no"}', ""),
        ('{"error": {"field": {}}}', ""),
        ("[]", ""),
        ("nonsense", ""),
        ("[" * 100_000, ""),
    ],
)
@pytest.mark.parametrize("status", ["400 Bad Request", "409 Conflict", "422 Unprocessable"])
def test_a_refusal_is_a_field_s_whatever_its_body(
    erply: Sandbox, status: str, body: str, field: str
) -> None:
    error = refusal(erply, http(body, status))
    assert isinstance(error, FieldRejected)
    assert (error.code, error.field) == (1016, field)


def test_a_person_is_read_in_our_words(crm: Shop) -> None:
    card = crm.customers.customer(15)
    customer = card.customer
    assert (customer.name, customer.birthday) == ("Mari Maasikas", date(1988, 7, 15))
    assert (customer.username, customer.card_number) == ("person", "3720000000158")
    assert (customer.group_id, customer.is_company, customer.email_opt_out) == (2, False, False)
    assert (card.balance.owed, card.addresses, card.contacts) == (None, (), ())
    assert crm.customers.customer(20).customer.is_company
    assert crm.customers.customer(30).customer.email_opt_out


def test_only_what_changed_is_sent_and_in_its_type(erply: Sandbox, crm: Shop) -> None:
    customer = crm.customers.customer(15).customer
    crm.customers.update_customer(
        customer, {"email_opt_out": "1", "birthday": "1990-01-02", "mobile": ""}
    )
    crm.customers.update_customer(customer, {"email_opt_out": "0", "birthday": ""})
    first, second = erply.calls_of("PATCH v1/customers/individuals")
    assert first.path == "v1/customers/individuals/15"
    assert first.body == {"emailOptOut": True, "birthDate": "1990-01-02", "mobile": ""}
    assert second.body == {"emailOptOut": False, "birthDate": None}
    company = crm.customers.customer(20).customer
    crm.customers.update_customer(company, {"company_name": "Uus OÜ"})
    assert erply.calls[-1].path == "v1/customers/businesses/20"


def test_addresses_are_added_and_removed_one_at_a_time(erply: Sandbox, crm: Shop) -> None:
    made = crm.customers.add_address(15, {"type_id": "2", "street": "Aia 1"})
    assert erply.calls[-1].body == {"customerId": 15, "typeId": 2, "street": "Aia 1"}
    crm.customers.delete_address(made)
    assert erply.calls[-1].path == f"v1/addresses/{made}"
    assert sorted(erply.addresses) == [101, 102, 103, 111, 112, 113, 121, 131, 141]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"id": 0}', '{"id": "x"}'])
def test_a_new_record_without_an_id_is_no_answer(erply: Sandbox, body: str) -> None:
    with answered(erply, http(body)) as customers:
        for add in (lambda: customers.add_address(15, {}), lambda: customers.add_group("x")):
            with pytest.raises(ErplyUnavailable) as caught:
                add()
            assert caught.value.reason is Reason.GARBLED


def test_a_new_id_may_have_the_name_it_has_in_bulk(erply: Sandbox) -> None:
    with answered(erply, http('{"resourceID": "7"}')) as customers:
        assert customers.add_group("x") == 7


def test_a_type_that_does_not_say_is_in_use(erply: Sandbox, crm: Shop) -> None:
    assert [kind.in_use for kind in crm.customers.address_types("est")] == [
        *(True, True, True),
        False,
    ]
    with answered(erply, http('[{"id": 1, "name": "Home"}]')) as customers:
        assert customers.address_types("")[0].in_use


def test_a_change_refused_without_a_verdict_is_an_outage(erply: Sandbox) -> None:
    error = refusal(erply, http("broken", "500 Internal Server Error"))
    assert isinstance(error, ErplyUnavailable)
    assert error.reason is Reason.SILENT
