"""A company's contact person: the employer's addresses, to be looked at or, if set so, changed."""

from typing import Any

import pytest
from django.test import Client

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox
from tests.app.support import configure, names_called

from .support import (
    ADD,
    ADDRESSES,
    COMPANY,
    CONTACT,
    NEW_ADDRESS,
    OVERVIEW,
    delete,
    edit,
    entries,
    forms_of,
    last_entry,
    newest,
    only_write,
    opened,
    page,
    send,
    writes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact(enter: Any, db: None) -> Client:
    client: Client = enter("contact")
    return client


@pytest.fixture
def editing(settings: Any) -> None:
    configure(settings, CONTACTS_EDIT_ADDRESSES=True)


def test_the_employers_addresses_are_shown_and_cannot_be_changed(
    contact: Client, erply: Sandbox
) -> None:
    since = newest()
    answer = contact.get(ADDRESSES)
    text = page(answer)
    assert "Kuuse tee 1" in text
    assert "Aia 9-1" not in text
    assert "Ask the shop to change them." in text
    for path in (ADD, edit(111), delete(111)):
        assert path not in text
    # Whose contact they are is read of themselves, the addresses of the company.
    assert entries(since) == [(CONTACT, "read", "done"), (COMPANY, "read", "done")]
    assert (last_entry().actor, last_entry().fields) == ("member:21", "address")
    assert names_called(erply) == ["getCustomers", "getAddresses"]


@pytest.mark.parametrize("path", [ADD, edit(111), delete(111), edit(121), edit(101), edit(999)])
def test_editing_is_forbidden_before_anything_is_called(
    contact: Client, erply: Sandbox, path: str
) -> None:
    since = newest()
    assert contact.get(path).status_code == 403
    assert contact.post(path, NEW_ADDRESS).status_code == 403
    assert contact.post(path, {}).status_code == 403
    assert erply.calls == []
    assert entries(since) == []


def test_a_form_opened_while_it_was_allowed_is_refused_afterwards(
    contact: Client, erply: Sandbox, settings: Any
) -> None:
    configure(settings, CONTACTS_EDIT_ADDRESSES=True)
    fields = opened(contact, edit(111))
    configure(settings, CONTACTS_EDIT_ADDRESSES=False)
    for posted in (fields, fields | {"city": ""}, fields | {"city": "Võru"}):
        assert contact.post(edit(111), posted).status_code == 403
    assert writes(erply) == []


def test_with_the_setting_they_change_the_companys_addresses(
    contact: Client, erply: Sandbox, editing: None
) -> None:
    assert edit(111) in page(contact.get(ADDRESSES))
    since = newest()
    assert send(contact, edit(111), city="Võru").status_code == 302
    assert only_write(erply) == {"addressID": "111", "city": "Võru"}
    assert entries(since)[-2:] == [(CONTACT, "read", "done"), (COMPANY, "update", "done")]
    assert last_entry().actor == "member:21"
    erply.calls.clear()
    assert send(contact, ADD, **NEW_ADDRESS).status_code == 302
    assert only_write(erply)["ownerID"] == "20"
    erply.calls.clear()
    assert send(contact, delete(112)).status_code == 302
    assert only_write(erply) == {"addressID": "112"}


@pytest.mark.parametrize("address_id", [121, 101, 131])
def test_their_own_addresses_and_others_are_not_the_companys(
    contact: Client, erply: Sandbox, editing: None, address_id: int
) -> None:
    for path in (edit(address_id), delete(address_id)):
        assert contact.get(path).status_code == 404
        assert contact.post(path, NEW_ADDRESS).status_code == 404
    assert writes(erply) == []


@pytest.mark.parametrize("employer", [0, 43])
@pytest.mark.parametrize("path", [ADDRESSES, edit(111), delete(111)])
def test_who_is_no_longer_the_companys_contact_is_shown_nothing(
    contact: Client, erply: Sandbox, editing: None, employer: int, path: str
) -> None:
    erply.customers[CONTACT]["companyID"] = employer
    since = newest()
    answer = contact.get(path)
    assert answer.status_code == 404
    assert "Kuuse" not in page(answer)
    # Nothing of the company was read, so nothing of it is in the log.
    assert entries(since) == [(CONTACT, "read", "done")]
    assert erply.calls_of("getAddresses") == []
    assert Member.objects.get(customer_id=CONTACT).company_id == employer
    text = page(contact.get(ADDRESSES))
    assert ("Aia 9-1" in text) is (employer == 0)
    assert "Kuuse tee" not in text


@pytest.mark.parametrize("path", [ADD, edit(111), delete(111)])
def test_who_is_no_longer_the_companys_contact_changes_nothing(
    contact: Client, erply: Sandbox, editing: None, path: str
) -> None:
    fields = opened(contact, path)
    erply.customers[CONTACT]["companyID"] = 0
    since = newest()
    assert contact.post(path, fields | NEW_ADDRESS).status_code == 404
    assert writes(erply) == []
    assert entries(since) == [(CONTACT, "read", "done")]


def test_the_overview_counts_no_addresses_that_are_not_in_the_book(contact: Client) -> None:
    text = page(contact.get(OVERVIEW))
    assert "1 address" not in text
    assert "Your company&#x27;s address book" in text or "Your company's address book" in text


def test_no_page_for_them_has_a_form_that_would_be_refused(contact: Client) -> None:
    assert forms_of(contact.get(ADDRESSES)) == []
