"""Bulk requests, and the hourly quota they are lighter on."""

import json
import urllib.parse

import pytest

from .support import FORM


def test_a_bulk_request_is_answered_in_order_with_ids_as_they_were_sent(call):
    answer = call.bulk(
        {"requestName": "getCustomers", "requestID": 1, "customerID": 15},
        {"requestName": "getCustomers", "requestID": "b", "customerID": "20", "getAddresses": True},
        {"requestName": "getAddresses", "ownerID": None},
        {"requestName": "nothing", "requestID": [1]},
    )
    assert answer["status"]["errorCode"] == 0
    assert "records" not in answer
    first, second, third, fourth = answer["requests"]
    assert (first["status"]["requestName"], first["status"]["requestID"]) == ("getCustomers", 1)
    assert first["records"][0]["id"] == 15
    assert second["status"]["requestID"] == "b"
    assert second["records"][0]["addresses"]
    assert "requestID" not in third["status"]
    assert (third["status"]["errorCode"], third["status"]["errorField"]) == (1010, "ownerID")
    assert third["records"] is None
    assert (fourth["status"]["errorCode"], fourth["status"]["requestID"]) == (1005, [1])


def test_a_bulk_request_of_a_hundred_is_the_largest(call, erply):
    one = {"requestName": "getCustomerGroups"}
    assert len(call.bulk(*[one] * 100)["requests"]) == 100
    answer = call.bulk(*[one] * 101)
    assert answer["status"]["errorCode"] == 1020
    assert "requests" not in answer
    assert erply.spent == 11


@pytest.mark.parametrize("requests", ["", "{", "{}", "[1]", "[" * 100_000])
def test_a_bulk_request_that_is_no_list_of_objects_is_malformed(call, requests):
    call.log_in()
    answer = call.post(sessionKey=call.key, requests=requests)
    assert answer["status"]["errorCode"] == 1015
    assert "requests" not in answer


def test_half_a_surrogate_pair_does_no_harm(call, erply):
    save = {
        "requestName": "saveCustomer",
        "lastName": "X",
        "notes": "\ud800",
        "requestID": "\udc00",
    }
    (answer,) = call.bulk(save)["requests"]
    assert answer["status"]["requestID"] == "\udc00"
    assert erply.customers[answer["records"][0]["customerID"]]["notes"] == "?"
    _, body = call.send(
        "POST",
        "/api/",
        urllib.parse.urlencode(
            {
                "clientCode": "100100",
                "sessionKey": call.key,
                "responseType": "XML",
                "requests": json.dumps([save]),
            }
        ),
        {"Content-Type": FORM},
    )
    assert b"<requestID>?</requestID>" in body


def test_an_empty_bulk_request_has_an_empty_answer(call):
    assert call.bulk()["requests"] == []


def test_authentication_errors_of_a_bulk_request_are_in_the_outer_status(call, erply):
    one = {"requestName": "verifyUser"}
    call.log_in()
    erply.expire_sessions()
    answer = call.bulk(one)
    assert answer["status"]["errorCode"] == 1054
    assert "requests" not in answer
    assert call.post(requests=json.dumps([one]))["status"]["errorCode"] == 1009
    assert call.bulk(one, clientCode="1")["status"]["errorCode"] == 1001


def test_refused_credentials_in_a_bulk_request_stay_with_their_sub_request(call):
    answer = call.bulk({"requestName": "verifyCustomerUser", "username": "a", "password": "b"})
    assert answer["status"]["errorCode"] == 0
    assert answer["requests"][0]["status"]["errorCode"] == 1051


def test_a_spent_quota_refuses_every_call_until_the_full_hour(call, erply):
    now = 1_700_000_000 // 3600 * 3600 + 1800
    erply.clock = lambda: now
    erply.quota = 2
    call.log_in()
    call("getCustomerGroups")
    assert call.error("getCustomerGroups") == (1002, None)
    bulk = call.bulk({"requestName": "getCustomerGroups"})
    assert bulk["status"]["errorCode"] == 1002
    assert "requests" not in bulk
    assert call.post(request="getServiceEndpoints")["status"]["errorCode"] == 1002
    erply.advance(1799)
    assert call.error("getCustomerGroups") == (1002, None)
    erply.advance(1)
    assert call("getCustomerGroups")["status"]["errorCode"] == 0
    assert erply.spent == 3
    assert erply.spent_this_hour == 1


def test_a_bulk_sub_request_costs_a_tenth(call, erply):
    call.log_in()
    call.bulk(*[{"requestName": "getCustomerGroups"}] * 3)
    assert [one.cost for one in erply.calls] == [1, 0.1, 0.1, 0.1]
    assert erply.spent == 1.3
    erply.quota = 1.4
    assert "requests" in call.bulk({"requestName": "getCustomerGroups"})
    assert "requests" not in call.bulk({"requestName": "getCustomerGroups"})


def test_other_integrations_spend_the_same_quota(call, erply):
    erply.quota = 1000
    erply.spend(1000)
    answer = call.post(request="verifyUser", username="a", password="b")
    assert answer["status"]["errorCode"] == 1002
    assert erply.spent == 0
    assert erply.spent_this_hour == 1000
