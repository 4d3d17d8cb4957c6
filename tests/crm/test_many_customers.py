"""Many customers read at once, over either API: those who are there, and no one else."""

import json
from typing import Any

import pytest

from erply_auth.erply.errors import ErplyUnavailable, Reason
from erply_auth.sandbox import Sandbox
from tests.erply.support import LOGGED_IN, answering, http

from .parts import shop
from .test_adding import every_api

WHOLE = {
    "id": 15,
    "customerType": "INDIVIDUAL",
    "fullName": "Mets, Mari",
    "webShopUsername": "person",
    "customerGroupId": 2,
    "employerId": 0,
}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in WHOLE.items() if key != name}


@every_api
@pytest.mark.parametrize("way", ["customers", "customers_one_by_one"])
def test_those_who_are_there_are_told_with_their_groups(erply: Sandbox, api: str, way: str) -> None:
    with shop(erply.url, customer_api=api) as made:
        found = getattr(made.registry, way)([15, 21, 987654, 1])
    told = {one.customer_id: (one.name, one.group_name, one.company_id) for one in found}
    assert told[15] == ("Mari Maasikas", "Members", 0)
    assert told[21][2] == 20
    assert [one.customer_id for one in found if one.is_default] == [1]
    assert set(told) == {15, 21, 1}


@every_api
def test_of_nobody_there_is_nothing_to_say(erply: Sandbox, api: str) -> None:
    with shop(erply.url, customer_api=api) as made:
        assert made.registry.customers([987654]) == ()
        assert made.registry.customers([]) == ()


def test_one_refusal_by_the_classic_api_and_the_crm_api_answers(erply: Sandbox) -> None:
    erply.classic_registry_gone = True
    with shop(erply.url) as made:
        assert [one.customer_id for one in made.registry.customers([15])] == [15]
        made.registry.customers([20])
    assert len(erply.calls_of("getCustomers")) == 1


def test_an_error_of_the_whole_bulk_request_is_ours() -> None:
    body = json.dumps({"status": {"errorCode": 1015, "errorField": "requests"}})
    with (
        answering(LOGGED_IN, http(body)) as server,
        shop(server.url, customer_api="classic") as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.registry.customers([15])
    assert caught.value.reason is Reason.REQUEST


@pytest.mark.parametrize(
    "records",
    [
        [WHOLE, WHOLE],
        [WHOLE | {"id": 44}],
        [WHOLE, WHOLE | {"id": 44}],
        *([without(name)] for name in WHOLE),
    ],
)
def test_an_answer_of_the_crm_api_that_cannot_be_meant_is_none(
    erply: Sandbox, records: list[dict[str, Any]]
) -> None:
    with (
        answering(http(json.dumps(records))) as server,
        shop(erply.url, server.url) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.customers.customers([15])
    assert caught.value.reason is Reason.GARBLED


def test_a_whole_one_is_believed(erply: Sandbox) -> None:
    with answering(http(json.dumps([WHOLE]))) as server, shop(erply.url, server.url) as made:
        (customer,) = made.customers.customers([15])
    assert (customer.username, customer.group_id) == ("person", 2)
