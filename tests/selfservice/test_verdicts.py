"""Erply's no, at the form field that it is about."""

import pytest
from django.test import Client

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox

from .support import (
    ADD,
    DELETE,
    EDIT,
    MARI,
    NEW_ADDRESS,
    PROFILE,
    entries,
    errors,
    form_of,
    newest,
    page,
    send,
)

pytestmark = pytest.mark.django_db

VERDICTS = [
    (1010, "firstName", "first_name"),
    (1012, "email", "email"),
    (1014, "birthday", "birthday"),
    (1016, "gender", "gender"),
    (1156, "phone", "phone"),
    (1011, "mobile", "mobile"),
    (1015, "emailOptOut", "email_opt_out"),
    (1016, "groupID", "__all__"),
    (1016, "username", "__all__"),
    (1014, "customerID", "__all__"),
    (1016, "", "__all__"),
    (1016, "<script>", "__all__"),
    (1022, "customerID", "__all__"),
]


@pytest.mark.parametrize(("code", "blamed", "name"), VERDICTS)
def test_what_erply_blames_in_a_profile_is_blamed_on_the_page(
    mari: Client, erply: Sandbox, code: int, blamed: str, name: str
) -> None:
    erply.fault("error", code=code, field=blamed, calls="saveCustomer")
    answer = send(mari, PROFILE, last_name="Mets")
    assert answer.status_code == 200
    assert list(errors(answer)) == [name]
    assert form_of(answer).fields["last_name"] == "Mets"
    assert entries()[-1] == (MARI, "update", "failed")


def test_a_name_that_erply_refuses_is_not_the_members(mari: Client, erply: Sandbox) -> None:
    erply.fault("error", code=1016, field="firstName", calls="saveCustomer")
    assert list(errors(send(mari, PROFILE, first_name="Maria"))) == ["first_name"]
    assert Member.objects.get(customer_id=MARI).name == "Mari Maasikas"


@pytest.mark.parametrize(
    ("code", "blamed", "name"),
    [
        (1010, "street", "street"),
        (1156, "city", "city"),
        (1014, "postalCode", "postal_code"),
        (1016, "country", "country"),
        (1011, "typeID", "type_id"),
        (1016, "state", "state"),
        (1016, "address2", "address2"),
        (1016, "ownerID", "__all__"),
        (1016, "attributes", "__all__"),
        (1015, "", "__all__"),
        (1022, "addressID", "__all__"),
    ],
)
@pytest.mark.parametrize("path", [ADD, EDIT])
def test_what_erply_blames_in_an_address_is_blamed_on_the_page(
    mari: Client, erply: Sandbox, path: str, code: int, blamed: str, name: str
) -> None:
    erply.fault("error", code=code, field=blamed, calls="saveAddress")
    answer = send(mari, path, **NEW_ADDRESS)
    assert answer.status_code == 200
    assert list(errors(answer)) == [name]
    assert form_of(answer).fields["street"] == "Jüri 12"
    assert entries()[-1][2] == "failed"


@pytest.mark.parametrize("code", [1010, 1015, 1016, 1022])
def test_a_removal_that_erply_refuses_is_said_on_the_page(
    mari: Client, erply: Sandbox, code: int
) -> None:
    erply.fault("error", code=code, field="addressID", calls="deleteAddress")
    since = newest()
    answer = send(mari, DELETE)
    assert answer.status_code == 200
    assert list(errors(answer)) == ["__all__"]
    assert "Näituse 7-3" in page(answer)
    assert entries(since)[1:] == [(MARI, "delete", "failed")]
    assert 101 in erply.addresses


def test_a_street_too_long_in_bytes_is_erplys_to_refuse(mari: Client, erply: Sandbox) -> None:
    answer = send(mari, EDIT, street="õ" * 40_000)
    assert errors(answer) == {"street": "This is too long."}
