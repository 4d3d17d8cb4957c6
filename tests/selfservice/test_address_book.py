"""The address book: list, add, edit, remove; what is sent, and what is only looked at."""

import datetime
import json
from typing import Any

import pytest
from django.test import Client

from erply_auth.connection import registry
from erply_auth.erply.errors import ErplyUnavailable, Reason
from erply_auth.sandbox import Sandbox
from tests.app.support import configure, names_called

from .support import (
    ADD,
    ADDRESSES,
    DELETE,
    EDIT,
    MARI,
    NEW_ADDRESS,
    NOTHING_CHANGED,
    delete,
    edit,
    entries,
    errors,
    form_of,
    newest,
    only_write,
    opened,
    page,
    said,
    send,
    writes,
)

pytestmark = pytest.mark.django_db

CHANGES = {
    "type_id": ("2", "typeID", "2"),
    "street": ("Võru 1", "street", "Võru 1"),
    "address2": ("2. korrus", "address2", "2. korrus"),
    "city": ("Võru", "city", "Võru"),
    "postal_code": ("65605", "postalCode", "65605"),
    "state": ("Võrumaa", "state", "Võrumaa"),
    "country": ("FI", "country", "Finland"),
}
EMPTIED = {"state": "state", "address2": "address2"}


def test_the_list_shows_every_address_with_its_type_and_how_to_change_it(mari: Client) -> None:
    text = page(mari.get(ADDRESSES))
    for id_, words in (
        (101, ("Registered address", "Näituse 7-3", "50409 Tartu", "Tartumaa", "Estonia")),
        (102, ("Delivery address", "Pärnu mnt 15")),
        (103, ("Summer cottage", "Mere tee 2")),
    ):
        assert edit(id_) in text
        assert delete(id_) in text
        for word in words:
            assert word in text
    assert "Kuuse tee" not in text


def test_an_empty_book_says_so(mari: Client, erply: Sandbox) -> None:
    erply.addresses.clear()
    assert "There is no address yet." in page(mari.get(ADDRESSES))


@pytest.mark.parametrize("name", CHANGES)
def test_a_field_changed_alone_is_the_only_parameter_beside_the_id(
    mari: Client, erply: Sandbox, name: str
) -> None:
    value, word, stored = CHANGES[name]
    since = newest()
    answer = send(mari, EDIT, **{name: value})
    assert answer.status_code == 302, errors(answer)
    assert only_write(erply) == {"addressID": "101", word: stored}
    assert entries(since)[1:] == [(MARI, "update", "done")]


@pytest.mark.parametrize("name", EMPTIED)
def test_a_field_emptied_alone_is_sent_empty(mari: Client, erply: Sandbox, name: str) -> None:
    erply.addresses[101][name] = "something"
    assert send(mari, EDIT, **{name: ""}).status_code == 302
    assert only_write(erply) == {"addressID": "101", name: ""}


@pytest.mark.parametrize("address_id", [101, 102, 103])
@pytest.mark.parametrize("with_token", [True, False])
def test_nothing_changed_sends_nothing_and_says_so(
    mari: Client, erply: Sandbox, address_id: int, with_token: bool
) -> None:
    fields = opened(mari, edit(address_id))
    if not with_token:
        del fields["opened"]
    since = newest()
    answer = mari.post(edit(address_id), fields)
    assert [entry[1] for entry in entries(since)] == ([] if with_token else ["read"])
    assert NOTHING_CHANGED in said(mari, answer)
    assert writes(erply) == []


FORGED = {
    "ownerID": "30",
    "owner_id": "30",
    "customerID": "30",
    "addressID": "131",
    "address_id": "131",
    "groupID": "3",
    "typeID": "4",
    "typeName": "x",
    "id": "131",
}


def test_what_the_form_does_not_own_is_ignored(mari: Client, erply: Sandbox) -> None:
    assert NOTHING_CHANGED in said(mari, send(mari, EDIT, **FORGED))
    send(mari, EDIT, city="Võru", **FORGED)
    assert only_write(erply) == {"addressID": "101", "city": "Võru"}
    erply.calls.clear()
    send(mari, ADD, **NEW_ADDRESS, **FORGED)
    assert only_write(erply)["ownerID"] == "15"
    erply.calls.clear()
    send(mari, DELETE, **FORGED)
    assert only_write(erply) == {"addressID": "101"}


def test_an_address_is_added_with_what_was_filled_in(mari: Client, erply: Sandbox) -> None:
    since = newest()
    answer = send(mari, ADD, **NEW_ADDRESS)
    assert only_write(erply) == {
        "ownerID": "15",
        "typeID": "2",
        "street": "Jüri 12",
        "city": "Võru",
        "postalCode": "65605",
        "country": "Estonia",
    }
    assert entries(since) == [(MARI, "create", "done")]
    assert "Jüri 12" in said(mari, answer)


def test_an_address_is_removed_after_a_question(mari: Client, erply: Sandbox) -> None:
    question = page(mari.get(DELETE))
    assert "Näituse 7-3" in question
    assert "Estonia" in question
    since = newest()
    answer = send(mari, DELETE)
    assert only_write(erply) == {"addressID": "101"}
    assert entries(since)[1:] == [(MARI, "delete", "done")]
    text = said(mari, answer)
    assert "The address is removed." in text
    assert "Näituse" not in text


@pytest.mark.parametrize(
    "other",
    [{}, {"street": "jüri 12", "city": "VÕRU"}, {"country": "Eesti"}, {"street": " Jüri 12\r\n"}],
)
def test_the_same_address_twice_is_noticed(
    mari: Client, erply: Sandbox, other: dict[str, str]
) -> None:
    send(mari, ADD, **NEW_ADDRESS)
    erply.calls.clear()
    since = newest()
    answer = send(mari, ADD, **NEW_ADDRESS | other)
    assert errors(answer) == {"__all__": "This address is in your address book already."}
    assert form_of(answer).fields["city"].casefold() == "võru"
    assert entries(since) == [(MARI, "create", "failed")]
    assert writes(erply) == []


def test_an_address_that_differs_in_one_thing_is_another(mari: Client, erply: Sandbox) -> None:
    send(mari, ADD, **NEW_ADDRESS)
    for other in ({"type_id": "3"}, {"street": "Jüri 13"}, {"address2": "3"}):
        assert send(mari, ADD, **NEW_ADDRESS | other).status_code == 302
    assert len(erply.addresses) == 9 + 4


def test_types_come_in_the_members_language(mari: Client, erply: Sandbox, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("et", "eesti"), ("fr", "français")]
    for language, name in (("et", "Tarneaadress"), ("en", "Delivery address"), ("fr", "Delivery")):
        answer = mari.get(ADD, headers={"Accept-Language": language})
        assert name in form_of(answer).choices["type_id"]["2"]
    asked = [call.parameters.get("lang") for call in erply.calls_of("getAddressTypes")]
    assert asked == ["est", "eng", None]


@pytest.mark.parametrize(
    ("language", "word"),
    [("et", "est"), ("en-gb", "eng"), ("de", "ger"), ("el", "gre"), ("est", "est"), ("fr", None)],
)
def test_erply_is_asked_in_its_own_word_for_a_language(
    erply: Sandbox, language: str, word: str | None
) -> None:
    registry().address_types(language)
    assert erply.calls_of("getAddressTypes")[0].parameters.get("lang") == word


def test_types_out_of_use_are_not_offered_and_kept_where_they_are(
    mari: Client, erply: Sandbox
) -> None:
    assert list(form_of(mari.get(ADD)).choices["type_id"]) == ["1", "2", "3"]
    assert list(form_of(mari.get(EDIT)).choices["type_id"]) == ["1", "2", "3"]
    old = form_of(mari.get(edit(103)))
    assert (old.fields["type_id"], list(old.choices["type_id"])) == ("4", ["1", "2", "3", "4"])
    assert send(mari, edit(103), city="Võsu").status_code == 302
    assert only_write(erply) == {"addressID": "103", "city": "Võsu"}
    assert list(errors(send(mari, ADD, **NEW_ADDRESS | {"type_id": "4"}))) == ["type_id"]
    assert list(errors(send(mari, EDIT, type_id="4"))) == ["type_id"]


@pytest.mark.parametrize("type_id", [0, 99])
def test_a_type_that_is_not_in_the_list_is_kept_unless_another_is_chosen(
    mari: Client, erply: Sandbox, type_id: int
) -> None:
    erply.addresses[101]["typeID"] = type_id
    assert send(mari, EDIT, city="Võru").status_code == 302
    assert only_write(erply) == {"addressID": "101", "city": "Võru"}
    assert erply.addresses[101]["typeID"] == type_id
    erply.calls.clear()
    assert send(mari, EDIT, type_id="3").status_code == 302
    assert only_write(erply) == {"addressID": "101", "typeID": "3"}


def test_a_line_break_taken_out_of_the_street_is_a_change(mari: Client, erply: Sandbox) -> None:
    erply.addresses[101]["street"] = "Näituse\r\n7-3"
    assert NOTHING_CHANGED in said(mari, send(mari, EDIT))
    assert send(mari, EDIT, street="Näituse7-3").status_code == 302
    assert only_write(erply) == {"addressID": "101", "street": "Näituse7-3"}


def test_more_than_a_hundred_addresses_are_all_there(mari: Client, erply: Sandbox) -> None:
    for number in range(250):
        erply.add_address(ownerID=MARI, typeID=1, street=f"Street {number}", country="Estonia")
    last = max(erply.addresses)
    assert mari.get(edit(last)).status_code == 200
    pages = [call.parameters["pageNo"] for call in erply.calls_of("getAddresses")]
    assert pages == ["1", "2", "3"]
    assert page(mari.get(ADDRESSES)).count("<address>") == 253


def test_exactly_a_hundred_addresses_are_all_there_once(mari: Client, erply: Sandbox) -> None:
    for number in range(97):
        erply.add_address(ownerID=MARI, typeID=1, street=f"Street {number}")
    assert len(registry().addresses(MARI)) == 100


def test_pages_that_never_end_are_left(erply: Sandbox, settings: Any) -> None:
    """What stands in Erply's place and knows no pages would eat the whole quota."""
    rows = [{"addressID": number, "ownerID": MARI} for number in range(1, 101)]
    status = {"responseStatus": "ok", "errorCode": 0}
    erply.fault(
        "not_json", calls="getAddresses", body=json.dumps({"status": status, "records": rows})
    )
    assert len(registry().addresses(MARI)) == 100
    assert len(erply.calls_of("getAddresses")) == 2


@pytest.mark.parametrize("path", [EDIT, DELETE])
def test_a_foreign_owner_in_the_answer_is_refused(mari: Client, erply: Sandbox, path: str) -> None:
    class Twofaced(dict[str, Any]):
        """Found as Mari's, answered as somebody else's."""

        looked_up = 0

        def __getitem__(self, key: str) -> Any:
            if key == "ownerID":
                self.looked_up += 1
                return MARI if self.looked_up % 2 else 30
            return super().__getitem__(key)

    erply.addresses[101] = Twofaced(erply.addresses[101])
    with pytest.raises(ErplyUnavailable) as raised:
        registry().addresses(MARI)
    assert raised.value.reason == Reason.GARBLED
    erply.addresses[101] = Twofaced(erply.addresses[101])
    answer = mari.get(path)
    assert answer.status_code == 503
    assert "Näituse" not in page(answer)
    erply.addresses[101] = Twofaced(erply.addresses[101])
    assert mari.post(path, NEW_ADDRESS).status_code == 503
    assert writes(erply) == []


def test_a_removal_sent_twice_finds_nothing_the_second_time(mari: Client, erply: Sandbox) -> None:
    fields = opened(mari, DELETE)
    assert [mari.post(DELETE, fields).status_code for _ in range(2)] == [302, 404]
    assert len(writes(erply)) == 1


def test_the_shops_country_is_chosen_already(mari: Client, settings: Any) -> None:
    assert opened(mari, ADD)["country"] == ""
    configure(settings, COUNTRY="LV")
    assert opened(mari, ADD)["country"] == "LV"


def test_without_any_type_in_use_nothing_can_be_added_and_nothing_breaks(
    mari: Client, erply: Sandbox
) -> None:
    for kind in erply.address_types.values():
        kind["activelyUsed"] = 0
    assert mari.get(ADD).status_code == 200
    assert "type_id" in errors(mari.post(ADD, NEW_ADDRESS))
    assert writes(erply) == []


def test_calls_are_as_few_as_can_be(mari: Client, erply: Sandbox) -> None:
    mari.get(ADD)
    erply.calls.clear()
    fields = opened(mari, ADD)
    assert names_called(erply) == []
    mari.post(ADD, fields | NEW_ADDRESS)
    assert names_called(erply) == ["getAddresses", "saveAddress"]
    for path, write in ((EDIT, "saveAddress"), (DELETE, "deleteAddress")):
        erply.calls.clear()
        fields = opened(mari, path)
        assert names_called(erply) == ["getAddresses"]
        mari.post(path, fields | {"city": "Võru"})
        assert names_called(erply) == ["getAddresses", "getAddresses", write]


def test_the_age_of_a_list_is_none_when_it_is_fresh(mari: Client) -> None:
    answer = mari.get(ADDRESSES)
    assert not answer.context["book"].outdated
    age = datetime.datetime.now(tz=datetime.UTC) - answer.context["book"].read_at
    assert age < datetime.timedelta(minutes=1)
