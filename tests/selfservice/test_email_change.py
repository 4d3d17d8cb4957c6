"""A new e-mail address: the password is asked for, the old addresses are told, others stay."""

from typing import Any

import pytest
from django.test import Client

from erply_auth.sandbox import Sandbox
from tests.app.support import names_called, table_gone

from .support import (
    COMPANY,
    KALLE,
    MARI,
    NOTHING_CHANGED,
    PROFILE,
    entries,
    errors,
    form_of,
    only_write,
    page,
    said,
    send,
    writes,
)

pytestmark = pytest.mark.django_db

NEW = "mari@uus.example"
RIGHT = "Sandbox-person-1"


def test_a_new_address_is_the_only_parameter_and_the_old_one_is_told(
    mari: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    answer = send(mari, PROFILE, email=NEW, current_password=RIGHT)
    assert "Saved." in said(mari, answer)
    assert only_write(erply) == {"customerID": "15", "email": NEW}
    assert entries()[1] == (MARI, "update", "done")
    assert [mail.to for mail in mailoutbox] == [["mari.maasikas@example.ee"]]
    assert NEW not in mailoutbox[0].subject + mailoutbox[0].body


@pytest.mark.parametrize("password", ["", "wrong", "Sandbox-gold-1", " Sandbox-person-1"])
def test_without_the_right_password_nothing_is_sent(
    mari: Client, erply: Sandbox, mailoutbox: list[Any], password: str
) -> None:
    answer = send(mari, PROFILE, email=NEW, last_name="Mets", current_password=password)
    assert answer.status_code == 200
    assert list(errors(answer)) == ["current_password"]
    fields = form_of(answer).fields
    assert (fields["email"], fields["last_name"], fields["current_password"]) == (NEW, "Mets", "")
    assert writes(erply) == mailoutbox == []
    assert [one for one in entries() if one[1] == "update"] == (
        [(MARI, "update", "failed")] if password else []
    )


def test_a_password_of_another_member_is_not_ones_own(mari: Client, erply: Sandbox) -> None:
    erply.customers[MARI]["webshopUsername"] = ""
    assert list(errors(send(mari, PROFILE, email=NEW, current_password=RIGHT))) == [
        "current_password"
    ]
    assert writes(erply) == []


def test_credentials_that_turn_out_to_be_another_customers_are_refused(
    mari: Client, erply: Sandbox
) -> None:
    # Two customers with the same user name and password, the other one first.
    twin = erply.customers[KALLE] | {"webshopUsername": "person", "password": RIGHT}
    mine = erply.customers.pop(MARI)
    erply.customers[KALLE] = twin
    erply.customers[MARI] = mine
    for id_ in [one for one in erply.customers if one not in (KALLE, MARI)]:
        erply.customers[id_] = erply.customers.pop(id_)
    assert list(errors(send(mari, PROFILE, email=NEW, current_password=RIGHT))) == [
        "current_password"
    ]
    assert writes(erply) == []


def test_no_password_is_needed_for_anything_else(mari: Client, erply: Sandbox) -> None:
    assert send(mari, PROFILE, last_name="Mets", current_password="wrong").status_code == 302
    assert "verifyCustomerUser" not in names_called(erply)


@pytest.mark.parametrize(
    ("who", "field", "new", "result", "told"),
    [
        ("gold", None, NEW, NEW + ";kalle@kuld.example.ee", 2),
        ("gold", "a@x.example ;  b@y.example;c@z.ee", NEW, NEW + " ;  b@y.example;c@z.ee", 3),
        ("gold", "; a@x.example", NEW, NEW, 1),
        ("gold", "", NEW, NEW, 0),
        ("gold", "a@x.example; b@y.example", "", "b@y.example", 2),
        ("gold", "a@x.example", "", "", 1),
        ("gold", "no address;b@y.example", NEW, NEW + ";b@y.example", 1),
    ],
)  # fmt: skip
def test_further_addresses_stay_as_they_were(
    enter: Any, erply: Sandbox, mailoutbox: list[Any], who: str, field: str | None, new: str,
    result: str, told: int,
) -> None:  # fmt: skip
    client = enter(who)
    if field is not None:
        erply.customers[KALLE]["email"] = field
    before = erply.customers[KALLE]["email"]
    answer = send(client, PROFILE, email=new, current_password="Sandbox-gold-1")
    assert answer.status_code == 302, errors(answer)
    assert erply.customers[KALLE]["email"] == result
    assert len(mailoutbox) == told
    assert all(mail.to[0] in before for mail in mailoutbox)


def test_another_field_changed_leaves_several_addresses_alone(enter: Any, erply: Sandbox) -> None:
    send(enter("company"), PROFILE, phone="+372 600 1111")
    assert only_write(erply) == {"customerID": "20", "phone": "+372 600 1111"}


def test_further_addresses_added_meanwhile_stay_too(enter: Any, erply: Sandbox) -> None:
    company = enter("company")
    fields = form_of(company.get(PROFILE)).fields
    erply.customers[COMPANY]["email"] += ";uus@kuuseaed.example.ee"
    fields |= {"email": NEW, "current_password": "Sandbox-company-1"}
    assert company.post(PROFILE, fields).status_code == 302
    assert erply.customers[COMPANY]["email"] == (
        f"{NEW};arved@kuuseaed.example.ee;uus@kuuseaed.example.ee"
    )


@pytest.mark.parametrize(
    "backend", ["tests.selfservice.mailing.Refusing", "tests.selfservice.mailing.Breaking"]
)
def test_a_mail_server_that_fails_undoes_nothing(
    mari: Client, erply: Sandbox, settings: Any, caplog: pytest.LogCaptureFixture, backend: str
) -> None:
    settings.EMAIL_BACKEND = backend
    answer = send(mari, PROFILE, email=NEW, current_password=RIGHT)
    assert "Saved." in said(mari, answer)
    assert erply.customers[MARI]["email"] == NEW
    assert "The notice email_changed could not be mailed" in caplog.text
    assert "example" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_old_address_is_told_even_if_the_log_fails_afterwards(
    mari: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    fields = form_of(mari.get(PROFILE)).fields | {"email": NEW, "current_password": RIGHT}
    with table_gone("erply_auth_processingoutcome"):
        assert mari.post(PROFILE, fields).status_code == 503
    assert erply.customers[MARI]["email"] == NEW
    assert len(mailoutbox) == 1


def test_the_same_address_in_outer_space_is_no_change(mari: Client, erply: Sandbox) -> None:
    answer = send(mari, PROFILE, email=" mari.maasikas@example.ee ")
    assert NOTHING_CHANGED in said(mari, answer)


@pytest.mark.parametrize("call", ["getCustomers", "verifyCustomerUser", "saveCustomer"])
def test_erply_down_in_the_middle_tells_nobody_of_a_change(
    mari: Client, erply: Sandbox, mailoutbox: list[Any], call: str
) -> None:
    fields = form_of(mari.get(PROFILE)).fields | {"email": NEW, "current_password": RIGHT}
    erply.fault("reset", calls=call)
    answer = mari.post(PROFILE, fields)
    assert answer.status_code == 503
    assert RIGHT not in page(answer)
    assert mailoutbox == []
    # Of a write that is lost it is looked whether it happened: it did not.
    assert entries()[-1] == (MARI, "update", "failed")


def test_an_address_too_long_with_its_company_is_said_so_at_the_field(
    enter: Any, erply: Sandbox
) -> None:
    kalle = enter("gold")
    erply.customers[KALLE]["email"] = "a@x.example;" + "b" * 230 + "@y.example"
    new = "m" * 40 + "@uus.example"
    answer = send(kalle, PROFILE, email=new, current_password="Sandbox-gold-1")
    assert errors(answer) == {"email": "This is too long."}
    assert form_of(answer).fields["email"] == new
