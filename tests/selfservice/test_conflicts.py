"""Nothing overwritten unseen: what changed in Erply while the form was open."""

import uuid
from typing import Any

import pytest
from django.test import Client

from erply_auth.sandbox import Sandbox

from .support import (
    DELETE,
    EDIT,
    MARI,
    PROFILE,
    again,
    entries,
    errors,
    form_of,
    newest,
    only_write,
    opened,
    page,
    send,
    writes,
)

pytestmark = pytest.mark.django_db


def test_a_field_changed_here_and_there_shows_both_and_asks(mari: Client, erply: Sandbox) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI]["phone"] = "+372 600 2222"
    since = newest()
    answer = mari.post(PROFILE, fields | {"phone": "+372 600 1111"})
    assert answer.status_code == 200
    assert errors(answer) == {"phone": "This was changed meanwhile. It is now: +372 600 2222"}
    assert form_of(answer).fields["phone"] == "+372 600 1111"
    assert entries(since) == [(MARI, "update", "failed")]
    assert writes(erply) == []
    assert again(mari, PROFILE, answer).status_code == 302
    assert only_write(erply) == {"customerID": "15", "phone": "+372 600 1111"}


def test_asking_once_is_not_enough_when_it_changes_again(mari: Client, erply: Sandbox) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI]["phone"] = "+372 600 2222"
    answer = mari.post(PROFILE, fields | {"phone": "+372 600 1111"})
    erply.customers[MARI]["phone"] = "+372 600 3333"
    answer = again(mari, PROFILE, answer)
    assert "+372 600 3333" in errors(answer)["phone"]
    assert writes(erply) == []


def test_the_same_value_meanwhile_is_nothing_to_ask(mari: Client, erply: Sandbox) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI]["phone"] = "+372 600 1111"
    assert mari.post(PROFILE, fields | {"phone": "+372 600 1111"}).status_code == 302
    assert writes(erply) == []


def test_a_field_that_the_member_left_alone_is_left_alone(mari: Client, erply: Sandbox) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI]["lastName"] = "Mets"
    assert mari.post(PROFILE, fields | {"phone": "+372 600 1111"}).status_code == 302
    assert only_write(erply) == {"customerID": "15", "phone": "+372 600 1111"}
    assert erply.customers[MARI]["lastName"] == "Mets"


def test_sending_knowingly_overwrites_no_other_field(mari: Client, erply: Sandbox) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI] |= {"phone": "1", "lastName": "Mets", "emailOptOut": 1, "gender": ""}
    answer = mari.post(PROFILE, fields | {"phone": "+372 600 1111"})
    assert list(errors(answer)) == ["phone"]
    shown = form_of(answer).fields
    assert (shown["last_name"], shown["gender"], "email_opt_out" in shown) == ("Mets", "", True)
    assert again(mari, PROFILE, answer).status_code == 302
    assert only_write(erply) == {"customerID": "15", "phone": "+372 600 1111"}


def test_a_box_ticked_there_stays_what_the_member_makes_of_it(enter: Any, erply: Sandbox) -> None:
    kalle = enter("gold")
    fields = opened(kalle, PROFILE)
    erply.customers[30] |= {"emailOptOut": 0, "phone": "1"}
    answer = kalle.post(PROFILE, fields | {"phone": "+372 600 1111"})
    assert "email_opt_out" not in form_of(answer).fields
    again(kalle, PROFILE, answer)
    assert only_write(erply) == {"customerID": "30", "phone": "+372 600 1111"}


@pytest.mark.parametrize(
    ("word", "meanwhile", "name", "typed", "now"),
    [
        ("birthday", "1970-01-01", "birthday", "1980-02-02", "1970-01-01"),
        ("gender", "male", "gender", "", "male"),
        ("gender", "", "gender", "male", "not said"),
        ("mobile", "", "mobile", "+372 5500 1111", "nothing"),
        ("firstName", "<b>Mia</b>", "first_name", "Maria", "&lt;b&gt;Mia&lt;/b&gt;"),
    ],
)
def test_what_is_there_now_is_said_in_words(
    mari: Client, erply: Sandbox, word: str, meanwhile: str, name: str, typed: str, now: str
) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI][word] = meanwhile
    answer = mari.post(PROFILE, fields | {name: typed})
    assert f"It is now: {now}" in page(answer)


def test_a_box_changed_on_both_sides_agrees(mari: Client, erply: Sandbox) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI]["emailOptOut"] = 1
    assert mari.post(PROFILE, fields | {"email_opt_out": "on"}).status_code == 302
    assert writes(erply) == []


def test_a_person_who_became_a_company_meanwhile_is_asked_again(
    mari: Client, erply: Sandbox
) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI] |= {"customerType": "COMPANY", "companyName": "Maasikas OÜ"}
    answer = mari.post(PROFILE, fields | {"first_name": "Maria"})
    assert answer.status_code == 200
    assert "first_name" in errors(answer)
    assert writes(erply) == []
    assert form_of(mari.get(PROFILE)).fields["company_name"] == "Maasikas OÜ"


def test_an_email_changed_meanwhile_asks_before_the_password_is_tried(
    mari: Client, erply: Sandbox
) -> None:
    fields = opened(mari, PROFILE)
    erply.customers[MARI]["email"] = "shop@knows.example"
    answer = mari.post(
        PROFILE, fields | {"email": "new@mari.example", "current_password": "Sandbox-person-1"}
    )
    assert "shop@knows.example" in errors(answer)["email"]
    assert erply.calls_of("verifyCustomerUser") == []
    answer = again(mari, PROFILE, answer, current_password="Sandbox-person-1")
    assert answer.status_code == 302
    assert erply.customers[MARI]["email"] == "new@mari.example"


def test_an_address_changed_here_and_there_shows_both_and_asks(
    mari: Client, erply: Sandbox
) -> None:
    fields = opened(mari, EDIT)
    erply.addresses[101] |= {"street": "Poe 1", "typeID": 3, "country": "Finland"}
    answer = mari.post(EDIT, fields | {"street": "Minu 2", "type_id": "2"})
    assert errors(answer) == {
        "street": "This was changed meanwhile. It is now: Poe 1",
        "type_id": "This was changed meanwhile. It is now: Billing address",
    }
    assert form_of(answer).fields["country"] == "FI"
    assert writes(erply) == []
    assert again(mari, EDIT, answer).status_code == 302
    assert only_write(erply) == {"addressID": "101", "street": "Minu 2", "typeID": "2"}
    assert erply.addresses[101]["country"] == "Finland"


def test_an_address_is_not_removed_for_another_that_it_has_become(
    mari: Client, erply: Sandbox
) -> None:
    fields = opened(mari, DELETE)
    erply.addresses[101]["street"] = "Uus 99"
    since = newest()
    answer = mari.post(DELETE, fields)
    assert answer.status_code == 200
    assert "changed meanwhile" in errors(answer)["__all__"]
    assert "Uus 99" in page(answer)
    assert entries(since) == [(MARI, "delete", "failed")]
    assert writes(erply) == []
    assert again(mari, DELETE, answer).status_code == 302
    assert 101 not in erply.addresses


def test_an_address_is_removed_by_a_post_that_does_not_say_what_it_saw(
    mari: Client, erply: Sandbox
) -> None:
    assert mari.post(DELETE).status_code == 302
    assert 101 not in erply.addresses


def test_the_form_that_comes_back_for_an_outage_still_knows_what_it_was_opened_on(
    mari: Client, erply: Sandbox
) -> None:
    for path, table, id_, word, name, mine in (
        (PROFILE, erply.customers, MARI, "lastName", "last_name", {"phone": "+372 600 1111"}),
        (EDIT, erply.addresses, 101, "city", "city", {"street": "Minu 2"}),
    ):
        fields = opened(mari, path)
        table[id_][word] = "Meanwhile"
        erply.fault("error", code=1000, calls=["getCustomers", "getAddresses"])
        answer = mari.post(path, fields | mine)
        assert answer.status_code == 503
        erply.clear_faults()
        assert again(mari, path, answer).status_code == 302
        assert table[id_][word] == "Meanwhile", name


def test_a_form_that_comes_back_without_the_types_still_knows_it_too(
    mari: Client, erply: Sandbox, settings: Any
) -> None:
    fields = opened(mari, EDIT)
    erply.addresses[101]["city"] = "Meanwhile"
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": uuid.uuid4().hex}}
    erply.fault("error", code=1000, calls="getAddressTypes")
    answer = mari.post(EDIT, fields | {"street": "Minu 2", "type_id": "2"})
    assert answer.status_code == 503
    assert form_of(answer).fields["type_id"] == "2"
    erply.clear_faults()
    assert again(mari, EDIT, answer).status_code == 302
    assert only_write(erply) == {"addressID": "101", "street": "Minu 2", "typeID": "2"}


def test_each_page_sent_as_it_was_opened_changes_nothing(mari: Client, erply: Sandbox) -> None:
    for path in (PROFILE, EDIT):
        assert send(mari, path).status_code == 302
    assert writes(erply) == []
