"""The CRM API's calls, on the very account that the classic API works on."""

from typing import Any

import pytest

from erply_auth.sandbox import Sandbox

from .crm_support import Crm
from .support import Caller


@pytest.fixture
def crm(call: Caller) -> Crm:
    return Crm(call)


def test_a_customer_s_addresses_come_with_the_crm_s_words(crm: Crm) -> None:
    answer = crm("GET", "v1/addresses", customerId=15, withTotalCount="true")
    assert answer.total == "3"
    assert answer.content[0] == {
        "id": 101,
        "customerId": 15,
        "typeId": 1,
        "street": "Näituse 7-3",
        "address2": "",
        "city": "Tartu",
        "postCode": "50409",
        "state": "Tartumaa",
        "country": "Estonia",
        "added": answer.content[0]["added"],
        "changed": answer.content[0]["changed"],
        "changedBy": "",
    }


def test_lists_come_in_pages(erply: Sandbox, crm: Crm) -> None:
    for number in range(110):
        erply.add_address(ownerID=44, typeID=1, street=f"Tee {number}")
    everything = crm.ids("v1/addresses", customerId=44, take=500)
    assert len(everything) == 100
    assert len(crm.ids("v1/addresses", customerId=44)) == 20
    assert crm.ids("v1/addresses", customerId=44, skip=98, take=2) == everything[98:]
    assert len(crm.ids("v1/addresses", customerId=44, skip=100, take=100)) == 10
    assert crm.ids("v1/addresses", customerId=44, take=0) == []
    assert crm("GET", "v1/addresses").total is None


@pytest.mark.parametrize(
    ("query", "code"), [({"skip": -1}, 1016), ({"take": -1}, 1016), ({"take": "x"}, 1014)]
)
def test_pages_that_cannot_be_are_a_400(crm: Crm, query: dict[str, Any], code: int) -> None:
    assert crm.refusal("GET", "v1/addresses", **query) == (400, code, next(iter(query)))


def test_addresses_are_added_changed_and_deleted(erply: Sandbox, crm: Crm) -> None:
    body = {"customerId": 15, "typeId": 2, "street": "Aia 1", "postCode": "50002", "city": None}
    status, made, _ = crm("POST", "v1/addresses", body)
    address = erply.addresses[made["id"]]
    assert status == 201
    assert (address["ownerID"], address["street"], address["postalCode"]) == (15, "Aia 1", "50002")
    assert address["lastModifierUsername"] == "webshop"
    change = {"city": "Elva", "typeId": 3, "customerId": 20, "unknown": 1}
    assert crm("PATCH", f"v1/addresses/{made['id']}", change) == (200, made, None)
    assert (address["city"], address["typeID"], address["ownerID"]) == ("Elva", 3, 15)
    assert crm("DELETE", f"v1/addresses/{made['id']},102") == (204, None, None)
    assert crm.ids("v1/addresses", customerId=15) == [101, 103]
    assert erply.processing_log == []
    assert len(crm.call.records("getAddresses", ownerID=15)) == 2


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"typeId": 1}, 1010, "customerId"),
        ({"customerId": 15}, 1010, "typeId"),
        ({"customerId": 999, "typeId": 1}, 1011, "customerId"),
        ({"customerId": 15, "typeId": 99}, 1011, "typeId"),
        ({"customerId": "15", "typeId": 1}, 1014, "customerId"),
        ({"customerId": 15, "typeId": True}, 1014, "typeId"),
        ({"customerId": 15, "typeId": 1, "street": 7}, 1014, "street"),
        ({"customerId": 15, "typeId": 1, "postCode": "x" * 17}, 1156, "postCode"),
    ],
)
def test_an_address_that_cannot_be_is_a_400(crm: Crm, body: Any, code: int, field: str) -> None:
    assert crm.refusal("POST", "v1/addresses", body) == (400, code, field)


def test_an_address_cannot_lose_its_type(crm: Crm) -> None:
    refusal = crm.refusal("PATCH", "v1/addresses/101", {"typeId": None})
    assert refusal == (400, 1016, "typeId")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("PATCH", "v1/addresses/999", (404, 1011, "")),
        ("DELETE", "v1/addresses/101,999", (404, 1011, "")),
        ("DELETE", "v1/addresses/", (400, 1010, "ids")),
        ("DELETE", "v1/addresses/,", (400, 1014, "ids")),
        ("DELETE", "v1/addresses/x", (400, 1014, "ids")),
        ("PATCH", "v1/addresses/101,102", (400, 1015, "ids")),
        ("PATCH", "v1/customers/individuals/20", (404, 1011, "")),
        ("DELETE", "v1/customers/businesses/15", (404, 1011, "")),
        ("DELETE", "v1/customers/businesses/20", (409, 1022, "")),
        ("PATCH", "v1/customers/groups/99", (404, 1011, "")),
    ],
)
def test_ids_that_do_not_fit_change_nothing(
    erply: Sandbox, crm: Crm, method: str, path: str, expected: Any
) -> None:
    assert crm.refusal(method, path, {"city": "Elva"}) == expected
    assert len(erply.addresses) == 9
    assert len(erply.customers) == 9


def test_address_types_have_real_booleans_and_languages(crm: Crm) -> None:
    types = crm("GET", "v1/addresses/types", lang="est").content
    assert [kind["activelyUsed"] for kind in types] == [True, True, True, False]
    assert types[1]["name"] == "Tarneaadress"


def test_groups_come_flat_or_as_a_tree(erply: Sandbox, crm: Crm) -> None:
    made = crm("POST", "v1/customers/groups", {"name": "Silver", "parentId": 2, "priceListId": 7})
    group_id = made.content["id"]
    assert crm.ids("v1/customers/groups") == [1, 2, 3, 4, group_id]
    assert crm.ids("v1/customers/groups/indented") == [1, 2, 3, group_id, 4]
    crm("PATCH", f"v1/customers/groups/{group_id}", {"name": "Silver club", "parentId": 3})
    group = crm("GET", "v1/customers/groups/indented").content[3]
    assert (group["name"], group["parentId"], group["priceListId"]) == ("Silver club", 3, 7)
    assert crm.call.records("getCustomerGroups")[-1]["name"] == "Silver club"
    assert crm("GET", "v1/customers/groups", lang="est").content[0]["name"] == "Jaekliendid"
    erply.groups[2]["parentID"] = 3
    assert crm.ids("v1/customers/groups/indented") == [1, 4, 2, 3, group_id]


def test_groups_that_cannot_be_are_a_400(crm: Crm) -> None:
    assert crm.refusal("POST", "v1/customers/groups", {}) == (400, 1010, "name")
    wrong = {"name": "x", "parentId": 99}
    assert crm.refusal("POST", "v1/customers/groups", wrong) == (400, 1011, "parentId")
    own = crm.refusal("PATCH", "v1/customers/groups/2", {"parentId": 2})
    assert own == (400, 1016, "parentId")


def test_customers_are_found_by_kind_id_mail_and_change(erply: Sandbox, crm: Crm) -> None:
    assert len(crm.ids("v1/customers")) == 9
    assert crm.ids("v1/customers/businesses") == [20, 43]
    assert 20 not in crm.ids("v1/customers/individuals")
    assert crm.ids("v1/customers", ids="15,20,99") == [15, 20]
    assert crm.ids("v1/customers/individuals", mail="lepad@example.ee") == [41, 42]
    crm("PATCH", "v1/customers/individuals/15", {"phone": "+372 1"})
    assert crm.ids("v1/customers", changed=int(erply.now()) - 60) == [15]


def test_a_customer_has_the_crm_s_words_and_types(crm: Crm) -> None:
    (person,) = crm("GET", "v1/customers", ids=15).content
    assert (person["firstName"], person["lastName"], person["fullName"]) == (
        "Mari",
        "Maasikas",
        "Maasikas, Mari",
    )
    assert (person["customerGroupId"], person["employerId"]) == (2, 0)
    assert (person["mail"], person["birthDate"]) == ("mari.maasikas@example.ee", "1988-07-15")
    assert (person["webShopUsername"], person["bankIban"]) == ("person", "EE382200221020145685")
    assert (person["emailOptOut"], person["salesDisabled"]) == (False, False)
    assert not {"webShopPassword", "addresses", "actualBalance", "contactPersons"} & person.keys()
    (company,) = crm("GET", "v1/customers/businesses", ids=20).content
    assert (company["businessName"], company["birthDate"]) == ("Kuuse Aiakaubad OÜ", None)
    assert company["customerType"] == "COMPANY"


def test_people_and_companies_are_created_changed_and_deleted(erply: Sandbox, crm: Crm) -> None:
    person = {"firstName": "Uus", "lastName": "Inimene", "businessName": "not of a person"}
    more = {"salesDisabled": True, "loyaltyCardNumber": "77", "priceListId": 2}
    status, made, _ = crm("POST", "v1/customers/individuals", person | more)
    record = erply.customers[made["id"]]
    assert (status, record["customerType"], record["companyName"]) == (201, "PERSON", "")
    assert (record["salesBlocked"], record["customerCardNumber"]) == (1, "77")
    changes = {"emailOptOut": True, "birthDate": "1990-01-02", "webShopPassword": "Uus-parool-1"}
    path = f"v1/customers/individuals/{made['id']}"
    assert crm("PATCH", path, changes | {"webShopUsername": "uus"}).status == 200
    assert (record["emailOptOut"], record["birthday"]) == (1, "1990-01-02")
    assert crm.call.records("verifyCustomerUser", username="uus", password="Uus-parool-1")
    crm("PATCH", path, {"birthDate": None})
    assert record["birthday"] == ""
    company = crm("POST", "v1/customers/businesses", {"businessName": "Uus OÜ"}).content["id"]
    assert erply.customers[company]["customerType"] == "COMPANY"
    assert crm("DELETE", path).status == 204
    assert crm("DELETE", f"v1/customers/businesses/{company}").status == 204
    assert {made["id"], company} <= erply.deleted_customers
    assert [entry for entry in erply.processing_log if entry.by_erply] == []


def test_many_are_created_at_once(erply: Sandbox, crm: Crm) -> None:
    requests = [{"lastName": "Esimene"}, {"lastName": "Teine"}]
    answer = crm("POST", "v1/customers/individuals/bulk", {"requests": requests})
    ids = [result["resourceID"] for result in answer.content["results"]]
    assert answer.status == 200
    assert [erply.customers[id_]["lastName"] for id_ in ids] == ["Esimene", "Teine"]
    path = "v1/customers/businesses/bulk"
    assert crm.refusal("POST", path, {"requests": {}}) == (400, 1015, "requests")
    assert crm.refusal("POST", path, []) == (400, 1015, "requests")
    assert crm.refusal("POST", path, {"requests": [{}]}) == (400, 1010, "businessName")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"webShopUsername": "gold"}, (409, 1012, "webShopUsername")),
        ({"webShopPassword": "short"}, (400, 1100, "webShopPassword")),
        ({"birthDate": "tomorrow"}, (400, 1014, "birthDate")),
        ({"emailOptOut": 1}, (400, 1014, "emailOptOut")),
        ({"customerGroupId": 0}, (400, 1016, "customerGroupId")),
        ({"employerId": 999}, (400, 1011, "employerId")),
        ({"mail": "x" * 256}, (400, 1156, "mail")),
        ({"firstName": "", "lastName": ""}, (400, 1010, "lastName")),
    ],
)
def test_changes_that_cannot_be_are_refused_by_field(
    erply: Sandbox, crm: Crm, body: Any, expected: Any
) -> None:
    before = dict(erply.customers[15])
    assert crm.refusal("PATCH", "v1/customers/individuals/15", body) == expected
    assert erply.customers[15] == before


def test_the_classic_side_s_changes_are_seen_and_logged_as_before(erply: Sandbox, crm: Crm) -> None:
    crm.call.records("saveCustomer", customerID=15, email="new@example.ee")
    assert crm("GET", "v1/customers", ids=15).content[0]["mail"] == "new@example.ee"
    assert [entry.customer_id for entry in erply.processing_log] == [15]
