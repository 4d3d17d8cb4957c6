"""The profile: what is shown, and that what was changed is sent and nothing else."""

from typing import Any

import pytest
from django.test import Client

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox
from tests.app.support import configure, names_called

from .support import (
    COMPANY,
    CONTACT,
    KALLE,
    MARI,
    NOTHING_CHANGED,
    OVERVIEW,
    PROFILE,
    entries,
    errors,
    form_of,
    last_entry,
    newest,
    only_write,
    opened,
    page,
    said,
    send,
    sent,
    writes,
)

pytestmark = pytest.mark.django_db

PERSONAL = {
    "first_name": ("Maria", "firstName", "name"),
    "last_name": ("Õun-Mägi", "lastName", "name"),
    "birthday": ("1990-01-02", "birthday", "dateOfBirth"),
    "gender": ("male", "gender", "gender"),
    "phone": ("+372 600 1234", "phone", "phone"),
    "mobile": ("+372 5500 1234", "mobile", "mobilePhone"),
}
OF_COMPANIES = {
    "company_name": ("Kuuse & Kask OÜ", "companyName", "name"),
    "vat_number": ("EE100931558", "vatNumber", "vatNumber"),
    "phone": ("+372 600 1234", "phone", "phone"),
    "mobile": ("+372 5500 1234", "mobile", "mobilePhone"),
}
CHANGES = [
    (who, name, *change)
    for who, changes in (("person", PERSONAL), ("contact", PERSONAL), ("company", OF_COMPANIES))
    for name, change in changes.items()
]
IDS = {"person": MARI, "company": COMPANY, "contact": CONTACT, "gold": KALLE}


@pytest.mark.parametrize(("who", "name", "value", "word", "logged"), CHANGES)
def test_a_field_changed_alone_is_the_only_parameter_beside_the_id(
    enter: Any, erply: Sandbox, who: str, name: str, value: str, word: str, logged: str
) -> None:
    client = enter(who)
    erply.customers[IDS[who]]["gender"] = "female"
    answer = send(client, PROFILE, **{name: value})
    assert answer.status_code == 302, errors(answer)
    assert only_write(erply) == {"customerID": str(IDS[who]), word: value}
    assert erply.customers[IDS[who]][word] == value
    assert last_entry().fields == logged
    assert entries()[-1] == (IDS[who], "update", "done")
    assert "Saved." in said(client, answer)


@pytest.mark.parametrize("who", ["person", "company", "contact"])
@pytest.mark.parametrize("name", ["phone", "mobile"])
def test_a_field_emptied_alone_is_sent_empty(
    enter: Any, erply: Sandbox, who: str, name: str
) -> None:
    client = enter(who)
    erply.customers[IDS[who]][name] = "+372 600 1234"
    assert send(client, PROFILE, **{name: ""}).status_code == 302
    assert only_write(erply) == {"customerID": str(IDS[who]), name: ""}


def test_birthday_and_gender_can_be_taken_back(mari: Client, erply: Sandbox) -> None:
    assert send(mari, PROFILE, birthday="", gender="").status_code == 302
    assert only_write(erply) == {"customerID": "15", "birthday": "", "gender": ""}


@pytest.mark.parametrize("who", ["person", "company", "contact"])
def test_marketing_is_opted_out_of_and_back_into(enter: Any, erply: Sandbox, who: str) -> None:
    client = enter(who)
    assert send(client, PROFILE, email_opt_out="on").status_code == 302
    assert only_write(erply) == {"customerID": str(IDS[who]), "emailOptOut": "1"}
    erply.calls.clear()
    fields = opened(client, PROFILE)
    assert fields.pop("email_opt_out")
    assert client.post(PROFILE, fields).status_code == 302
    assert only_write(erply) == {"customerID": str(IDS[who]), "emailOptOut": "0"}


@pytest.mark.parametrize("who", ["person", "company", "contact", "gold"])
@pytest.mark.parametrize("with_token", [True, False])
def test_nothing_changed_sends_nothing_and_says_so(
    enter: Any, erply: Sandbox, who: str, with_token: bool
) -> None:
    client = enter(who)
    fields = opened(client, PROFILE)
    if not with_token:
        del fields["opened"]
    erply.calls.clear()
    since = newest()
    answer = client.post(PROFILE, fields)
    assert names_called(erply) == ([] if with_token else ["getCustomers"])
    assert [entry for entry in entries(since) if entry[1] == "update"] == []
    assert NOTHING_CHANGED in said(client, answer)


def test_an_empty_post_changes_nothing(enter: Any, erply: Sandbox) -> None:
    kalle = enter("gold")
    before = dict(erply.customers[KALLE])
    assert NOTHING_CHANGED in said(kalle, kalle.post(PROFILE))
    assert erply.customers[KALLE] == before
    assert before["emailOptOut"] == 1


def test_a_field_alone_is_posted_without_the_page(mari: Client, erply: Sandbox) -> None:
    assert mari.post(PROFILE, {"phone": "+372 600 9999"}).status_code == 302
    assert only_write(erply) == {"customerID": "15", "phone": "+372 600 9999"}


FORGED = {
    "groupID": "3",
    "group_id": "3",
    "customerID": "30",
    "customer_id": "30",
    "ownerID": "30",
    "companyID": "20",
    "company_id": "20",
    "credit": "1000",
    "creditLimit": "1000",
    "priceListID": "4",
    "notes": "the best customer",
    "username": "gold",
    "webshopUsername": "gold",
    "password": "Forged-password-1",
    "code": "1",
    "card_number": "1",
    "is_default": "1",
    "company_name": "Not mine OÜ",
    "vat_number": "EE100931558",
    "member": "1",
}


def test_what_the_form_does_not_own_is_ignored(mari: Client, erply: Sandbox) -> None:
    before = {id_: dict(customer) for id_, customer in erply.customers.items()}
    assert NOTHING_CHANGED in said(mari, send(mari, PROFILE, **FORGED))
    assert erply.customers == before
    assert send(mari, PROFILE, phone="+372 600 9999", **FORGED).status_code == 302
    assert only_write(erply) == {"customerID": "15", "phone": "+372 600 9999"}


def test_the_form_fits_the_customers_type(enter: Any) -> None:
    both = ["email", "phone", "mobile", "email_opt_out", "current_password"]
    hidden = ["csrfmiddlewaretoken", "opened"]
    person = ["first_name", "last_name", "birthday", "gender"]
    for who, own in {
        "person": person,
        "contact": person,
        "company": ["company_name", "vat_number"],
    }.items():
        assert form_of(enter(who).get(PROFILE)).names == hidden + own + both


def test_group_card_balance_and_user_name_are_shown(mari: Client, enter: Any) -> None:
    text = page(mari.get(PROFILE))
    for value in ("Members", "3720000000158", "12.50", "Paid ahead", "person"):
        assert value in text
    company = page(enter("company").get(PROFILE))
    for value in ("349.90", "To be paid", "1,000.00", "12000020", "arved@kuuseaed.example.ee"):
        assert value in company


def test_a_company_sees_its_contact_persons_and_they_are_in_the_log(
    enter: Any, erply: Sandbox
) -> None:
    company = enter("company")
    since = newest()
    text = page(company.get(PROFILE))
    assert "Peeter Pärn" in text
    assert entries(since) == [(COMPANY, "read", "done"), (CONTACT, "read", "done")]
    assert (last_entry().actor, last_entry().fields) == ("member:20", "name,phone,email")


def test_a_contact_person_is_told_their_employer(enter: Any) -> None:
    contact = enter("contact")
    for path in (PROFILE, OVERVIEW):
        assert "Kuuse Aiakaubad OÜ" in page(contact.get(path))


@pytest.mark.parametrize("name", ["first_name", "last_name"])
def test_a_name_cannot_be_emptied(mari: Client, erply: Sandbox, name: str) -> None:
    assert name in errors(send(mari, PROFILE, **{name: "  "}))
    assert writes(erply) == []


def test_a_companys_name_cannot_be_emptied(enter: Any, erply: Sandbox) -> None:
    assert "company_name" in errors(send(enter("company"), PROFILE, company_name=""))
    assert writes(erply) == []


def test_a_name_that_was_empty_may_stay_so(mari: Client, erply: Sandbox) -> None:
    erply.customers[MARI]["lastName"] = ""
    assert send(mari, PROFILE, first_name="Maria").status_code == 302
    assert only_write(erply) == {"customerID": "15", "firstName": "Maria"}
    assert send(mari, PROFILE, last_name=" ").status_code == 302


WRONG = [
    ("phone", "call me"),
    ("mobile", "+372"),
    ("mobile", "12"),
    ("birthday", "yesterday"),
    ("birthday", "1899-12-31"),
    ("birthday", "2999-01-01"),
    ("birthday", "2001-02-30"),
    ("gender", "robot"),
    ("email", "nobody"),
    ("email", "a@b.example;c@d.example"),
    ("email", '"a;b"@c.example'),
    ("email", '"a\x01b"@c.example'),
    ("first_name", "M" * 256),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_cannot_be_is_refused_at_its_field_before_erply_is_asked(
    mari: Client, erply: Sandbox, name: str, value: str
) -> None:
    answer = send(mari, PROFILE, current_password="Sandbox-person-1", **{name: value})
    assert answer.status_code == 200
    assert list(errors(answer)) == [name]
    assert f'id="id_{name}_error"' in page(answer)
    assert writes(erply) == []


@pytest.mark.parametrize("value", ["EE100931559", "EE12", "LV1", "not a number"])
def test_a_wrong_vat_number_is_refused(enter: Any, erply: Sandbox, value: str) -> None:
    assert list(errors(send(enter("company"), PROFILE, vat_number=value))) == ["vat_number"]
    assert writes(erply) == []


@pytest.mark.parametrize("value", ["EE 100 931 558", "FI20774740", "DE 136,695 976", "US-12", ""])
def test_a_vat_number_is_sent_as_it_was_typed(enter: Any, erply: Sandbox, value: str) -> None:
    assert send(enter("company"), PROFILE, vat_number=value).status_code == 302
    assert only_write(erply) == {"customerID": "20", "vatNumber": value}


def test_numbers_without_a_prefix_are_the_shops_countrys(
    enter: Any, erply: Sandbox, settings: Any
) -> None:
    configure(settings, COUNTRY="EE")
    company = enter("company")
    assert list(errors(send(company, PROFILE, vat_number="123", phone="12"))) == [
        "vat_number",
        "phone",
    ]
    assert send(company, PROFILE, vat_number="100931558", phone="600 1234").status_code == 302
    assert only_write(erply) == {
        "customerID": "20",
        "vatNumber": "100931558",
        "phone": "600 1234",
    }


ODD = {
    "phone": "ask my wife",
    "mobile": "1",
    "email": "none yet",
    "birthday": "1850-01-01",
    "gender": "other",
    "firstName": "M" * 300,
}


@pytest.mark.parametrize(("word", "value"), ODD.items())
def test_an_odd_old_value_never_blocks_an_unrelated_edit(
    mari: Client, erply: Sandbox, word: str, value: str
) -> None:
    erply.customers[MARI][word] = value
    assert NOTHING_CHANGED in said(mari, send(mari, PROFILE))
    assert send(mari, PROFILE, last_name="Mets").status_code == 302
    assert only_write(erply) == {"customerID": "15", "lastName": "Mets"}
    assert erply.customers[MARI][word] == value


def test_an_old_value_in_several_lines_is_left_alone(mari: Client, erply: Sandbox) -> None:
    erply.customers[MARI]["phone"] = "600\n0015"
    fields = opened(mari, PROFILE)
    # A browser drops line breaks from a field of one line.
    fields["phone"] = fields["phone"].replace("\n", "")
    assert mari.post(PROFILE, fields | {"last_name": "Mets"}).status_code == 302
    assert only_write(erply) == {"customerID": "15", "lastName": "Mets"}


def test_another_spelling_of_the_same_day_is_no_change(mari: Client, erply: Sandbox) -> None:
    assert NOTHING_CHANGED in said(mari, send(mari, PROFILE, birthday="07/15/1988"))
    assert writes(erply) == []


def test_a_new_name_is_the_members_at_once_and_not_only_after_the_next_log_in(
    mari: Client, enter: Any, erply: Sandbox
) -> None:
    answer = send(mari, PROFILE, first_name="Maria", last_name="Mets")
    assert "Maria Mets" in page(mari.get("/"))
    assert answer.status_code == 302
    assert send(enter("company"), PROFILE, company_name="Kuusk OÜ").status_code == 302
    assert Member.objects.get(customer_id=COMPANY).name == "Kuusk OÜ"


def test_a_page_opened_and_opened_again_changes_nothing(mari: Client, erply: Sandbox) -> None:
    before = {id_: dict(customer) for id_, customer in erply.customers.items()}
    for _ in range(2):
        assert mari.get(PROFILE).status_code == 200
    assert erply.customers == before
    assert names_called(erply) == ["getCustomers"] * 2


def test_a_change_of_two_fields_is_one_call_of_two_parameters(mari: Client, erply: Sandbox) -> None:
    send(mari, PROFILE, last_name="Mets", mobile="")
    assert [sent(call) for call in writes(erply)] == [
        {"customerID": "15", "lastName": "Mets", "mobile": ""}
    ]
    assert last_entry().fields == "name,mobilePhone"
