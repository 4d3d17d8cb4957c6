"""Nobody reaches another member's address, whatever is posted along."""

from typing import Any

import pytest
from django.test import Client

from erply_auth.sandbox import Sandbox

from .support import (
    ADD,
    DELETE,
    EDIT,
    KALLE,
    MARI,
    NEW_ADDRESS,
    PROFILE,
    delete,
    edit,
    entries,
    errors,
    newest,
    only_write,
    opened,
    page,
    writes,
)

pytestmark = pytest.mark.django_db

FOREIGN = [131, 111, 121, 141, 999_999, 0, 2**63, 10**30]
FORGED: list[dict[str, str]] = [
    {},
    NEW_ADDRESS,
    NEW_ADDRESS | {"ownerID": "15", "customerID": "15", "groupID": "2"},
    NEW_ADDRESS | {"ownerID": "30", "customerID": "30", "addressID": "131"},
    {"address_id": "101", "addressID": "101", "owner_id": "30"},
    {"opened": "garbage"},
    {"opened": ""},
]


@pytest.mark.parametrize("address_id", FOREIGN)
@pytest.mark.parametrize("path", [edit, delete], ids=["edit", "delete"])
def test_a_foreign_address_is_not_found_and_no_write_leaves(
    mari: Client, erply: Sandbox, path: Any, address_id: int
) -> None:
    before = {id_: dict(one) for id_, one in erply.addresses.items()}
    since = newest()
    answers = [mari.get(path(address_id))]
    answers += [mari.post(path(address_id), posted) for posted in FORGED]
    answers.append(mari.post(f"{path(address_id)}?ownerID=30&customerID=30", NEW_ADDRESS))
    assert {answer.status_code for answer in answers} == {404}
    for answer in answers:
        assert "Kullassepa" not in page(answer)
        assert "Kuuse tee" not in page(answer)
    assert writes(erply) == []
    assert erply.addresses == before
    # What was looked for was looked for among the member's own.
    assert {(customer, outcome) for customer, _, outcome in entries(since)} == {(MARI, "failed")}
    assert {call.parameters["ownerID"] for call in erply.calls_of("getAddresses")} == {"15"}


@pytest.mark.parametrize("number", ["-1", "1e3", "0x65", "101/../131", "9" * 5000, "abc"])
def test_what_is_no_id_is_not_found(mari: Client, erply: Sandbox, number: str) -> None:
    for path in (f"/account/addresses/{number}/", f"/account/addresses/{number}/delete/"):
        assert mari.get(path).status_code == 404
        assert mari.post(path, NEW_ADDRESS).status_code == 404
    assert erply.calls == []


def test_a_token_of_another_members_address_opens_nothing(
    mari: Client, enter: Any, erply: Sandbox
) -> None:
    kalle = enter("gold")
    stolen = opened(kalle, edit(131))
    erply.calls.clear()
    for path in (edit(131), delete(131)):
        assert mari.post(path, stolen).status_code == 404
    assert writes(erply) == []


@pytest.mark.parametrize("source", ["other member", "other address", "add", "profile", "garbage"])
def test_a_token_of_another_form_is_as_good_as_none(
    mari: Client, enter: Any, erply: Sandbox, source: str
) -> None:
    """The own form's values are read anew, so that only what differs from them is a change."""
    own = opened(mari, EDIT)
    token = {
        "other member": lambda: opened(enter("gold"), edit(131))["opened"],
        "other address": lambda: opened(mari, edit(102))["opened"],
        "add": lambda: opened(mari, ADD)["opened"],
        "profile": lambda: opened(mari, PROFILE)["opened"],
        "garbage": lambda: own["opened"][:-3] + "abc",
    }[source]()
    erply.calls.clear()
    answer = mari.post(EDIT, own | {"opened": token, "city": "Võru"})
    assert answer.status_code == 302, errors(answer)
    assert only_write(erply) == {"addressID": "101", "city": "Võru"}
    assert len(erply.calls_of("getAddresses")) == 2


@pytest.mark.parametrize("token", ["", "a", "a:b:c", "é:b:c", "🦆", ":" * 50, "a" * 100_000])
def test_garbage_for_a_token_is_ignored(mari: Client, erply: Sandbox, token: str) -> None:
    for path in (PROFILE, EDIT):
        fields = opened(mari, path) | {"opened": token}
        assert mari.post(path, fields).status_code == 302
    assert writes(erply) == []
    assert mari.post(DELETE, {"opened": token}).status_code == 302
    assert only_write(erply) == {"addressID": "101"}


def test_a_token_of_another_members_profile_is_as_good_as_none(
    mari: Client, enter: Any, erply: Sandbox
) -> None:
    token = opened(enter("gold"), PROFILE)["opened"]
    own = opened(mari, PROFILE)
    answer = mari.post(PROFILE, own | {"opened": token, "phone": "+372 600 1111"})
    assert answer.status_code == 302
    assert only_write(erply) == {"customerID": "15", "phone": "+372 600 1111"}
    assert erply.customers[KALLE]["firstName"] == "Kalle"


def test_an_address_given_to_another_customer_meanwhile_is_not_found(
    mari: Client, erply: Sandbox
) -> None:
    fields, question = opened(mari, EDIT), opened(mari, DELETE)
    erply.addresses[101]["ownerID"] = KALLE
    assert mari.post(EDIT, fields | {"city": "Võru"}).status_code == 404
    assert mari.post(DELETE, question).status_code == 404
    assert writes(erply) == []


@pytest.mark.parametrize("path", [PROFILE, EDIT, DELETE, ADD, "/account/password/"])
def test_a_stranger_is_asked_to_log_in_and_nothing_is_called(erply: Sandbox, path: str) -> None:
    client = Client()
    for answer in (client.get(path), client.post(path, NEW_ADDRESS)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/login/")
    assert erply.calls == []
