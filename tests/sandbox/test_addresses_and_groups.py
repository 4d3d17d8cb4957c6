"""Addresses, their types, customer groups."""

import pytest


def test_an_owners_addresses_come_with_their_types(call):
    records = call.records("getAddresses", ownerID=15)
    assert [one["addressID"] for one in records] == [101, 102, 103]
    first = records[0]
    assert (first["typeID"], first["typeName"]) == (1, "Registered address")
    assert first["address"] == "Näituse 7-3, Tartu 50409, Tartumaa, Estonia"
    assert first["attributes"] == []
    assert [one["typeActivelyUsed"] for one in records] == [1, 1, 0]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"typeID": 2}, [102]),
        ({"addressIDs": "101,103,111"}, [101, 103]),
        ({"changedSince": 1_900_000_000}, []),
        ({"recordsOnPage": 2, "pageNo": 2}, [103]),
    ],
)
def test_addresses_are_found_by(call, parameters, expected):
    records = call.records("getAddresses", ownerID=15, **parameters)
    assert [one["addressID"] for one in records] == expected


def test_addresses_are_asked_for_by_owner(call):
    assert call.error("getAddresses", addressIDs="101") == (1010, "ownerID")
    assert call.records("getAddresses", ownerID=99999) == []


def test_an_address_of_a_type_that_is_gone_still_comes(call, erply):
    del erply.address_types[1]
    first = call.records("getAddresses", ownerID=15)[0]
    assert (first["typeName"], first["typeActivelyUsed"]) == ("", 0)
    (customer,) = call.records("getCustomers", customerID=15, getAddresses=1)
    assert customer["addresses"][0]["typeName"] == ""


def test_address_types_are_strings_throughout(call):
    records = call.records("getAddressTypes")
    assert [one["name"] for one in records][1] == "Delivery address"
    assert [one["activelyUsed"] for one in records] == ["1", "1", "1", "0"]
    assert all(isinstance(value, str) for one in records for value in one.values())


def test_names_come_in_the_language_asked_for(call):
    assert call.records("getAddressTypes", lang="est")[1]["name"] == "Tarneaadress"
    assert call.records("getAddressTypes", lang="fin")[1]["name"] == "Delivery address"
    assert call.records("getAddresses", ownerID=15, lang="est")[1]["typeName"] == "Tarneaadress"
    assert call.records("getCustomerGroups", lang="est")[2]["name"] == "Kuldkliendid"


def test_an_address_is_added_changed_and_removed(call, erply):
    (saved,) = call.records("saveAddress", ownerID=30, typeID=2, street="Uus 1", city="Rapla")
    address_id = saved["addressID"]
    assert call.records("saveAddress", addressID=address_id, city="Paide") == [saved]
    address = erply.addresses[address_id]
    assert (address["ownerID"], address["street"], address["city"]) == (30, "Uus 1", "Paide")
    assert address["lastModifierUsername"] == "webshop"
    call.records("saveAddress", addressID=address_id, typeID=3, ownerID=15)
    assert (address["typeID"], address["ownerID"]) == (3, 30)
    assert call.records("deleteAddress", addressID=address_id) == []
    assert address_id not in erply.addresses


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"typeID": 1}, (1010, "ownerID")),
        ({"ownerID": 15}, (1010, "typeID")),
        ({"ownerID": 99999, "typeID": 1}, (1011, "ownerID")),
        ({"ownerID": 15, "typeID": 99}, (1011, "typeID")),
        ({"addressID": 99999}, (1011, "addressID")),
        ({"addressID": 101, "typeID": 99}, (1011, "typeID")),
        ({"addressID": 101, "postalCode": "1" * 17}, (1156, "postalCode")),
        ({"addressID": 101, "street": "ü" * 32769}, (1156, "street")),
    ],
)
def test_an_address_that_cannot_be_saved_is_refused(call, erply, parameters, error):
    before = {key: dict(address) for key, address in erply.addresses.items()}
    assert call.error("saveAddress", **parameters) == error
    assert erply.addresses == before


def test_the_longest_values_still_fit(call):
    call.records("saveAddress", addressID=101, street="ü" * 32768, city="ü" * 255)


def test_an_address_that_is_not_there_cannot_be_deleted(call):
    assert call.error("deleteAddress", addressID=1) == (1011, "addressID")
    assert call.error("deleteAddress") == (1010, "addressID")


def test_an_address_nobody_owns_any_more_can_be_deleted(call, erply):
    del erply.customers[15]
    assert call.records("deleteAddress", addressID=101) == []
    assert erply.processing_log == []


def test_groups_are_a_tree(call):
    records = {one["customerGroupID"]: one for one in call.records("getCustomerGroups")}
    assert records[3]["name"] == "Gold"
    assert records[records[3]["parentID"]]["name"] == "Members"
    assert records[2]["parentID"] == 0
    assert records[3]["pricelistID2"] == 2


def test_groups_changed_since_a_time(call):
    records = call.records("getCustomerGroups", changedSince=1_577_836_800 + 400 * 86400)
    assert [one["customerGroupID"] for one in records] == [2, 3]


def test_a_group_is_added_and_changed(call, erply):
    (saved,) = call.records("saveCustomerGroup", nameENG="Silver", nameEST="Hõbe", parentID=2)
    group = erply.groups[saved["customerGroupID"]]
    assert (group["name"], group["parentID"]) == ("Silver", 2)
    call.records("saveCustomerGroup", customerGroupID=group["id"], nameEST="Hõbedad", pricelistID=5)
    assert (group["name"], group["nameEST"], group["pricelistID"]) == ("Silver", "Hõbedad", 5)
    call.records("saveCustomerGroup", customerGroupID=group["id"], name="Silver members")
    assert group["name"] == "Silver members"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, (1010, "name")),
        ({"name": ""}, (1010, "name")),
        ({"name": "x" * 256}, (1156, "name")),
        ({"name": "X", "parentID": 99}, (1011, "parentID")),
        ({"customerGroupID": 99, "name": "X"}, (1011, "customerGroupID")),
        ({"customerGroupID": 2, "parentID": 2}, (1016, "parentID")),
    ],
)
def test_a_group_that_cannot_be_saved_is_refused(call, erply, parameters, error):
    before = {key: dict(group) for key, group in erply.groups.items()}
    assert call.error("saveCustomerGroup", **parameters) == error
    assert erply.groups == before
