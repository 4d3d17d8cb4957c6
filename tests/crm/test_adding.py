"""Customers and groups that are added or renamed, over either API."""

from collections.abc import Callable
from typing import Any

import pytest

from erply_auth.erply.errors import ErplyUnavailable, FieldRejected, Reason, RecordNotFound
from erply_auth.sandbox import Sandbox

from .parts import shop

PERSON = {"first_name": "Uku", "last_name": "Uus", "email": "uku@example.ee", "birthday": ""}
COMPANY = {"company_name": "Uus OÜ", "vat_number": "EE100000020"}
BOTH = ("classic", "crm")
ADD = {"classic": "saveCustomer", "crm": "POST v1/customers/individuals"}
BULK = {"classic": "saveCustomer", "crm": "POST v1/customers/individuals/bulk"}
every_api = pytest.mark.parametrize("api", BOTH)


@every_api
def test_a_person_is_added_to_a_group(erply: Sandbox, api: str) -> None:
    with shop(erply.url, customer_api=api) as made:
        registry = made.registry.lent()
        customer_id = registry.add_customer(PERSON, is_company=False, group_id=3)
        customer = registry.card(customer_id).customer
    assert (customer.name, customer.email, customer.group_id) == ("Uku Uus", "uku@example.ee", 3)
    assert not customer.is_company
    assert registry.served_by == {api}


@every_api
def test_a_company_is_added_to_the_first_group(erply: Sandbox, api: str) -> None:
    with shop(erply.url, customer_api=api) as made:
        customer_id = made.registry.add_customer(COMPANY, is_company=True)
        customer = made.registry.card(customer_id).customer
    assert (customer.name, customer.vat_number, customer.group_id) == ("Uus OÜ", "EE100000020", 1)
    assert customer.is_company


@every_api
def test_a_value_that_erply_blames_goes_by_our_name(erply: Sandbox, api: str) -> None:
    with shop(erply.url, customer_api=api) as made, pytest.raises(FieldRejected) as caught:
        made.registry.add_customer({**PERSON, "username": "person"}, is_company=False)
    assert (caught.value.field, caught.value.code) == ("username", 1012)


def test_a_twin_is_not_taken_for_the_new_customer(erply: Sandbox) -> None:
    with shop(erply.url, customer_api="classic") as made:
        made.registry.add_customer(PERSON, is_company=False)
        before = len(erply.customers)
        with pytest.raises(FieldRejected):
            made.registry.add_customer(PERSON, is_company=False)
    assert len(erply.customers) == before


@every_api
def test_many_are_added_in_one_request(erply: Sandbox, api: str) -> None:
    many = [{"first_name": f"Nr {n}", "last_name": "Uus"} for n in range(3)]
    with shop(erply.url, customer_api=api) as made:
        made.registry.groups_now()
        before = erply.round_trips
        ids = made.registry.add_customers(many, is_company=False)
        assert erply.round_trips == before + 1
    assert [erply.customers[id_]["firstName"] for id_ in ids] == ["Nr 0", "Nr 1", "Nr 2"]


def test_the_first_refusal_among_many_is_raised(erply: Sandbox) -> None:
    many = [PERSON, {**PERSON, "username": "person"}]
    with shop(erply.url, customer_api="classic") as made, pytest.raises(FieldRejected) as caught:
        made.registry.add_customers(many, is_company=False)
    assert caught.value.field == "username"


@pytest.mark.parametrize(
    "answer", ["[]", "{}", '{"results": []}', '{"results": [7]}', '{"results": [{"id": 0}]}']
)
def test_an_answer_that_does_not_name_each_new_customer_is_none(
    erply: Sandbox, answer: str
) -> None:
    erply.fault("not_json", body=answer, calls=BULK["crm"])
    with shop(erply.url, customer_api="crm") as made, pytest.raises(ErplyUnavailable) as caught:
        made.registry.add_customers([PERSON], is_company=False)
    assert caught.value.reason is Reason.GARBLED


def test_an_answer_that_names_no_new_customer_is_none(erply: Sandbox) -> None:
    erply.fault("not_json", body="[]", calls=ADD["crm"])
    with shop(erply.url, customer_api="crm") as made, pytest.raises(ErplyUnavailable) as caught:
        made.registry.add_customer(PERSON, is_company=False)
    assert caught.value.reason is Reason.GARBLED


@every_api
def test_a_group_is_renamed_and_what_is_kept_forgotten(erply: Sandbox, api: str) -> None:
    with shop(erply.url, customer_api=api) as made:
        kept: Callable[[], Any] = made.registry.groups
        assert "Gold" in [group.name for group in kept()]
        made.registry.rename_group(3, "Kuld")
        assert "Kuld" in [group.name for group in kept()]
        with pytest.raises(RecordNotFound):
            made.registry.rename_group(99, "Nobody's")
