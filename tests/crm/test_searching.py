"""Whom a search by e-mail address finds, and several customers read at once, over either API."""

import pytest

from erply_auth.erply.errors import ErplyUnavailable, Reason
from erply_auth.sandbox import Sandbox

from .parts import shop

BOTH = ("classic", "crm")
LISTS = {"classic": "getCustomers", "crm": "GET v1/customers"}
every_api = pytest.mark.parametrize("api", BOTH)


@every_api
def test_a_search_names_whoever_has_just_this_address(erply: Sandbox, api: str) -> None:
    with shop(erply.url, customer_api=api) as made:
        assert made.registry.ids_with_email("lepad@example.ee", 20) == (41, 42)
        assert made.registry.ids_with_email("peeter@kuuseaed.example.ee", 20) == (21,)
        assert made.registry.ids_with_email("nobody@example.ee", 20) == ()
        # The whole field, which holds two addresses.
        assert made.registry.ids_with_email("info@kuuseaed.example.ee", 20) == ()


@every_api
def test_a_search_that_is_none_brings_no_more_than_asked_for(erply: Sandbox, api: str) -> None:
    """As if the parameter were not known: everybody is found."""
    with shop(erply.url, customer_api=api) as made:
        before = erply.round_trips
        assert len(made.registry.ids_with_email("", 3)) == 3
    assert len(erply.calls_of(LISTS[api])) == 1
    assert erply.round_trips > before


@every_api
def test_several_are_read_in_one_call(erply: Sandbox, api: str) -> None:
    with shop(erply.url, customer_api=api) as made:
        found = made.registry.customers((15, 21, 20, 4711))
    assert {one.customer_id: one.username for one in found} == {
        15: "person",
        20: "company",
        21: "contact",
    }
    assert [one.is_company for one in found if one.customer_id == 20] == [True]
    assert len(erply.calls_of(LISTS[api])) == 1


@every_api
def test_somebody_who_was_not_asked_for_is_no_answer(erply: Sandbox, api: str) -> None:
    record = '{"id": 30, "customerID": 30}'
    body = f'{{"status": {{"errorCode": 0}}, "records": [{record}]}}'
    erply.fault("not_json", body=body if api == "classic" else f"[{record}]", calls=LISTS[api])
    with shop(erply.url, customer_api=api) as made, pytest.raises(ErplyUnavailable) as caught:
        made.registry.customers((15,))
    assert caught.value.reason is Reason.GARBLED
