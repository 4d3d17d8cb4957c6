"""Session keys for the API user, log-in of web-shop users."""

import pytest

MEMBERS = {
    "person": (15, "Sandbox-person-1"),
    "company": (20, "Sandbox-company-1"),
    "contact": (21, "Sandbox-contact-1"),
    "gold": (30, "Sandbox-gold-1"),
    "walkin": (1, "Sandbox-walkin-1"),
}


def test_the_api_user_gets_a_session_key(call, erply):
    record = call.log_in()
    assert record["userName"] == "webshop"
    assert record["sessionLength"] == 3600
    assert record["ipAddress"] == "127.0.0.1"
    assert record["loginUrl"] == erply.url.removesuffix("api/")
    assert record["identityToken"]
    for name in ("userID", "employeeID", "groupID"):
        assert record[name].isdecimal()


def test_no_identity_token_is_made_when_none_is_wanted(call):
    assert "identityToken" not in call.log_in(doNotGenerateIdentityToken=1)


def test_each_log_in_of_the_api_user_makes_a_key_of_its_own(call):
    first = call.log_in()["sessionKey"]
    assert call.log_in()["sessionKey"] != first
    call.key = first
    assert call.records("getCustomerGroups")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, 1050),
        ({"username": "webshop"}, 1050),
        ({"username": "webshop", "password": ""}, 1050),
        ({"username": "", "password": "webshop-sandbox"}, 1050),
        ({"username": "webshop", "password": "wrong"}, 1051),
        ({"username": "Webshop", "password": "webshop-sandbox"}, 1051),
        ({"username": "person", "password": "Sandbox-person-1"}, 1051),
    ],
)
def test_wrong_credentials_make_no_session(call, parameters, code):
    answer = call.post(request="verifyUser", **parameters)
    assert answer["status"]["errorCode"] == code


@pytest.mark.parametrize(("length", "code"), [("0", 1016), ("86401", 1016), ("long", 1014)])
def test_a_session_lasts_from_a_second_to_a_day(call, length, code):
    answer = call.post(
        request="verifyUser",
        username="webshop",
        password="webshop-sandbox",
        sessionLength=length,
    )
    assert answer["status"]["errorCode"] == code
    assert answer["status"]["errorField"] == "sessionLength"


def test_a_session_key_tells_whose_it_is_and_how_long_it_lasts(call, erply):
    erply.clock = lambda: 1_700_000_000
    call.log_in(sessionLength=86400)
    assert call.records("getSessionKeyUser")[0]["userName"] == "webshop"
    assert call.records("getSessionKeyInfo") == [
        {"creationUnixTime": "1700000000", "expireUnixTime": "1700086400"}
    ]


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_logs_in(call, name):
    customer_id, password = MEMBERS[name]
    (record,) = call.records("verifyCustomerUser", username=name, password=password)
    assert record["clientID"] == str(customer_id)
    assert record["clientUsername"] == name
    assert all(isinstance(value, str) for value in record.values())


def test_a_contact_person_logs_in_under_the_employer(call):
    (record,) = call.records("verifyCustomerUser", username="contact", password="Sandbox-contact-1")
    assert record == {
        "clientID": "21",
        "clientUsername": "contact",
        "clientName": "Pärn, Peeter",
        "clientFirstName": "Peeter",
        "clientLastName": "Pärn",
        "clientGroupID": "4",
        "clientGroupName": "Business",
        "companyID": "20",
        "companyName": "Kuuse Aiakaubad OÜ",
    }


def test_a_log_in_is_noted_at_the_customer(call, erply):
    erply.clock = lambda: 1_700_000_000
    call.records("verifyCustomerUser", username="gold", password="Sandbox-gold-1")
    (record,) = call.records("getCustomers", customerID=30, responseMode="detail")
    assert record["webshopLastLogin"] == "1700000000"


@pytest.mark.parametrize(
    ("username", "password", "code"),
    [
        ("", "", 1050),
        ("person", "", 1050),
        ("", "Sandbox-person-1", 1050),
        ("person", "Sandbox-gold-1", 1051),
        ("Person", "Sandbox-person-1", 1051),
        ("person ", "Sandbox-person-1", 1051),
        ("nobody", "Sandbox-person-1", 1051),
        ("webshop", "webshop-sandbox", 1051),
        ("mari.maasikas@example.ee", "Sandbox-person-1", 1051),
    ],
)
def test_wrong_credentials_are_no_member(call, username, password, code):
    assert call.error("verifyCustomerUser", username=username, password=password) == (code, None)


def test_a_customer_without_a_password_cannot_log_in(call, erply):
    erply.add_customer(lastName="Empty", username="empty")
    assert call.error("verifyCustomerUser", username="empty", password="")[0] == 1050
    assert call.error("verifyCustomerUser", username="empty", password="x")[0] == 1051


def test_user_names_are_free_or_taken(call):
    assert call.records("validateCustomerUsername", username="free") == []
    assert call.error("validateCustomerUsername", username="person") == (1012, "username")
    assert call.error("validateCustomerUsername") == (1010, "username")


def test_services_are_found_without_a_session_key(call, erply):
    (record,) = call.post(request="getServiceEndpoints")["records"]
    assert record["crm"]["url"] == erply.crm_url
    assert erply.crm_url == erply.url.replace("/api/", "/crm/")
    assert record["crm"].keys() == {"url", "documentation", "isSandbox"}
