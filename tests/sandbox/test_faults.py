"""Faults on order: what the client sees, and that none outlives its test."""

import http.client
import json
import threading
import time

import pytest

from erply_auth.sandbox import FAULTS, SHAPES, Sandbox

from .support import FORM, Caller

ENDPOINTS = "clientCode=100100&request=getServiceEndpoints"


def ask(call, target="/api/"):
    return call.send("POST", target, ENDPOINTS, {"Content-Type": FORM})


def test_a_fault_strikes_the_calls_it_names(call, erply):
    call.log_in()
    fault = erply.fault("error", calls=["getCustomers"], code=1000)
    assert call.records("getCustomerGroups")
    assert call.error("getCustomers") == (1000, None)
    assert call.error("getCustomers") == (1000, None)
    assert fault.hits == 2


def test_a_fault_strikes_so_many_times(call, erply):
    call.log_in()
    erply.fault("error", calls="getCustomers", times=1, code=1010, field="customerID")
    assert call.error("getCustomers") == (1010, "customerID")
    assert call.records("getCustomers")


def test_faults_are_cleared(call, erply):
    erply.fault("html")
    erply.clear_faults()
    assert ask(call)[0].headers["Content-Type"].startswith("text/html")
    assert call.records("getCustomers")


def test_what_is_no_fault_is_an_error_at_once(erply):
    with pytest.raises(ValueError, match="No such fault: 'flood'"):
        erply.fault("flood")
    with pytest.raises(TypeError, match="takes no second"):
        erply.fault("timeout", second=1)
    with pytest.raises(ValueError, match="shape is one of list"):
        erply.fault("shape", shape="round")
    with pytest.raises(ValueError, match="where is one of headers, body"):
        erply.fault("drip", where="nowhere")


def test_an_ordered_error_in_a_bulk_request_stays_with_its_sub_request(call, erply):
    erply.fault("error", calls=["getCustomers"], code=1204)
    answer = call.bulk({"requestName": "getCustomers"}, {"requestName": "getCustomerGroups"})
    assert answer["status"]["errorCode"] == 0
    assert [one["status"]["errorCode"] for one in answer["requests"]] == [1204, 0]


@pytest.mark.parametrize("code", [1001, 1002, 1054, 1055])
def test_an_ordered_error_of_the_account_refuses_the_whole_bulk_request(call, erply, code):
    erply.fault("error", calls=["getCustomers"], code=code)
    answer = call.bulk(
        {"requestName": "saveCustomer", "lastName": "X"}, {"requestName": "getCustomers"}
    )
    assert answer["status"]["errorCode"] == code
    assert "requests" not in answer
    assert len(erply.customers) == 9


def test_latency_delays_a_right_answer(call, erply):
    erply.latency = 0.05
    erply.fault("latency", seconds=0.05, calls=["getServiceEndpoints"])
    erply.fault("latency", seconds=5, calls=["getCustomers"])
    began = time.perf_counter()
    assert json.loads(ask(call)[1])["status"]["errorCode"] == 0
    assert 0.1 <= time.perf_counter() - began < 4


def test_a_timeout_is_silence_and_then_the_end(call, erply):
    erply.fault("timeout", seconds=0.05)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(call)
    assert [(one.name, one.error_code, one.cost) for one in erply.calls] == [
        ("getServiceEndpoints", None, 0)
    ]


def test_a_call_may_be_carried_out_although_its_answer_is_lost(call, erply):
    call.log_in()
    erply.fault("timeout", seconds=0, calls=["saveCustomer"], times=1, performed=True)
    with pytest.raises(http.client.RemoteDisconnected):
        call("saveCustomer", lastName="Made")
    assert [one for one in erply.customers.values() if one["lastName"] == "Made"]
    assert erply.calls[-1].error_code == 0


def test_a_call_that_is_not_carried_out_changes_nothing(call, erply):
    call.log_in()
    erply.fault("reset", calls=["saveCustomer"])
    with pytest.raises(ConnectionResetError):
        call("saveCustomer", lastName="Made")
    assert not [one for one in erply.customers.values() if one["lastName"] == "Made"]


def test_silence_in_the_middle_of_an_answer(erply):
    erply.fault("silence", seconds=30)
    caller = Caller(erply, timeout=0.2)
    caller.connection.request("POST", "/api/", ENDPOINTS, {"Content-Type": FORM})
    answer = caller.connection.getresponse()
    assert answer.status == 200
    with pytest.raises(TimeoutError):
        answer.read()
    answer.close()
    caller.close()


def test_half_an_answer(call, erply):
    erply.fault("half")
    with pytest.raises(http.client.IncompleteRead):
        ask(call)


@pytest.mark.parametrize("where", ["headers", "body"])
def test_an_answer_byte_by_byte(call, erply, where):
    erply.fault("drip", seconds=0.0001, where=where)
    assert json.loads(ask(call)[1])["status"]["errorCode"] == 0
    erply.clear_faults()
    ask(call)
    assert erply.connections == 1


def test_html_instead_of_json(call, erply):
    erply.fault("html", status=502)
    answer, body = ask(call)
    assert answer.status == 502
    assert body.startswith(b"<!DOCTYPE html>")


def test_an_empty_body(call, erply):
    erply.fault("empty")
    answer, body = ask(call)
    assert (answer.status, body) == (200, b"")


@pytest.mark.parametrize("details", [{}, {"body": "OK"}])
def test_what_is_no_json(call, erply, details):
    erply.fault("not_json", **details)
    with pytest.raises(ValueError, match=r"Expecting|Invalid"):
        json.loads(ask(call)[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_json_of_another_shape(call, erply, shape):
    erply.fault("shape", shape=shape)
    content = json.loads(ask(call)[1])
    right = (
        isinstance(content, dict)
        and isinstance(content.get("status"), dict)
        and "errorCode" in content["status"]
        and isinstance(content.get("records"), list)
        and all(isinstance(record, dict) and record for record in content["records"])
        and content["records"]
    )
    assert not right


def test_an_http_error_with_its_headers(call, erply):
    erply.fault("http", status=429, headers={"Retry-After": "10"}, body="slow down")
    answer, body = ask(call)
    assert (answer.status, body) == (429, b"slow down")
    assert answer.headers["Retry-After"] == "10"
    erply.clear_faults()
    erply.fault("http", status=599)
    answer, body = ask(call)
    assert (answer.status, answer.reason) == (599, "Unknown")
    assert b"Error 599" in body


def test_a_huge_answer_is_json_to_its_end(call, erply):
    erply.fault("huge", megabytes=1)
    _, body = ask(call)
    assert len(json.loads(body)["records"][0]["notes"]) == 1 << 20
    erply.clear_faults()
    ask(call)
    assert erply.connections == 1


def test_a_huge_answer_ends_when_it_is_called_off(call, erply):
    erply.fault("huge", megabytes=100_000)
    call.connection.request("POST", "/api/", ENDPOINTS, {"Content-Type": FORM})
    answer = call.connection.getresponse()
    answer.read(1000)
    erply.clear_faults()
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        answer.read()
    answer.close()


def hanging(erply, **fault):
    """A caller in a thread of its own whom the fault is holding up by now."""
    order = erply.fault(**fault)

    def wait():
        caller = Caller(erply, timeout=60)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            caller.send("POST", "/api/", ENDPOINTS, {"Content-Type": FORM})
        caller.close()

    thread = threading.Thread(target=wait)
    thread.start()
    while not order.hits:
        time.sleep(0.005)
    return thread


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "timeout", "seconds": 60},
        {"kind": "silence", "seconds": 60},
        {"kind": "drip", "seconds": 60},
        {"kind": "latency", "seconds": 60},
    ],
)
@pytest.mark.parametrize("how", ["reset", "stop"])
def test_what_hangs_ends_at_once(fault, how):
    began = time.perf_counter()
    with Sandbox() as sandbox:
        thread = hanging(sandbox, **fault)
        getattr(sandbox, how)()
        thread.join()
    assert time.perf_counter() - began < 20


def test_a_late_call_that_a_reset_cuts_off_is_not_carried_out():
    with Sandbox() as sandbox:
        thread = hanging(sandbox, kind="latency", seconds=60)
        sandbox.reset()
        thread.join()
        assert sandbox.calls == []


def test_every_kind_of_fault_can_be_ordered_as_it_is(erply):
    for kind in FAULTS:
        assert erply.fault(kind).as_dict()["kind"] == kind


def test_a_fault_named_for_one_call_of_a_bulk_request_spoils_the_whole_answer(call, erply):
    call.log_in()
    erply.fault("empty", calls=["getCustomers"], times=1)
    form = f"clientCode=100100&sessionKey={call.key}&requests=" + json.dumps(
        [{"requestName": "getCustomerGroups"}, {"requestName": "getCustomers"}]
    )
    assert call.send("POST", "/api/", form, {"Content-Type": FORM})[1] == b""
    assert [(one.name, one.error_code) for one in erply.calls[1:]] == [
        ("getCustomerGroups", None),
        ("getCustomers", None),
    ]
