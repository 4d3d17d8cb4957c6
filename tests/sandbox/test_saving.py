"""Creating, changing and deleting customers."""

import pytest


def save(call, **parameters):
    (record,) = call.records("saveCustomer", **parameters)
    assert record["customerID"] == record["clientID"]
    return record


def test_a_person_is_created_in_the_first_group(call, erply):
    erply.clock = lambda: 1_700_000_000
    saved = save(call, firstName="Anu", lastName="Aas", email="anu@example.ee", birthday="")
    assert saved["alreadyExists"] is False
    customer = erply.customers[saved["customerID"]]
    assert (customer["customerType"], customer["groupID"]) == ("PERSON", 1)
    assert customer["added"] == customer["lastModified"] == 1_700_000_000
    assert customer["lastModifierUsername"] == "webshop"


def test_a_company_is_created_by_its_name(call, erply):
    saved = save(call, companyName="Uus OÜ", vatNumber="EE1", groupID=4)
    customer = erply.customers[saved["customerID"]]
    assert (customer["customerType"], customer["groupID"]) == ("COMPANY", 4)


@pytest.mark.parametrize(
    ("full_name", "first", "last"),
    [
        ("Aas, Anu Mai", "Anu Mai", "Aas"),
        ("Anu Mai Aas", "Anu Mai", "Aas"),
        ("Aas", "", "Aas"),
    ],
)
def test_a_full_name_is_taken_apart(call, erply, full_name, first, last):
    customer = erply.customers[save(call, fullName=full_name)["customerID"]]
    assert (customer["firstName"], customer["lastName"]) == (first, last)


def test_the_full_name_of_a_company_is_its_name(call, erply):
    save(call, customerID=20, fullName="Kuuse AS")
    assert erply.customers[20]["companyName"] == "Kuuse AS"


def test_only_what_is_sent_is_changed(call, erply):
    before = dict(erply.customers[15])
    assert save(call, customerID=15, phone="+372 1")["customerID"] == 15
    changed = {name for name, value in erply.customers[15].items() if before[name] != value}
    assert changed == {"phone", "lastModified", "lastModifierUsername"}


def test_every_field_can_be_saved_and_read_back(call):
    fields = {
        "firstName": "Anu",
        "lastName": "Aas",
        "email": "a@example.ee;b@example.ee",
        "phone": "1",
        "mobile": "2",
        "fax": "3",
        "birthday": "2000-02-29",
        "gender": "female",
        "code": "4",
        "vatNumber": "5",
        "bankName": "6",
        "bankAccountNumber": "7",
        "bankIBAN": "8",
        "bankSWIFT": "9",
        "website": "https://a.example.ee/?b=1&c=ü",
        "skype": "10",
        "notes": "one\ntwo <b>",
    }
    saved = save(call, emailOptOut=1, groupID=2, companyID=20, payerID=20, **fields)
    (record,) = call.records(
        "getCustomers", customerID=saved["customerID"], mode="ALL", responseMode="detail"
    )
    assert {name: record[name] for name in fields} == fields
    assert (record["emailOptOut"], record["groupID"]) == (1, 2)
    assert (record["companyID"], record["payerID"]) == (20, 20)


def test_white_space_is_trimmed_only_when_asked(call, erply):
    save(call, customerID=15, email=" a@example.ee ", notes=" x ")
    assert erply.customers[15]["email"] == " a@example.ee "
    save(call, customerID=15, email=" a@example.ee ", notes=" x ", trimInputData=1)
    assert erply.customers[15]["email"] == "a@example.ee"
    assert erply.customers[15]["notes"] == " x "


def test_attributes_are_added_and_replaced(call, erply):
    save(
        call,
        customerID=15,
        attributeName1="shoeSize",
        attributeType1="int",
        attributeValue1=39,
        attributeName2="newsletter",
    )
    assert erply.customers[15]["attributes"] == [
        {"attributeName": "shoeSize", "attributeType": "int", "attributeValue": "39"},
        {"attributeName": "newsletter", "attributeType": "text", "attributeValue": ""},
    ]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, (1010, "lastName")),
        ({"firstName": "", "email": "a@example.ee"}, (1010, "lastName")),
        ({"customerID": 15, "firstName": "", "lastName": ""}, (1010, "lastName")),
        ({"customerID": 20, "companyName": ""}, (1010, "companyName")),
        ({"customerID": 99999, "lastName": "X"}, (1011, "customerID")),
        ({"customerID": 15, "groupID": 0}, (1016, "groupID")),
        ({"customerID": 15, "groupID": 99}, (1011, "groupID")),
        ({"customerID": 15, "companyID": 99}, (1011, "companyID")),
        ({"customerID": 15, "birthday": "15.07.1988"}, (1014, "birthday")),
        ({"customerID": 15, "birthday": "20000102"}, (1014, "birthday")),
        ({"customerID": 15, "birthday": "2001-02-29"}, (1014, "birthday")),
        ({"customerID": 15, "gender": "other"}, (1016, "gender")),
        ({"customerID": 15, "emailOptOut": "yes"}, (1016, "emailOptOut")),
        ({"customerID": 15, "email": "ü" * 256}, (1156, "email")),
        ({"customerID": 15, "username": "gold"}, (1012, "username")),
        ({"customerID": 15, "username": "u" * 256}, (1156, "username")),
        ({"customerID": 15, "password": "Short-1"}, (1100, "password")),
        ({"customerID": 15, "password": "12345678-9"}, (1101, "password")),
        ({"customerID": 15, "password": "only-letters"}, (1102, "password")),
    ],
)
def test_what_cannot_be_saved_is_refused_and_changes_nothing(call, erply, parameters, error):
    before = {key: dict(customer) for key, customer in erply.customers.items()}
    assert call.error("saveCustomer", **{"phone": "changed", **parameters}) == error
    assert erply.customers == before


def test_a_group_of_zero_means_the_first_group_for_a_new_customer(call, erply):
    assert erply.customers[save(call, lastName="X", groupID=0)["customerID"]]["groupID"] == 1


def test_a_log_in_is_given_changed_and_taken_away(call, erply):
    customer_id = save(call, lastName="X", username="x", password="Sandbox-x-1")["customerID"]

    def codes(*credentials):
        answers = [call("verifyCustomerUser", username=u, password=p) for u, p in credentials]
        return [answer["status"]["errorCode"] for answer in answers]

    assert codes(("x", "Sandbox-x-1")) == [0]
    save(call, customerID=customer_id, username="x", password="Sandbox-x-2")
    assert codes(("x", "Sandbox-x-1"), ("x", "Sandbox-x-2")) == [1051, 0]
    save(call, customerID=customer_id, password="")
    assert codes(("x", "Sandbox-x-2")) == [0]
    save(call, customerID=customer_id, username="y")
    assert codes(("x", "Sandbox-x-2"), ("y", "Sandbox-x-2")) == [1051, 0]
    save(call, customerID=customer_id, username="")
    assert codes(("y", "Sandbox-x-2")) == [1051]
    assert call.records("validateCustomerUsername", username="y") == []


def test_a_customer_who_is_there_already_is_not_created_again(call, erply):
    given = {"firstName": "Liina", "lastName": "Lepp", "email": "lepad@example.ee"}
    count = len(erply.customers)
    assert save(call, **given, phone="1", notes="new")["alreadyExists"] is False
    twin = save(call, **given, phone="1", notes="newer")
    assert twin["alreadyExists"] is True
    assert len(erply.customers) == count + 1
    assert erply.customers[twin["customerID"]]["notes"] == "new"


def test_namesakes_without_an_address_or_code_are_two_customers(call):
    first, second = save(call, lastName="Tamm"), save(call, lastName="Tamm")
    assert first["customerID"] != second["customerID"]


def test_an_account_without_groups_saves_customers_too(call, erply):
    erply.groups.clear()
    assert erply.customers[save(call, lastName="X")["customerID"]]["groupID"] == 0


def test_a_customer_is_deleted_with_the_addresses(call, erply):
    assert call.records("deleteCustomer", customerID=15) == []
    assert 15 not in erply.customers
    assert not [one for one in erply.addresses.values() if one["ownerID"] == 15]
    assert call.error("verifyCustomerUser", username="person", password="Sandbox-person-1")


@pytest.mark.parametrize("customer_id", [20, 30])
def test_a_customer_whom_others_refer_to_is_not_deleted(call, erply, customer_id):
    assert call.error("deleteCustomer", customerID=customer_id) == (1022, "customerID")
    assert customer_id in erply.customers


def test_a_company_is_kept_while_it_employs_a_contact_person(call, erply):
    erply.customers[20]["documents"] = 0
    assert call.error("deleteCustomer", customerID=20) == (1022, "customerID")
    assert call.records("deleteCustomer", customerID=21) == []
    assert call.records("deleteCustomer", customerID=20) == []


@pytest.mark.parametrize(("customer_id", "code"), [("", 1010), ("99999", 1011), ("x", 1014)])
def test_who_is_not_there_cannot_be_deleted(call, customer_id, code):
    assert call.error("deleteCustomer", customerID=customer_id) == (code, "customerID")


def test_an_id_is_never_used_twice(call):
    first = save(call, lastName="X")["customerID"]
    call.records("deleteCustomer", customerID=first)
    assert save(call, lastName="X")["customerID"] > first
