"""Erply's log of customer data processing."""

import pytest

LOG = "logProcessingOfCustomerData"


def entries(erply):
    return [(one.customer_id, one.activity_type, one.fields) for one in erply.processing_log]


def test_what_the_shop_logs_is_kept_per_customer(call, erply):
    erply.clock = lambda: 1_700_000_000
    call.log_in()
    answer = call.records(
        LOG,
        customerIDs="15,20",
        activityType="read",
        fields="name,email",
        description="The member opened the profile.",
        employeeID=4,
        partnerKey="key",
    )
    assert answer == []
    first, second = erply.processing_log
    assert (first.customer_id, second.customer_id) == (15, 20)
    assert (first.activity_type, first.fields) == ("read", ("name", "email"))
    assert first.description == "The member opened the profile."
    assert (first.by_erply, first.user_name, first.at) == (False, "webshop", 1_700_000_000)
    assert (first.employee_id, first.partner_key) == ("4", "key")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"activityType": "read"}, (1010, "customerIDs")),
        ({"customerIDs": "15, 20", "activityType": "read"}, (1014, "customerIDs")),
        ({"customerIDs": "15,99999", "activityType": "read"}, (1011, "customerIDs")),
        ({"customerIDs": "15"}, (1010, "activityType")),
        ({"customerIDs": "15", "activityType": "peek"}, (1016, "activityType")),
        ({"customerIDs": "15", "activityType": "read", "fields": "shoe"}, (1016, "fields")),
        (
            {"customerIDs": "15", "activityType": "read", "description": "x" * 256},
            (1156, "description"),
        ),
    ],
)
def test_what_cannot_be_logged_is_refused(call, erply, parameters, error):
    assert call.error(LOG, **parameters) == error
    assert erply.processing_log == []


def test_an_account_outside_the_eu_has_no_log(call, erply):
    erply.outside_eu = True
    assert call.error(LOG, customerIDs=15, activityType="read") == (1149, None)
    call.records("saveCustomer", customerID=15, phone="1")
    assert erply.processing_log == []


def test_erply_logs_what_the_classic_api_does_to_a_person(call, erply):
    call.log_in()
    (saved,) = call.records("saveCustomer", lastName="X", email="x@example.ee", phone="")
    customer_id = saved["customerID"]
    call.records("saveCustomer", customerID=customer_id, email="", bankName="N", bankIBAN="I")
    (address,) = call.records("saveAddress", ownerID=customer_id, typeID=1)
    call.records("saveAddress", addressID=address["addressID"], city="Y")
    call.records("deleteAddress", addressID=address["addressID"])
    call.records("deleteCustomer", customerID=customer_id)
    assert entries(erply) == [
        (customer_id, "create", ("name", "email")),
        (customer_id, "update", ("email", "bankAccount")),
        (customer_id, "create", ("address",)),
        (customer_id, "update", ("address",)),
        (customer_id, "delete", ("address",)),
        (customer_id, "delete", ("all",)),
    ]
    assert all(one.by_erply and one.user_name == "webshop" for one in erply.processing_log)


def test_erply_logs_nothing_about_companies_and_reads(call, erply):
    call.records("saveCustomer", customerID=20, phone="1")
    call.records("getCustomers", customerID=15)
    call.records("verifyCustomerUser", username="person", password="Sandbox-person-1")
    assert erply.processing_log == []


def test_a_deletion_may_be_logged_after_the_fact(call, erply):
    call.records("deleteCustomer", customerID=15)
    assert call.records(LOG, customerIDs=15, activityType="delete", fields="all") == []
    assert erply.processing_log[-1].by_erply is False
