"""Status block, content types, session keys, recorded calls and the account's switches."""

import xml.etree.ElementTree as ET

import pytest

from erply_auth.sandbox import Sandbox

from .support import FORM, Caller


def test_the_status_block_of_a_good_answer(call, erply):
    erply.clock = lambda: 1_700_000_000.9
    answer = call("getCustomerGroups")
    status = answer["status"]
    assert list(status) == [
        "request",
        "requestUnixTime",
        "responseStatus",
        "errorCode",
        "generationTime",
        "recordsTotal",
        "recordsInResponse",
    ]
    assert status["request"] == "getCustomerGroups"
    assert status["requestUnixTime"] == 1_700_000_000
    assert (status["responseStatus"], status["errorCode"]) == ("ok", 0)
    assert status["recordsTotal"] == status["recordsInResponse"] == len(answer["records"]) == 4


def test_the_status_block_of_a_failure(call):
    answer = call("deleteCustomer", customerID=99999)
    assert answer["records"] is None
    assert answer["status"]["responseStatus"] == "error"
    assert answer["status"]["errorCode"] == 1011
    assert answer["status"]["errorField"] == "customerID"
    assert answer["status"]["recordsTotal"] == 0


@pytest.mark.parametrize(
    ("parameters", "content_type"),
    [
        ({}, "text/html; charset=utf-8"),
        ({"sendContentType": "1"}, "application/json; charset=utf-8"),
        ({"setContentType": "1"}, "application/json; charset=utf-8"),
        ({"responseType": "JSON"}, "text/html; charset=utf-8"),
        ({"responseType": "XML"}, "text/html; charset=utf-8"),
        ({"responseType": "XML", "sendContentType": "1"}, "text/xml; charset=utf-8"),
    ],
)
def test_an_answer_says_what_it_is_only_when_asked(call, parameters, content_type):
    target = "/api/?request=getServiceEndpoints&clientCode=100100&version=1.0"
    target += "".join(f"&{name}={value}" for name, value in parameters.items())
    answer, _ = call.send("POST", target)
    assert answer.headers["Content-Type"] == content_type


def test_another_format_than_json_and_xml_is_refused(call):
    answer = call.post(request="getServiceEndpoints", responseType="CSV")
    assert answer["status"]["errorCode"] == 1007


def test_xml_holds_the_same_as_json(call, erply):
    erply.customers[15]["notes"] = "a < b & \x01c"
    call.log_in()
    parameters = f"clientCode=100100&sessionKey={call.key}&responseType=XML&request=getCustomers"
    parameters += "&customerID=15&getAddresses=1&responseMode=detail"
    _, body = call.send("POST", "/api/", parameters, {"Content-Type": FORM})
    root = ET.fromstring(body)  # noqa: S314 - our own sandbox's answer
    assert root.findtext("status/errorCode") == "0"
    assert root.findtext("records/record/notes") == "a < b & c"
    assert root.findtext("records/record/addresses/address/city") == "Tartu"
    assert root.findtext("records/record/attributes/attribute/attributeName") == "shoeSize"


def test_xml_writes_booleans_as_numbers_and_nothing_as_nothing(call):
    call.log_in()
    common = f"clientCode=100100&sessionKey={call.key}&responseType=XML&request=saveCustomer&"
    _, body = call.send("POST", "/api/", common + "lastName=X", {"Content-Type": FORM})
    root = ET.fromstring(body)  # noqa: S314 - our own sandbox's answer
    assert root.findtext("records/record/alreadyExists") == "0"
    _, body = call.send("POST", "/api/", common, {"Content-Type": FORM})
    root = ET.fromstring(body)  # noqa: S314 - our own sandbox's answer
    assert root.findtext("records") == ""
    assert root.findtext("status/errorField") == "lastName"


def test_slashes_come_escaped_and_letters_as_ascii(call):
    call.log_in()
    parameters = f"clientCode=100100&sessionKey={call.key}&request=getCustomers&customerID=20"
    _, body = call.send(
        "POST", "/api/", f"{parameters}&responseMode=detail", {"Content-Type": FORM}
    )
    assert b"https:\\/\\/kuuseaed" in body
    assert b"O\\u00dc" in body


@pytest.mark.parametrize("client_code", ["", "100101", "100100 "])
def test_another_client_code_is_no_account(call, erply, client_code):
    answer = call.post(request="getServiceEndpoints", clientCode=client_code)
    assert answer["status"]["errorCode"] == 1001
    assert erply.spent == 0


@pytest.mark.parametrize("name", ["", "getEverything"])
def test_an_unknown_call_is_refused(call, name):
    assert call.error(name) == (1005, None)


def test_a_call_without_a_session_key_is_refused(call):
    assert call.post(request="getCustomers")["status"]["errorCode"] == 1009


def test_an_unknown_session_key_is_refused(call):
    assert call.post(request="getCustomers", sessionKey="nobody")["status"]["errorCode"] == 1055


def test_a_session_key_lives_as_long_as_asked(call, erply):
    erply.clock = lambda: 1_700_000_000
    assert call.log_in(sessionLength=60)["sessionLength"] == 60
    erply.advance(59)
    assert call("getCustomerGroups")["status"]["errorCode"] == 0
    erply.advance(1)
    assert call.error("getCustomerGroups") == (1054, None)


def test_session_keys_can_be_expired_and_forgotten(call, erply):
    call.log_in()
    erply.expire_sessions()
    assert call.error("getCustomers") == (1054, None)
    call.log_in()
    assert call("getCustomers")["status"]["errorCode"] == 0
    erply.forget_sessions()
    assert call.error("getCustomers") == (1055, None)


def test_calls_are_recorded_as_they_came(call, erply):
    call.log_in()
    call("getCustomers", customerID=15)
    call.error("deleteCustomer", customerID=15000)
    call.bulk({"requestName": "getCustomers", "requestID": 7, "customerID": 20})
    login, single, failed, sub = erply.calls
    assert (login.name, login.error_code, login.in_bulk) == ("verifyUser", 0, False)
    assert single.parameters["customerID"] == "15"
    assert (single.method, single.target, single.session_key) == ("POST", "/api/", call.key)
    assert single.headers["content-type"] == FORM
    assert (failed.error_code, failed.cost) == (1011, 1)
    assert (sub.name, sub.in_bulk, sub.session_key) == ("getCustomers", True, call.key)
    assert sub.parameters == {"customerID": "20"}
    assert erply.calls_of("getCustomers") == [single, sub]
    assert erply.round_trips == 4


def test_refused_calls_are_recorded_with_the_reason(call, erply):
    call.post(request="getCustomers", sessionKey="x")
    call.post(sessionKey="x", requests='[{"requestName": "a"}, {"requestName": "b"}]')
    assert [(one.name, one.error_code) for one in erply.calls] == [
        ("getCustomers", 1055),
        ("a", 1055),
        ("b", 1055),
    ]


def test_another_account_has_its_own_code_user_and_quota():
    with Sandbox("200200", "api", "secret-1", quota=1, clock=lambda: 1_700_000_000) as sandbox:
        caller = Caller(sandbox)
        caller.log_in()
        assert caller.error("getCustomers") == (1002, None)
        sandbox.quota = 10
        assert caller.records("getCustomers")
        sandbox.reset()
        assert sandbox.quota == 1
        caller.close()


def test_a_reset_brings_everything_back(call, erply):
    call.log_in()
    customer_id = erply.add_customer(lastName="New")
    erply.customers[15]["email"] = ""
    erply.customers[15]["attributes"].clear()
    erply.groups[1]["name"] = "Other"
    erply.address_types.clear()
    erply.classic_registry_gone = erply.outside_eu = erply.no_customer_data_access = True
    erply.latency = 5
    erply.advance(100_000)
    erply.fault("html")
    erply.reset()
    assert erply.calls == []
    assert (erply.spent, erply.round_trips, erply.connections) == (0, 0, 0)
    assert customer_id not in erply.customers
    assert erply.customers[15]["email"] == "mari.maasikas@example.ee"
    assert erply.customers[15]["attributes"]
    assert erply.groups[1]["name"] == "Retail"
    assert len(erply.address_types) == 4
    assert (erply.latency, erply.ahead) == (0, 0)
    assert call.error("getCustomers") == (1055, None)
    call.log_in()
    assert call.records("getCustomers")


@pytest.mark.parametrize(
    "name",
    [
        "getCustomers",
        "getAddresses",
        "getAddressTypes",
        "getCustomerGroups",
        "saveCustomer",
        "saveAddress",
        "saveCustomerGroup",
        "deleteCustomer",
        "deleteAddress",
    ],
)
def test_a_registry_that_has_left_the_classic_api_answers_1120(call, erply, name):
    erply.classic_registry_gone = True
    assert call.error(name) == (1120, None)


def test_log_in_default_customer_and_log_stay_where_the_registry_has_left(call, erply):
    erply.classic_registry_gone = True
    assert call.records("verifyCustomerUser", username="gold", password="Sandbox-gold-1")
    assert call.records("validateCustomerUsername", username="free") == []
    assert call.records("getDefaultCustomer")
    assert call.records("logProcessingOfCustomerData", customerIDs=15, activityType="read") == []


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("getCustomers", {}),
        ("getAddresses", {"ownerID": 15}),
        ("saveCustomer", {"lastName": "X"}),
        ("saveAddress", {"ownerID": 15, "typeID": 1}),
        ("deleteCustomer", {"customerID": 15}),
        ("deleteAddress", {"addressID": 101}),
        ("logProcessingOfCustomerData", {"customerIDs": 15, "activityType": "read"}),
    ],
)
def test_an_api_user_without_access_to_customer_data_gets_1148(call, erply, name, parameters):
    erply.no_customer_data_access = True
    assert call.error(name, **parameters) == (1148, None)
