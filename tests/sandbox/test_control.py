"""The control surface: the sandbox steered over HTTP, by whoever runs it from outside."""

import pytest


def test_the_calls_can_be_read(call):
    call.log_in()
    status, calls = call.control("GET", "calls")
    assert status == 200
    assert [one["name"] for one in calls] == ["verifyUser"]
    assert calls[0]["cost"] == 1
    assert calls[0]["error_code"] == 0


def test_the_state_can_be_read(call, erply):
    call.log_in()
    erply.fault("http", calls=["getCustomers"], status=500)
    status, state = call.control("GET", "state")
    assert status == 200
    assert state["clientCode"] == "100100"
    assert state["apiUrl"] == erply.url
    assert (state["spentThisHour"], state["calls"], state["roundTrips"]) == (1, 1, 1)
    assert [one["kind"] for one in state["faults"]] == ["http"]
    person = next(one for one in state["members"] if one["username"] == "person")
    assert person == {
        "customerID": 15,
        "name": "Maasikas, Mari",
        "username": "person",
        "password": "Sandbox-person-1",
    }


def test_asking_the_control_surface_costs_nothing(call, erply):
    call.control("GET", "state")
    assert (erply.round_trips, erply.spent) == (0, 0)


def test_faults_are_ordered_and_cleared(call):
    call.log_in()
    order = {"kind": "error", "calls": ["getCustomers"], "times": 1, "code": 1003}
    status, fault = call.control("POST", "faults", order)
    assert (status, fault["hits"], fault["field"]) == (201, 0, "")
    assert call.error("getCustomers") == (1003, None)
    assert call.control("GET", "faults") == (200, [])
    call.control("POST", "faults", {"kind": "error", "code": 1003})
    assert call.control("DELETE", "faults") == (200, [])
    assert call.records("getCustomers")


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"kind": "flood"},
        {"kind": "html", "colour": 1},
        {"kind": "html", "status": "200"},
        {"kind": "html", "times": "once"},
        {"kind": "html", "calls": 5},
        [],
        "html",
        None,
    ],
)
def test_an_order_that_makes_no_sense_is_refused(call, order):
    status, answer = call.control("POST", "faults", order)
    assert status == 400
    assert answer["error"]


def test_everything_is_reset(call, erply):
    call.log_in()
    erply.add_customer(lastName="X")
    assert call.control("POST", "reset") == (200, {})
    assert erply.calls == []
    assert len(erply.customers) == 9


@pytest.mark.parametrize(
    ("method", "what", "status"), [("GET", "", 404), ("GET", "members", 404), ("GET", "reset", 405)]
)
def test_there_is_nothing_else(call, method, what, status):
    assert call.control(method, what)[0] == status
