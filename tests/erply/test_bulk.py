import json
from typing import Any

import pytest

from erply_auth.erply.errors import ErplyUnavailable, FieldRejected, Reason, RecordNotFound
from erply_auth.sandbox import Sandbox

from .support import LOGGED_IN, Client, answering, client, envelope, form, http

OK = {"errorCode": 0}


def sub(position: Any, records: Any = (), code: int = 0) -> dict[str, Any]:
    return {
        "status": {"requestName": "x", "requestID": position, "errorCode": code},
        "records": records,
    }


def answered(*requests: Any, status: Any = OK, **more: Any) -> list[Any]:
    """What two calls in bulk come to when this is the answer."""
    body = {"status": status, "requests": list(requests), **more}
    with answering(LOGGED_IN, http(json.dumps(body))) as erply, client(erply) as made:
        return made.classic.bulk([("first", {}), ("second", {})])


def test_records_come_in_the_order_of_the_calls_in_one_request(
    erply: Sandbox, shop: Client
) -> None:
    shop.classic.call("getCustomerGroups")
    ids = [30, 15, 20, 15, 44]
    outcomes = shop.classic.bulk(
        [("getCustomers", {"customerID": one, "mode": "ALL"}) for one in ids]
    )
    assert [outcome[0]["customerID"] for outcome in outcomes] == ids
    assert erply.round_trips == 3
    assert all(call.in_bulk for call in erply.calls_of("getCustomers"))


def test_one_call_s_error_is_that_call_s_alone(erply: Sandbox, shop: Client) -> None:
    erply.fault("error", calls="deleteCustomer", code=1011, field="customerID")
    groups, error, none = shop.classic.bulk(
        [
            ("getCustomerGroups", {}),
            ("deleteCustomer", {"customerID": 5}),
            ("getCustomers", {"customerID": 5}),
        ]
    )
    assert len(groups) == 4
    assert type(error) is RecordNotFound
    assert (error.call, error.code, error.field) == ("deleteCustomer", 1011, "customerID")
    assert none == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1002, Reason.QUOTA),
        (1020, Reason.REQUEST),
        (1051, Reason.API_USER),
        (1000, Reason.MAINTENANCE),
    ],
)
def test_an_error_of_the_whole_request_is_raised(code: int, reason: Reason) -> None:
    with (
        answering(LOGGED_IN, http(envelope(code=code))) as erply,
        client(erply) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.classic.bulk([("getCustomers", {})])
    assert (caught.value.call, caught.value.code, caught.value.reason) == (
        "bulk request",
        code,
        reason,
    )


def test_a_rejection_of_the_whole_request_is_raised_too() -> None:
    with pytest.raises(FieldRejected):
        answered(status={"errorCode": 1015})


def test_a_call_s_number_may_come_back_as_a_string() -> None:
    assert answered(sub(1, [{"a": 1}]), sub("2", [{"b": 2}])) == [[{"a": 1}], [{"b": 2}]]


def test_answers_in_another_order_are_refused_each() -> None:
    outcomes = answered(sub(2, [{"customerID": 2}]), sub(1, [{"customerID": 1}]))
    assert [type(outcome) for outcome in outcomes] == [ErplyUnavailable] * 2
    assert [outcome.call for outcome in outcomes] == ["first", "second"]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "ok",
        [],
        {},
        {"status": None},
        {"status": "ok", "records": []},
        {"status": {"errorCode": 0}, "records": []},
        sub(None),
        sub(0),
        sub(1, {}),
        sub(1, "none"),
        sub(1, [None]),
        {"status": {"requestID": 1}, "records": []},
        {"status": {"requestID": 1, "errorCode": True}, "records": []},
        {"status": {"requestID": 1, "errorCode": "x"}, "records": []},
    ],
    ids=repr,
)
def test_an_odd_answer_to_one_call_leaves_the_others(odd: Any) -> None:
    error, records = answered(odd, sub(2, [{"b": 2}]))
    assert type(error) is ErplyUnavailable
    assert (error.call, error.reason) == ("first", Reason.GARBLED)
    assert records == [{"b": 2}]


@pytest.mark.parametrize(
    "body",
    [
        {"status": OK},
        {"status": OK, "requests": None},
        {"status": OK, "requests": {}},
        {"status": OK, "requests": []},
        {"status": OK, "requests": [sub(1)]},
        {"status": OK, "requests": [sub(1), sub(2), sub(3)]},
        {"requests": [sub(1), sub(2)]},
        [],
    ],
    ids=repr,
)
def test_an_answer_that_is_no_list_of_as_many_answers_is_garbled(body: Any) -> None:
    with (
        answering(LOGGED_IN, http(json.dumps(body))) as erply,
        client(erply) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.classic.bulk([("first", {}), ("second", {})])
    assert caught.value.reason is Reason.GARBLED


@pytest.mark.parametrize("count", [0, 101])
def test_more_than_a_hundred_calls_are_refused_before_erply_hears_of_them(
    erply: Sandbox, shop: Client, count: int
) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        shop.classic.bulk([("getCustomers", {})] * count)
    assert erply.calls == []


def test_a_hundred_calls_are_not(erply: Sandbox, shop: Client) -> None:
    assert len(shop.classic.bulk([("getCustomerGroups", {})] * 100)) == 100
    assert erply.spent == 1 + 10


def test_parameters_and_numbers_travel_as_json_in_the_body() -> None:
    with (
        answering(LOGGED_IN, http(json.dumps({"status": OK, "requests": [sub(1)]}))) as erply,
        client(erply) as made,
    ):
        made.classic.bulk([("saveCustomer", {"customerID": 5, "firstName": 'Õ"&='})])
    sent = form(erply.requests[1])
    assert json.loads(sent["requests"]) == [
        {"requestName": "saveCustomer", "requestID": 1, "customerID": 5, "firstName": 'Õ"&='}
    ]
    assert "request" not in sent
