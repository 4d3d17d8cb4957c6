"""Reading customers."""

import pytest


def ids(records):
    return [record["id"] for record in records]


def test_a_customer_comes_with_the_basic_fields(call):
    (record,) = call.records("getCustomers", customerID=15)
    assert record["customerID"] == 15
    assert record["customerType"] == "PERSON"
    assert record["fullName"] == "Maasikas, Mari"
    assert record["groupName"] == "Members"
    assert record["emailOptOut"] == 0
    assert not record.keys() & {
        "vatNumber",
        "webshopUsername",
        "actualBalance",
        "addresses",
        "contactPersons",
        "password",
        "documents",
        "pointOfSaleID",
    }


def test_detail_brings_more_fields(call):
    (record,) = call.records("getCustomers", customerID=20, responseMode="detail")
    assert record["vatNumber"] == "EE100000020"
    assert record["webshopUsername"] == "company"
    assert record["birthday"] == "0000-00-00"
    assert record["employerName"] == ""
    assert "password" not in record


def test_balance_addresses_and_contacts_come_when_asked(call):
    (record,) = call.records(
        "getCustomers", customerID=20, getBalanceInfo=1, getAddresses=1, getContactPersons=1
    )
    assert record["actualBalance"] == 349.9
    assert record["creditAllowed"] == 1
    assert [one["typeName"] for one in record["addresses"]] == [
        "Registered address",
        "Delivery address",
        "Billing address",
    ]
    assert record["addresses"][1]["address"] == "Lao 4, Gate B, Tartu 50115, Estonia"
    assert record["addresses"][0]["typeID"] == "1"
    assert [one["contactPersonID"] for one in record["contactPersons"]] == [21]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, []),
        ({"mode": "CUSTOMERS"}, []),
        ({"mode": "CONTACTS"}, [21]),
        ({"mode": "ALL"}, [21]),
    ],
)
def test_a_contact_person_is_returned_only_when_the_mode_says_so(call, parameters, expected):
    assert ids(call.records("getCustomers", customerID=21, **parameters)) == expected


def test_a_contact_person_names_the_employer(call):
    (record,) = call.records("getCustomers", customerID=21, mode="ALL", responseMode="detail")
    assert record["companyID"] == 20
    assert record["employerName"] == "Kuuse Aiakaubad OÜ"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"customerIDs": "15,20,99999"}, [15, 20]),
        ({"customerID": 99999}, []),
        ({"customerID": 0}, []),
        ({"searchEmail": "mari.maasikas@example.ee"}, [15]),
        ({"searchEmail": "mari"}, []),
        ({"searchEmail": "Mari.Maasikas@example.ee"}, []),
        ({"searchEmail": "lepad@example.ee"}, [41, 42]),
        ({"searchEmail": "kalle.kuld@example.ee"}, []),
        ({"searchEmail": "kalle.kuld@example.ee;kalle@kuld.example.ee"}, [30]),
        ({"groupID": 3}, [30]),
        ({"groupID": 4, "mode": "ALL"}, [20, 21, 43]),
        ({"changedSince": 1655596800}, [15, 30]),
        ({"customerID": 15, "groupID": 3}, []),
    ],
)
def test_customers_are_found_by(call, parameters, expected):
    assert ids(call.records("getCustomers", **parameters)) == expected


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"customerID": "x"}, (1014, "customerID")),
        ({"customerIDs": "15, 20"}, (1014, "customerIDs")),
        ({"mode": "EVERYONE"}, (1016, "mode")),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(call, parameters, error):
    assert call.error("getCustomers", **parameters) == error


def test_customers_come_in_pages(call, erply):
    for number in range(120):
        erply.add_customer(lastName=f"Page {number}")
    total = len(erply.customers) - 1  # the contact person
    answer = call("getCustomers")
    assert len(answer["records"]) == answer["status"]["recordsInResponse"] == 20
    assert answer["status"]["recordsTotal"] == total
    assert len(call.records("getCustomers", recordsOnPage=500)) == 100
    first = ids(call.records("getCustomers", recordsOnPage=50))
    second = ids(call.records("getCustomers", recordsOnPage=50, pageNo=2))
    third = ids(call.records("getCustomers", recordsOnPage=50, pageNo=3))
    assert len({*first, *second, *third}) == total
    assert call.records("getCustomers", recordsOnPage=50, pageNo=4) == []


def test_group_names_come_in_the_language_asked_for(call):
    (record,) = call.records("getCustomers", customerID=30, lang="est")
    assert record["groupName"] == "Kuldkliendid"


def test_the_default_customer_is_the_tills_walk_in(call):
    assert call.records("getDefaultCustomer") == [
        {"id": 1, "name": "POS customer", "groupID": 1, "groupName": "Retail"}
    ]
    assert call.records("getCustomers", customerID=1)[0]["isPOSDefaultCustomer"] == 1


def test_a_default_customer_may_belong_to_one_till(call, erply):
    erply.customers[1]["pointOfSaleID"] = 2
    assert call.records("getDefaultCustomer", pointOfSaleID=2)[0]["id"] == 1
    assert call.records("getDefaultCustomer", pointOfSaleID=3) == []


def test_there_may_be_no_default_customer(call, erply):
    erply.customers[1]["isPOSDefaultCustomer"] = 0
    assert call.records("getDefaultCustomer") == []


def test_a_customer_whose_group_is_gone_still_comes(call, erply):
    del erply.groups[3]
    assert call.records("getCustomers", customerID=30)[0]["groupName"] == ""
