"""Registration: what is asked, what is mailed, and what is made in Erply, once."""

from typing import Any

import pytest
from django.test import Client

from erply_auth.models import PendingRegistration, PolicyAcceptance
from erply_auth.processing import RECORD_FIELDS
from erply_auth.sandbox import Sandbox
from tests.app.support import (
    configure,
    log_in,
    names_called,
)

from .links import (
    COMPANY,
    LOG_IN,
    MARI_AT,
    NEW,
    PASSWORDS,
    PURPOSE,
    READ,
    REGISTER,
    RESET,
    SITE,
    UKU,
    end,
    link_in,
    log_after,
    newcomers,
    newest_entry,
    places,
    register,
    registration_link,
    search_answers,
    set_up_group,
)
from .support import errors, form_of, page, said, sent, writes

pytestmark = pytest.mark.django_db

PLACES = places()


@pytest.fixture(autouse=True)
def group(erply: Sandbox, db: None) -> int:
    """The group of those who register."""
    return set_up_group(erply)


def test_a_person_registers_and_logs_in(
    client: Client, erply: Sandbox, group: int, mailoutbox: list[Any]
) -> None:
    form = form_of(client.get(REGISTER))
    assert (form.method, form.action) == ("post", REGISTER)
    assert set(UKU) <= set(form.names)
    answer = client.post(REGISTER, form.fields | UKU)
    assert answer["Location"] == LOG_IN
    assert "A mail is on its way" in said(client, answer)
    assert names_called(erply) == ["validateCustomerUsername", "getCustomers", "getCustomers"]
    assert newcomers(erply) == []
    (mail,) = mailoutbox
    assert mail.to == [UKU["email"]]
    assert [value for value in ("uku", "Uku", "Uus") if value in mail.body + mail.subject] == []

    path = link_in(mail)
    opened = client.get(path)
    assert "Your user name is <b>uku</b>" in page(opened)
    assert form_of(opened).names == ["csrfmiddlewaretoken", "password1", "password2"]
    answer = client.post(path, form_of(opened).fields | PASSWORDS)
    assert answer["Location"] == LOG_IN
    assert "You are registered" in said(client, answer)
    (call,) = writes(erply)
    assert sent(call) == {
        "groupID": str(group),
        "username": "uku",
        "password": NEW,
        "email": "uku@example.ee",
        "firstName": "Uku",
        "lastName": "Uus",
    }
    assert not client.get("/account/").wsgi_request.user.is_authenticated
    assert log_in(client, "uku", password=NEW).status_code == 302


def test_a_company_registers_by_its_name_alone(
    erply: Sandbox, group: int, mailoutbox: list[Any]
) -> None:
    path = registration_link(mailoutbox, **UKU | COMPANY | {"first_name": "Uku"})
    assert end(path).status_code == 302
    (customer,) = newcomers(erply)
    assert (customer["customerType"], customer["companyName"]) == ("COMPANY", "Uus OÜ")
    assert (customer["firstName"], customer["lastName"]) == ("", "")
    assert customer["groupID"] == group


def test_every_step_is_in_the_log(erply: Sandbox, mailoutbox: list[Any]) -> None:
    since = newest_entry()
    path = registration_link(mailoutbox)
    assert log_after(since) == [(None, "read", *READ, "done")]
    since = newest_entry()
    end(path)
    (customer,) = newcomers(erply)
    created = ("name,email,username,password", PURPOSE, "visitor", "done")
    assert log_after(since) == [
        (None, "read", ",".join(RECORD_FIELDS), PURPOSE, "visitor", "done"),
        (None, "create", *created),
        (customer["id"], "create", *created),
    ]


def test_which_policy_was_accepted_and_when_is_kept(
    client: Client, erply: Sandbox, mailoutbox: list[Any], settings: Any
) -> None:
    configure(settings, POLICY_URL="/policy/", POLICY_VERSION="7b")
    assert '<a href="/policy/">read it (7b)</a>' in page(client.get(REGISTER))
    path = registration_link(mailoutbox)
    made_at = PendingRegistration.objects.get().made_at
    configure(settings, POLICY_VERSION="8")
    end(path)
    accepted = PolicyAcceptance.objects.get()
    assert accepted.customer_id == newcomers(erply)[0]["id"]
    assert (accepted.version, accepted.accepted_at) == ("7b", made_at)
    assert str(accepted) == f"100100/{accepted.customer_id}: 7b"


def test_without_a_policy_none_is_shown(client: Client, settings: Any) -> None:
    configure(settings, POLICY_URL="", POLICY_VERSION="")
    assert "you accept" not in page(client.get(REGISTER))


def test_the_shops_policy_can_be_read(client: Client, erply: Sandbox) -> None:
    assert 'href="/policy/"' in page(client.get(REGISTER))
    assert "Privacy policy" in page(client.get("/policy/"))


@pytest.mark.parametrize("method", ["get", "post"])
def test_where_registration_is_off_there_is_no_such_page(
    client: Client, erply: Sandbox, mailoutbox: list[Any], settings: Any, method: str
) -> None:
    path = registration_link(mailoutbox)
    assert f'href="{REGISTER}"' in page(client.get(LOG_IN))
    configure(settings, REGISTRATION=False)
    erply.calls.clear()
    for each, data in ((REGISTER, UKU), (path, PASSWORDS)):
        assert getattr(client, method)(each, data).status_code == 404
    assert f'href="{REGISTER}"' not in page(client.get(LOG_IN))
    assert erply.calls == []


def test_the_log_in_page_is_there_even_if_the_settings_cannot_be_read(
    client: Client, settings: Any
) -> None:
    settings.ERPLY_AUTH = {}
    assert "Register" not in page(client.get(LOG_IN))
    assert client.get(REGISTER).status_code == 503


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"username": ""}, ["username"]),
        ({"username": "a b"}, ["username"]),
        ({"username": "<b>"}, ["username"]),
        ({"username": "x" * 151}, ["username"]),
        ({"username": "a\x00b"}, ["username"]),
        ({"email": "uku"}, ["email"]),
        ({"email": "uku@example.ee;x@example.ee"}, ["email"]),
        ({"email": '"a;b"@example.ee'}, ["email"]),
        ({"email": "x" * 250 + "@example.ee"}, ["email"]),
        ({"first_name": ""}, ["first_name"]),
        ({"last_name": " "}, ["last_name"]),
        ({"first_name": "", "last_name": ""}, ["first_name", "last_name"]),
        ({"first_name": "a\x1bb"}, ["first_name"]),
        ({"company_name": "x" * 256}, ["company_name"]),
        ({"first_name": "", "company_name": "a\x01b"}, ["company_name"]),
    ],
)
def test_bad_input_is_said_at_its_field_and_nobody_is_asked(
    erply: Sandbox, mailoutbox: list[Any], changes: dict[str, str], fields: list[str]
) -> None:
    answer = register(**changes)
    assert (answer.status_code, sorted(errors(answer))) == (200, fields)
    assert (erply.calls, mailoutbox) == ([], [])
    assert not PendingRegistration.objects.exists()


def test_a_user_name_in_wide_letters_is_the_plain_one(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    end(registration_link(mailoutbox, username="\uff55ku"))
    assert newcomers(erply)[0]["webshopUsername"] == "uku"


def test_a_user_name_that_is_taken_is_said_on_the_page(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    since = newest_entry()
    answer = register(username="person")
    assert (answer.status_code, list(errors(answer))) == (200, ["username"])
    assert "taken" in errors(answer)["username"]
    assert mailoutbox == []
    assert log_after(since) == [(None, "read", *READ, "failed")]


def test_a_user_name_that_erply_does_not_take_is_said_there(erply: Sandbox) -> None:
    erply.fault("error", code=1014, calls="validateCustomerUsername")
    assert list(errors(register())) == ["username"]


def test_an_address_that_is_taken_is_told_by_mail_and_not_on_the_page(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    free, taken = register(), register(email=MARI_AT)
    assert (taken.status_code, taken.content) == (free.status_code, free.content)
    assert dict(taken.items()) == dict(free.items())
    mail = mailoutbox[1]
    assert (mail.to, mail.subject) == ([MARI_AT], "You are a customer of ours already")
    assert "Your user name: person" in mail.body
    assert f"{SITE}{RESET}" in mail.body
    assert PendingRegistration.objects.count() == 1


def test_whoever_has_the_address_but_no_user_name_is_told_how_to_get_one(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    register(email="lepad@example.ee")
    (mail,) = mailoutbox
    assert "ask us in the shop" in mail.body


def test_known_and_unknown_addresses_cause_the_same_calls(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    seen = []
    for email in (UKU["email"], MARI_AT, "lepad@example.ee"):
        erply.calls.clear()
        register(email=email)
        seen.append(names_called(erply))
    assert seen == [["validateCustomerUsername", "getCustomers", "getCustomers"]] * 3


@pytest.mark.parametrize("typed", [UKU, UKU | {"username": "", "email": "?"}])
def test_a_bot_gets_the_same_answer_and_nothing_happens(
    erply: Sandbox, mailoutbox: list[Any], typed: dict[str, str]
) -> None:
    person = register()
    erply.calls.clear()
    mailoutbox.clear()
    bot = Client().post(REGISTER, typed | {"website": "https://spam.example"})
    assert (bot.status_code, bot.content) == (person.status_code, person.content)
    assert dict(bot.items()) == dict(person.items())
    assert (erply.calls, mailoutbox, PendingRegistration.objects.count()) == ([], [], 1)


def test_a_blind_post_without_the_forms_token_is_refused(erply: Sandbox) -> None:
    assert Client(enforce_csrf_checks=True).post(REGISTER, UKU).status_code == 403


def test_people_do_not_see_the_trap(client: Client) -> None:
    trap = page(client.get(REGISTER)).partition("<p hidden>")[2].partition("</p>")[0]
    assert 'name="website"' in trap
    assert 'tabindex="-1"' in trap


def test_an_outage_is_said_and_the_form_comes_back_filled_in(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    erply.fault("error", code=1002)
    answer = register()
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    fields = form_of(answer).fields
    assert {name: fields[name] for name in UKU} == UKU
    assert "Try again" in page(answer)


def test_erply_failing_after_the_answer_is_the_operators_to_know(
    erply: Sandbox, mailoutbox: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    search_answers(erply)
    erply.fault("error", code=1000, calls="getCustomers")
    assert register().status_code == 302
    assert mailoutbox == []
    assert "Erply unavailable: getCustomers" in caplog.text


def test_whoever_asks_too_often_is_slowed(erply: Sandbox, mailoutbox: list[Any]) -> None:
    statuses = [register(username=f"u{number}").status_code for number in range(10)]
    assert statuses == [302] * 10
    slowed = register(username="another")
    assert slowed.status_code == 429
    assert 0 < int(slowed["Retry-After"]) <= 3600
    assert form_of(slowed).fields["username"] == "another"
    for number in range(19):
        register(email=f"uku-{number}@example.ee", username="person")
    assert register(email="else@example.ee").status_code == 429
    elsewhere = Client(REMOTE_ADDR="10.1.2.3")
    assert elsewhere.post(REGISTER, UKU | {"email": "else@example.ee"}).status_code == 302
