from typing import Any

import pytest

from erply_auth.erply.errors import (
    ErplyUnavailable,
    FieldRejected,
    PasswordRefused,
    Reason,
    RecordInUse,
    RecordNotFound,
)
from erply_auth.erply.records import Customer
from erply_auth.sandbox import Sandbox

from .support import LOGGED_IN, Client, answering, client, ok

ADDRESS = {
    "type_id": "2",
    "street": "Aia 1 & 2",
    "city": "Võru",
    "postal_code": "65601",
    "country": "Estonia",
}


def customer(shop: Client, customer_id: int) -> Customer:
    return shop.registry.card(customer_id).customer


def sent(erply: Sandbox, name: str) -> dict[str, str]:
    call = erply.calls_of(name)[-1]
    common = {"request", "clientCode", "sessionKey", "version", "sendContentType"}
    return {key: value for key, value in call.parameters.items() if key not in common}


def test_just_what_changed_is_sent(erply: Sandbox, shop: Client) -> None:
    shop.registry.update_customer(
        customer(shop, 15), {"phone": "+372 5", "birthday": "", "email_opt_out": "1"}
    )
    assert sent(erply, "saveCustomer") == {
        "customerID": "15",
        "phone": "+372 5",
        "birthday": "",
        "emailOptOut": "1",
    }
    assert shop.registry.card(15).customer.phone == "+372 5"
    assert shop.registry.card(15).customer.first_name == "Mari"


@pytest.mark.parametrize(
    ("code", "field", "kind", "own"),
    [
        (1012, "username", FieldRejected, "username"),
        (1014, "birthday", FieldRejected, "birthday"),
        (1156, "vatNumber", FieldRejected, "vat_number"),
        (1100, "password", PasswordRefused, "password"),
        (1016, "groupID", FieldRejected, ""),
        (1015, "", FieldRejected, ""),
        (1011, "customerID", RecordNotFound, "customerID"),
        (1011, "email", FieldRejected, "email"),
    ],
)
def test_a_field_that_erply_blames_goes_by_our_name(
    erply: Sandbox, shop: Client, code: int, field: Any, kind: type[Exception], own: str
) -> None:
    erply.fault("error", calls="saveCustomer", code=code, field=field)
    mari = customer(shop, 15)
    with pytest.raises(kind) as caught:
        shop.registry.update_customer(mari, {"phone": "1"})
    assert type(caught.value) is kind
    assert (caught.value.field, caught.value.code) == (own, code)


def test_a_customer_is_deleted_unless_documents_refer_to_them(erply: Sandbox, shop: Client) -> None:
    gone, in_use = customer(shop, 44), customer(shop, 30)
    shop.registry.delete_customer(gone)
    assert 44 not in erply.customers
    with pytest.raises(RecordNotFound):
        shop.registry.delete_customer(gone)
    with pytest.raises(RecordInUse):
        shop.registry.delete_customer(in_use)


def test_addresses_are_added_changed_and_deleted(erply: Sandbox, shop: Client) -> None:
    address_id = shop.registry.add_address(44, ADDRESS)
    shop.registry.update_address(address_id, {"city": "Valga"})
    assert sent(erply, "saveAddress") == {"addressID": str(address_id), "city": "Valga"}
    (address,) = shop.registry.addresses(44)
    assert (address.address_id, address.street, address.city) == (address_id, "Aia 1 & 2", "Valga")
    shop.registry.delete_address(address_id)
    assert shop.registry.addresses(44) == ()
    with pytest.raises(RecordNotFound):
        shop.registry.delete_address(address_id)


def test_an_address_of_a_type_that_is_not_there_blames_the_type(shop: Client) -> None:
    with pytest.raises(FieldRejected) as caught:
        shop.registry.add_address(44, {**ADDRESS, "type_id": "99"})
    assert caught.value.field == "type_id"


def test_more_addresses_than_a_page_holds_are_all_there(erply: Sandbox, shop: Client) -> None:
    ids = [erply.add_address(ownerID=44, typeID=2, street=f"Aia {number}") for number in range(201)]
    assert [address.address_id for address in shop.registry.addresses(44)] == ids
    assert len(erply.calls_of("getAddresses")) == 3


@pytest.mark.parametrize("owner", [{"ownerID": 15}, {"ownerID": ""}, {}])
def test_another_customer_s_address_is_nobody_s(owner: dict[str, Any]) -> None:
    with (
        answering(LOGGED_IN, ok({"addressID": 1, "typeID": 1, **owner})) as erply,
        client(erply) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.registry.addresses(44)
    assert caught.value.reason is Reason.GARBLED


def test_a_new_group_is_seen_at_once(shop: Client) -> None:
    before = len(shop.registry.groups())
    group_id = shop.registry.add_group("Püsikliendid & Co")
    assert shop.registry.group_path(group_id)[0].name == "Püsikliendid & Co"
    assert len(shop.registry.groups()) == before + 1


@pytest.mark.parametrize("records", [[], [{}], [{"addressID": 0}], [{"addressID": "new"}]])
def test_a_save_that_names_no_id_cannot_be_told_from_none(records: list[dict[str, Any]]) -> None:
    with (
        answering(LOGGED_IN, ok(*records)) as erply,
        client(erply) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.registry.add_address(44, ADDRESS)
    assert caught.value.reason is Reason.GARBLED
