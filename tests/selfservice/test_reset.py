"""A forgotten password: who is mailed what, and what the mailed link does."""

from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from erply_auth.models import Member, ResetLink
from erply_auth.processing import RECORD_FIELDS
from erply_auth.sandbox import Sandbox
from erply_auth.services import lookup
from tests.app.support import configure, log_in, names_called, statements_of_the_app, warm

from .links import (
    BOTH_NEW,
    LOG_IN,
    MARI_AT,
    NEW,
    RESET,
    SITE,
    UNKNOWN,
    ask,
    link_in,
    log_after,
    newest_entry,
    reset_link,
    search_answers,
)
from .support import MARI, OVERVIEW, errors, form_of, forms_of, only_write, page, said, writes

pytestmark = pytest.mark.django_db

FIELDS = ",".join(RECORD_FIELDS)
PURPOSE = "Reset of a forgotten password"


def test_a_forgotten_password_is_replaced_by_the_mailed_link(
    client: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    warm(erply)
    form = form_of(client.get(RESET))
    assert (form.method, form.action) == ("post", RESET)
    assert form.names == ["csrfmiddlewaretoken", "email"]
    answer = client.post(RESET, form.fields | {"email": MARI_AT})
    assert "no-store" in answer["Cache-Control"]
    assert "a mail is on its way" in said(client, answer)
    (mail,) = mailoutbox
    assert mail.to == [MARI_AT]
    assert "Your user name: person" in mail.body
    path = link_in(mail)
    assert names_called(erply) == ["getCustomers", "getCustomers"]
    shown = client.get(path)
    assert "no-store" in shown["Cache-Control"]
    opened = form_of(shown)
    assert (opened.method, opened.action) == ("post", path)
    assert opened.names == ["csrfmiddlewaretoken", "new_password1", "new_password2"]
    mailoutbox.clear()
    answer = client.post(path, opened.fields | BOTH_NEW)
    assert answer["Location"] == LOG_IN
    assert "Your new password is set" in said(client, answer)
    assert only_write(erply) == {"customerID": "15", "password": NEW}
    assert [mail.subject for mail in mailoutbox] == ["Your password has been changed"]
    assert log_in(Client(), password="Sandbox-person-1").status_code == 200
    assert log_in(Client(), password=NEW).status_code == 302


def test_nobody_is_logged_in_by_a_reset(
    client: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    client.post(reset_link(mailoutbox), BOTH_NEW)
    assert client.get(OVERVIEW)["Location"].startswith(LOG_IN)
    assert not Member.objects.exists()


def test_what_was_read_and_changed_is_in_the_log(erply: Sandbox, mailoutbox: list[Any]) -> None:
    since = newest_entry()
    path = reset_link(mailoutbox)
    read = (FIELDS, PURPOSE, "visitor", "done")
    assert log_after(since) == [(None, "read", *read), (MARI, "read", *read)]
    since = newest_entry()
    Client().post(path, BOTH_NEW)
    assert log_after(since) == [(MARI, "update", "password", PURPOSE, "visitor", "done")]


def test_all_sessions_of_the_member_end(
    mari: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    assert mari.get(OVERVIEW).status_code == 200
    Client().post(reset_link(mailoutbox), BOTH_NEW)
    assert mari.get(OVERVIEW).status_code == 302


def test_the_notice_goes_to_every_stored_address_and_the_link_to_one(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    erply.customers[MARI]["email"] = f"{MARI_AT};books@example.ee"
    search_answers(erply, MARI)
    ask()
    (mail,) = mailoutbox
    assert mail.to == [MARI_AT]
    mailoutbox.clear()
    Client().post(link_in(mail), BOTH_NEW)
    assert [notice.to for notice in mailoutbox] == [[MARI_AT], ["books@example.ee"]]


def test_a_contact_person_is_found_as_well(erply: Sandbox, mailoutbox: list[Any]) -> None:
    Client().post(reset_link(mailoutbox, "peeter@kuuseaed.example.ee"), BOTH_NEW)
    assert erply.customers[21]["password"] == NEW


def test_whoever_has_no_user_name_is_told_how_to_get_one_once_for_each_address(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    ask("lepad@example.ee")  # two customers
    (mail,) = mailoutbox
    assert mail.to == ["lepad@example.ee"]
    assert "ask us in the shop" in mail.body
    assert SITE not in mail.body
    assert not ResetLink.objects.exists()


def test_the_walk_in_customer_is_never_mailed(erply: Sandbox, mailoutbox: list[Any]) -> None:
    erply.customers[1]["email"] = "till@example.ee"
    assert ask("till@example.ee").status_code == 302
    assert mailoutbox == []


def test_a_till_that_has_a_walk_in_customer_of_its_own_counts_too(
    erply: Sandbox, mailoutbox: list[Any], settings: Any
) -> None:
    configure(settings, POINTS_OF_SALE=[7])
    erply.customers[30] |= {"isPOSDefaultCustomer": 1, "pointOfSaleID": 7, "email": "t@example.ee"}
    ask("t@example.ee")
    assert mailoutbox == []


@pytest.mark.parametrize(
    ("typed", "stored", "same"),
    [
        ("mari@example.ee", "mari@EXAMPLE.ee", True),
        ("mari@Example.EE", "mari@example.ee", True),
        ("Mari@example.ee", "mari@example.ee", False),
        ("mari@võru.example", "mari@xn--vru-ona.example", True),
        ("mari@Võru.example", "mari@võru.example", True),
        ("mari@straße.example", "mari@strasse.example", False),
        ("mari@\u212aass.example", "mari@kass.example", False),
        ("mari@example.ee", "mari@example.ee.", False),
        ("mari@example.ee", "mari@example.e", False),
        ("mari@example.ee", "mari", False),
    ],
)
def test_addresses_are_the_same_or_not(typed: str, stored: str, same: bool) -> None:
    assert lookup.is_same_address(typed, stored) is same
    assert lookup.is_same_address(stored, typed) is same


@pytest.mark.parametrize("typed", ["mari.maasikas@EXAMPLE.ee", "mari.maasikas@example.ee"])
def test_how_the_domain_is_typed_does_not_matter(
    erply: Sandbox, mailoutbox: list[Any], typed: str
) -> None:
    ask(typed)
    assert [mail.to for mail in mailoutbox] == [[MARI_AT]]


def test_an_address_with_very_many_customers_gets_no_flood(
    erply: Sandbox, erply_customer: Any, mailoutbox: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(25):
        erply_customer(email="none@example.ee")
    ask("none@example.ee")
    assert len(mailoutbox) == 20
    assert "20 customers or more" in caplog.text
    assert "none@" not in caplog.text


@pytest.mark.parametrize("typed", ["", "mari", "a@b;c@d.ee", f"{MARI_AT};x@example.ee", "a\0@b.ee"])
def test_what_is_no_address_is_said_at_the_field(erply: Sandbox, typed: str) -> None:
    answer = ask(typed)
    assert (answer.status_code, list(errors(answer))) == (200, ["email"])
    assert erply.calls == []


@pytest.mark.parametrize("typed", [MARI_AT, UNKNOWN])
def test_an_outage_is_said_and_the_form_comes_back_filled_in(
    erply: Sandbox, mailoutbox: list[Any], typed: str
) -> None:
    warm(erply)
    erply.fault("http", status=502)
    answer = ask(typed)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert form_of(answer).fields["email"] == typed
    assert mailoutbox == []


def test_without_an_address_for_links_nothing_is_asked_and_nobody_is_mailed(
    erply: Sandbox, mailoutbox: list[Any], settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    configure(settings, SITE_URL="")
    assert ask().status_code == ask(UNKNOWN).status_code == 503
    assert (erply.calls, mailoutbox) == ([], [])
    assert "ERPLY_AUTH['SITE_URL'] is not set" in caplog.text
    settings.DEBUG = True
    ask()
    assert f"http://127.0.0.1:8000{RESET}" in mailoutbox[0].body


def test_the_site_may_live_below_a_path(
    erply: Sandbox, mailoutbox: list[Any], settings: Any
) -> None:
    configure(settings, SITE_URL="https://example.com/shop/")
    ask()
    assert f"https://example.com/shop{RESET}" in mailoutbox[0].body


def test_the_login_page_leads_there(client: Client) -> None:
    assert f'href="{RESET}"' in page(client.get(LOG_IN))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_password2": "Another-one-1"}, "new_password2"),
        ({"new_password1": ""}, "new_password1"),
        ({"new_password1": "Ab1-xyz", "new_password2": "Ab1-xyz"}, "new_password1"),
        ({"new_password1": "a\x01bcdefgh1", "new_password2": "a\x01bcdefgh1"}, "new_password1"),
    ],
)
def test_what_django_refuses_leaves_the_link_as_it_is(
    erply: Sandbox, mailoutbox: list[Any], changes: dict[str, str], field: str
) -> None:
    path = reset_link(mailoutbox)
    answer = Client().post(path, BOTH_NEW | changes)
    assert (answer.status_code, list(errors(answer))) == (200, [field])
    assert writes(erply) == []
    assert Client().post(path, BOTH_NEW).status_code == 302


@pytest.mark.parametrize("code", [1100, 1101, 1102, 1103, 1196])
def test_erplys_verdict_stands_at_the_field_and_the_link_still_works(
    erply: Sandbox, mailoutbox: list[Any], code: int
) -> None:
    path = reset_link(mailoutbox)
    erply.fault("error", code=code, field="password", calls="saveCustomer", times=1)
    answer = Client().post(path, BOTH_NEW)
    assert (answer.status_code, list(errors(answer))) == (200, ["new_password1"])
    assert NEW not in page(answer)
    assert mailoutbox == []
    assert Client().post(path, BOTH_NEW).status_code == 302


@pytest.mark.parametrize("call", ["getCustomers", "saveCustomer"])
def test_an_outage_uses_no_link_up_and_shows_no_password(
    erply: Sandbox, mailoutbox: list[Any], call: str
) -> None:
    path = reset_link(mailoutbox)
    erply.fault("error", code=1002, calls=call, times=1)
    answer = Client().post(path, BOTH_NEW)
    assert answer.status_code == 503
    assert "Try again" in page(answer)
    assert NEW not in page(answer)
    assert escape(NEW) not in page(answer)
    assert Client().post(path, BOTH_NEW).status_code == 302


@pytest.mark.parametrize(("performed", "status"), [(True, 302), (False, 503)])
def test_after_a_lost_answer_it_is_looked_whether_it_happened(
    erply: Sandbox, mailoutbox: list[Any], performed: bool, status: int
) -> None:
    path = reset_link(mailoutbox)
    warm(erply)
    erply.fault("reset", calls="saveCustomer", performed=performed, times=1)
    assert Client().post(path, BOTH_NEW).status_code == status
    assert names_called(erply) == ["getCustomers", "saveCustomer", "verifyCustomerUser"]
    assert len(mailoutbox) == (1 if performed else 0)
    assert Client().get(path).status_code == (404 if performed else 200)


@pytest.mark.parametrize(
    "changes",
    [
        {"webshopUsername": ""},
        {"isPOSDefaultCustomer": 1},
        {"email": "another@example.ee"},
        {"email": ""},
    ],
)
def test_a_customer_who_has_changed_meanwhile_is_refused_for_good(
    erply: Sandbox, mailoutbox: list[Any], changes: dict[str, Any]
) -> None:
    path = reset_link(mailoutbox)
    before = dict(erply.customers[MARI])
    erply.customers[MARI].update(changes)
    since = newest_entry()
    answer = Client().post(path, BOTH_NEW)
    assert answer.status_code == 404
    assert "This link does not work" in page(answer)
    assert forms_of(answer) == []
    assert log_after(since) == [(MARI, "update", "password", PURPOSE, "visitor", "failed")]
    erply.customers[MARI].update(before)
    assert Client().post(path, BOTH_NEW).status_code == 404
    assert (writes(erply), mailoutbox) == ([], [])


def test_a_customer_who_is_gone_is_refused(erply: Sandbox, mailoutbox: list[Any]) -> None:
    path = reset_link(mailoutbox)
    del erply.customers[MARI]
    assert Client().post(path, BOTH_NEW).status_code == 404


def test_a_customer_with_a_new_user_name_is_the_same_customer(
    erply: Sandbox, mailoutbox: list[Any]
) -> None:
    path = reset_link(mailoutbox)
    erply.customers[MARI]["webshopUsername"] = "renamed"
    assert Client().post(path, BOTH_NEW).status_code == 302


def test_asking_again_makes_the_older_link_void(erply: Sandbox, mailoutbox: list[Any]) -> None:
    older, newer = reset_link(mailoutbox), reset_link(mailoutbox)
    assert Client().get(older).status_code == 404
    assert Client().post(older, BOTH_NEW).status_code == 404
    assert Client().post(newer, BOTH_NEW).status_code == 302
    assert ResetLink.objects.count() == 0


def test_links_that_nobody_used_are_forgotten(erply: Sandbox, mailoutbox: list[Any]) -> None:
    reset_link(mailoutbox)
    assert str(ResetLink.objects.get()) == "100100/15"
    ResetLink.objects.update(expires_at="2020-01-01T00:00:00Z")
    ask(UNKNOWN)
    assert not ResetLink.objects.exists()


def test_an_unknown_address_costs_few_statements(erply: Sandbox, mailoutbox: list[Any]) -> None:
    with statements_of_the_app() as statements:
        assert ask(UNKNOWN).status_code == 302
    assert len(statements) == 4  # entry, outcome, and the expired links of both kinds
