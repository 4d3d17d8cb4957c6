"""The CRM API's door: who may call, what a refusal looks like, what is recorded."""

import http.client
import json
from typing import Any

import pytest

from erply_auth.sandbox import Sandbox

from .crm_support import Crm
from .support import Caller


@pytest.fixture
def crm(call: Caller) -> Crm:
    return Crm(call)


def test_the_service_endpoints_lead_to_it(erply: Sandbox, call: Caller) -> None:
    (endpoints,) = call.post(request="getServiceEndpoints")["records"]
    assert endpoints["crm"]["url"] == erply.url.replace("/api/", "/crm/")


def test_an_account_without_it_names_none_and_answers_nothing(
    erply: Sandbox, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erply, "crm_url", "")
    assert crm.call.post(request="getServiceEndpoints")["records"] == [{}]
    answer, _ = crm.call.send("GET", "/crm/v1/addresses", None, crm.headers)
    assert answer.status == 404


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        ({"clientCode": "999"}, 1001),
        ({"clientCode": ""}, 1001),
        ({"sessionKey": ""}, 1009),
        ({"sessionKey": "made-up"}, 1055),
    ],
)
def test_strangers_get_a_401(crm: Crm, spoiled: dict[str, str], code: int) -> None:
    crm.headers |= spoiled
    status, told, _ = crm.refusal("GET", "v1/addresses")
    assert (status, told) == (401, code)


def test_an_expired_key_gets_a_401_until_it_is_a_new_one(erply: Sandbox, crm: Crm) -> None:
    erply.expire_sessions()
    assert crm.refusal("GET", "v1/addresses") == (401, 1054, "")
    assert Crm(crm.call).ids("v1/addresses", customerId=21) == [121]


def test_a_user_without_rights_gets_a_403(erply: Sandbox, crm: Crm) -> None:
    erply.no_crm_rights = True
    assert crm.refusal("GET", "v1/addresses/types") == (403, 1060, "")


def test_a_user_without_access_to_customers_sees_only_what_names_nobody(
    erply: Sandbox, crm: Crm
) -> None:
    erply.no_customer_data_access = True
    assert crm.refusal("GET", "v1/customers") == (403, 1148, "")
    assert len(crm.ids("v1/addresses/types")) == 4
    assert crm.ids("v1/customers/groups") == [1, 2, 3, 4]


def test_a_call_costs_one_and_a_spent_quota_is_a_429(erply: Sandbox, crm: Crm) -> None:
    spent = erply.spent_this_hour
    crm("GET", "v1/addresses/types")
    assert erply.spent_this_hour == spent + 1
    erply.quota = erply.spent_this_hour
    assert crm.refusal("GET", "v1/addresses/types") == (429, 1002, "")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "v1/nothing", 404),
        ("GET", "", 404),
        ("PUT", "v1/addresses", 405),
        ("PUT", "v1/addresses/101", 405),
        ("PATCH", "v1/customers", 405),
        ("DELETE", "v1/customers/20", 405),
    ],
)
def test_what_there_is_not_is_a_404_or_405(crm: Crm, method: str, path: str, status: int) -> None:
    assert crm(method, path).status == status


@pytest.mark.parametrize("body", ["{", "[" * 100_000, '"text"', "[]", "", "null"])
def test_a_body_that_is_no_object_is_a_400(crm: Crm, body: str) -> None:
    answer, text = crm.call.send("POST", "/crm/v1/addresses", body, crm.headers)
    assert (answer.status, json.loads(text)["error"]["code"]) == (400, 1015)


def test_calls_are_recorded_with_method_path_and_body(erply: Sandbox, crm: Crm) -> None:
    erply.calls.clear()
    crm("PATCH", "v1/addresses/101", {"city": "Elva"})
    crm("DELETE", "v1/addresses/999")
    crm("GET", "v1/addresses", customerId=15)
    crm.call.send("POST", "/crm/v1/addresses", "{", crm.headers)
    assert [(c.name, c.method, c.path, c.body, c.error_code) for c in erply.calls] == [
        ("PATCH v1/addresses", "PATCH", "v1/addresses/101", {"city": "Elva"}, 0),
        ("DELETE v1/addresses", "DELETE", "v1/addresses/999", None, 1011),
        ("GET v1/addresses", "GET", "v1/addresses", None, 0),
        ("POST v1/addresses", "POST", "v1/addresses", None, 1015),
    ]
    assert erply.calls_of("GET v1/addresses")[0].parameters == {"customerId": "15"}
    assert {call.session_key for call in erply.calls} == {crm.call.key}
    assert crm.call.control("GET", "calls")[1][0]["body"] == {"city": "Elva"}


def test_the_classic_side_can_have_lost_the_registry(erply: Sandbox, crm: Crm) -> None:
    erply.classic_registry_gone = True
    assert crm.call.error("getCustomers", customerID=15)[0] == 1120
    assert crm.ids("v1/customers", ids=15) == [15]


@pytest.mark.parametrize(
    ("code", "status"),
    [(1000, 503), (1002, 429), (1012, 409), (1016, 400), (1054, 401), (1060, 403)],
)
def test_errors_on_order_come_as_http_statuses(
    erply: Sandbox, crm: Crm, code: int, status: int
) -> None:
    erply.fault("error", calls="GET v1/addresses", code=code, field="city", times=1)
    assert crm.refusal("GET", "v1/addresses") == (status, code, "city")
    assert crm("GET", "v1/addresses").status == 200


def test_faults_strike_the_calls_they_are_ordered_for(erply: Sandbox, crm: Crm) -> None:
    erply.fault("http", calls="GET v1/addresses", status=502)
    erply.fault("html", calls="GET v1/addresses/types")
    assert crm("GET", "v1/customers").status == 200
    for path, status in (("v1/addresses", 502), ("v1/addresses/types", 200)):
        answer, body = crm.call.send("GET", f"/crm/{path}", None, crm.headers)
        assert (answer.status, body[:1]) == (status, b"<")
    assert erply.calls[-1].error_code is None


@pytest.mark.parametrize("performed", [False, True])
def test_an_answer_can_be_lost_before_or_after_the_work(
    erply: Sandbox, crm: Crm, performed: bool
) -> None:
    erply.fault("reset", calls="PATCH v1/addresses", performed=performed)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        crm("PATCH", "v1/addresses/101", {"city": "Elva"})
    assert (erply.addresses[101]["city"] == "Elva") is performed


def test_half_an_answer_ends_too_early(erply: Sandbox, crm: Crm) -> None:
    erply.fault("half", calls="GET v1/customers")
    with pytest.raises(http.client.IncompleteRead):
        crm("GET", "v1/customers")


def test_a_hanging_call_ends_with_the_faults(erply: Sandbox, crm: Crm) -> None:
    erply.fault("latency", seconds=0.01)
    erply.fault("timeout", calls="GET v1/customers", seconds=0.05)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        crm("GET", "v1/customers")


def test_a_reset_ends_a_late_answer(erply: Sandbox, crm: Crm, monkeypatch: Any) -> None:
    erply.fault("latency", calls="GET v1/customers", seconds=30.0)
    crm.call.connection.request("GET", "/crm/v1/customers", None, crm.headers)
    while not erply.fault_book.in_force()[0].hits:
        pass
    erply.reset()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        crm.call.connection.getresponse()
