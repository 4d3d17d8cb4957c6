import decimal
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from erply_auth.erply.errors import (
    CredentialsRejected,
    ErplyError,
    ErplyUnavailable,
    FieldRejected,
    Reason,
    RecordNotFound,
)
from erply_auth.erply.registry import CustomerRegistry
from erply_auth.sandbox import Sandbox

from .support import LOGGED_IN, Client, answering, client, envelope, form, http, ok


def registry_answering(*records: Any) -> Any:
    return answering(LOGGED_IN, *(ok(*of_one) for of_one in records))


def test_the_right_pair_says_who_it_is(shop: Client) -> None:
    identity = shop.registry.verify_credentials("person", "Sandbox-person-1")
    assert (identity.customer_id, identity.username, identity.name) == (
        15,
        "person",
        "Mari Maasikas",
    )
    assert (identity.group_id, identity.group_name) == (2, "Members")
    assert (identity.company_id, identity.company_name) == (0, "")


def test_a_contact_person_belongs_to_a_company(shop: Client) -> None:
    identity = shop.registry.verify_credentials("contact", "Sandbox-contact-1")
    assert (identity.customer_id, identity.company_id) == (21, 20)
    assert identity.company_name == "Kuuse Aiakaubad OÜ"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("person", "wrong"),
        ("nobody", "x"),
        ("", ""),
        ("person", ""),
        ("webshop", "webshop-sandbox"),
    ],
)
def test_another_pair_is_rejected(shop: Client, username: str, password: str) -> None:
    with pytest.raises(CredentialsRejected):
        shop.registry.verify_credentials(username, password)


def test_a_member_s_pair_is_not_the_api_user_s(erply: Sandbox) -> None:
    with (
        client(erply, username="person", password="Sandbox-person-1") as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.registry.verify_credentials("person", "Sandbox-person-1")
    assert caught.value.reason is Reason.API_USER


def test_a_card_is_one_call(erply: Sandbox, shop: Client) -> None:
    card = shop.registry.card(15)
    assert len(erply.calls) == 2
    assert (card.customer.name, card.customer.birthday) == ("Mari Maasikas", date(1988, 7, 15))
    assert (card.customer.username, card.customer.card_number) == ("person", "3720000000158")
    assert card.balance.owed == decimal.Decimal("-12.5")
    assert [address.city for address in card.addresses] == ["Tartu", "Tallinn", "Käsmu"]
    assert [address.type_id for address in card.addresses] == [1, 2, 4]


def test_a_company_s_card_has_contacts_and_no_birthday(shop: Client) -> None:
    card = shop.registry.card(20)
    assert card.customer.is_company
    assert card.customer.birthday is None
    assert len(card.customer.emails) == 2
    assert [(contact.customer_id, contact.name) for contact in card.contacts] == [
        (21, "Peeter Pärn")
    ]


def test_a_contact_person_s_card_is_found_as_well(shop: Client) -> None:
    card = shop.registry.card(21)
    assert (card.customer.company_id, card.customer.employer_name) == (20, "Kuuse Aiakaubad OÜ")


def test_the_walk_in_customer_s_card_says_so(shop: Client) -> None:
    assert shop.registry.card(1).customer.is_default
    assert not shop.registry.card(15).customer.is_default


def test_a_customer_who_is_not_there_is_not_found(shop: Client) -> None:
    with pytest.raises(RecordNotFound):
        shop.registry.card(4711)


@pytest.mark.parametrize(
    "records", [[{"customerID": 16}], [{"id": 16}], [{"customerID": 16}, {"customerID": 15}]]
)
def test_another_customer_s_card_is_nobody_s(records: list[dict[str, Any]]) -> None:
    with (
        registry_answering(records) as erply,
        client(erply) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.registry.card(15)
    assert (caught.value.call, caught.value.reason) == ("getCustomers", Reason.GARBLED)


def test_a_card_without_an_id_is_garbled() -> None:
    with registry_answering([{"fullName": "x"}]) as erply, client(erply) as made:
        with pytest.raises(ErplyUnavailable) as caught:
            made.registry.card(15)
        assert caught.value.reason is Reason.GARBLED


def test_a_user_name_is_free_or_taken(shop: Client) -> None:
    assert shop.registry.username_is_free("somebody-new")
    assert not shop.registry.username_is_free("person")


def test_a_user_name_that_cannot_be_one_is_neither(shop: Client) -> None:
    with pytest.raises(FieldRejected) as caught:
        shop.registry.username_is_free("")
    assert caught.value.code == 1010


def test_without_erply_nobody_knows_whether_a_user_name_is_free(
    erply: Sandbox, shop: Client
) -> None:
    erply.fault("error", calls="validateCustomerUsername", code=1002)
    with pytest.raises(ErplyUnavailable):
        shop.registry.username_is_free("person")


def test_the_crm_api_is_where_the_account_says(erply: Sandbox, shop: Client) -> None:
    assert shop.registry.crm_url() == erply.crm_url
    assert [call.name for call in erply.calls] == ["getServiceEndpoints"]


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{}],
        [{"crm": None}],
        [{"crm": "https://x/"}],
        [{"crm": {"url": ""}}],
        [{"pim": {"url": "https://x/"}}],
    ],
)
def test_an_account_may_name_no_crm_api(records: list[Any]) -> None:
    with answering(ok(*records)) as erply, client(erply) as made:
        assert made.registry.crm_url() == ""


@pytest.mark.parametrize(
    "url", ["http://crm.example/", "https://a:b@crm.example/", ["https://x/"], "crm"]
)
def test_a_crm_address_that_secrets_must_not_travel_to_is_refused(url: Any) -> None:
    with (
        answering(ok({"crm": {"url": url}})) as erply,
        client(erply) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        made.registry.crm_url()
    assert caught.value.reason is Reason.GARBLED


def test_an_operator_can_try_every_right_without_reading_anybody(
    erply: Sandbox, shop: Client
) -> None:
    for attempt in CHECKS:
        getattr(shop.registry, attempt)()
    assert all("Maasikas" not in str(call.parameters) for call in erply.calls)
    assert not [entry for entry in erply.processing_log if entry.customer_id in erply.customers]


CHECKS = {
    "api_user_is_accepted": ("verifyUser", 1051, Reason.API_USER),
    "may_read_customers": ("getCustomers", 1060, Reason.RIGHTS),
    "may_verify_customers": ("verifyCustomerUser", 1060, Reason.RIGHTS),
    "may_log_processing": ("logProcessingOfCustomerData", 1149, Reason.OUTSIDE_EU),
}


@pytest.mark.parametrize(("attempt", "expected"), CHECKS.items())
def test_an_operator_learns_what_is_missing(
    erply: Sandbox, shop: Client, attempt: str, expected: tuple[str, int, Reason]
) -> None:
    call, code, reason = expected
    shop.registry.groups()
    erply.fault("error", calls=call, code=code)
    with pytest.raises(ErplyError) as caught:
        getattr(shop.registry, attempt)()
    assert isinstance(caught.value, ErplyUnavailable)
    assert caught.value.reason is reason


def test_the_api_user_is_tried_although_there_is_a_key(erply: Sandbox, shop: Client) -> None:
    shop.registry.groups()
    shop.registry.api_user_is_accepted()
    assert len(erply.calls_of("verifyUser")) == 2


@pytest.mark.parametrize("answer", [ok(), http(envelope(code=1011, field="customerIDs"))])
def test_a_log_that_knows_the_customer_is_not_there_is_one(answer: bytes) -> None:
    with answering(LOGGED_IN, answer) as erply, client(erply) as made:
        made.registry.may_log_processing()
        assert form(erply.requests[1])["activityType"] == "read"


def test_accidental_knowledge_of_the_checks_own_pair_is_granted(
    erply: Sandbox, shop: Client
) -> None:
    erply.add_customer(username="erply-check", password="erply-check", firstName="Odd")
    shop.registry.may_verify_customers()


READS: dict[str, Callable[[CustomerRegistry], object]] = {
    "getCustomers": lambda registry: registry.card(15),
    "getAddresses": lambda registry: registry.addresses(15),
    "getCustomerGroups": lambda registry: registry.groups(),
    "getAddressTypes": lambda registry: registry.address_types("et"),
    "getDefaultCustomer": lambda registry: registry.walk_in_ids(),
}


@pytest.mark.parametrize("tills", [(), (3,)])
@pytest.mark.parametrize(("name", "read"), READS.items(), ids=READS)
def test_a_read_that_erply_rejects_is_nothing_a_member_could_mend(
    erply: Sandbox, name: str, read: Callable[[CustomerRegistry], object], tills: tuple[int, ...]
) -> None:
    erply.fault("error", calls=name, code=1016, field="lang")
    with (
        client(erply, points_of_sale=tills) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        read(made.registry)
    error = caught.value
    assert (error.call, error.code, error.field) == (name, 1016, "lang")
    assert error.reason is Reason.REQUEST


def test_a_server_that_answers_every_page_with_the_first_is_not_asked_for_ever() -> None:
    page = [{"addressID": number, "ownerID": 44} for number in range(1, 101)]
    with registry_answering(page) as erply, client(erply) as made:
        assert len(made.registry.addresses(44)) == 100
        assert len(erply.requests) == 3
