"""The sandbox in Python's hands, and the sample data it starts with."""

import ast
import sys
import time
from pathlib import Path

import erply_auth.sandbox

SOURCES = sorted(Path(erply_auth.sandbox.__file__).parent.rglob("*.py"))


def test_customers_are_added_from_python(call, erply):
    customer_id = erply.add_customer(
        firstName="Anu", lastName="Aas", username="anu", password="Sandbox-anu-1"
    )
    (record,) = call.records("verifyCustomerUser", username="anu", password="Sandbox-anu-1")
    assert record["clientID"] == str(customer_id)
    assert erply.customers[customer_id]["groupID"] == 1


def test_companies_and_addresses_are_added_from_python(call, erply):
    customer_id = erply.add_customer(companyName="Uus OÜ", id=500)
    address_id = erply.add_address(ownerID=customer_id, typeID=2, street="Uus 1")
    (record,) = call.records("getCustomers", customerID=500, getAddresses=1)
    assert (record["customerType"], record["fullName"]) == ("COMPANY", "Uus OÜ")
    assert [one["addressID"] for one in record["addresses"]] == [address_id]


def test_what_is_edited_in_python_is_what_erply_answers(call, erply):
    erply.customers[15]["email"] = "new@example.ee"
    assert call.records("getCustomers", searchEmail="new@example.ee")[0]["id"] == 15


def test_members_are_those_with_a_user_name(erply):
    assert [one["webshopUsername"] for one in erply.members()] == [
        "walkin",
        "person",
        "company",
        "contact",
        "gold",
    ]


def test_the_sample_data_fits_together(erply):
    assert all(one["groupID"] in erply.groups for one in erply.customers.values())
    assert all(one["ownerID"] in erply.customers for one in erply.addresses.values())
    assert all(one["typeID"] in erply.address_types for one in erply.addresses.values())
    assert {one["parentID"] for one in erply.groups.values()} <= {0, *erply.groups}
    emails = [one["email"] for one in erply.customers.values() if one["email"]]
    assert len(emails) - len(set(emails)) == 1  # two customers share theirs
    assert erply.groups[erply.customers[30]["groupID"]]["parentID"] == 2


def test_a_reset_takes_no_time(erply):
    began = time.perf_counter()
    for _ in range(20):
        erply.reset()
    assert time.perf_counter() - began < 0.2


def test_the_sandbox_needs_the_standard_library_only():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names, path
