"""An account deleted: in Erply where it can be, emptied where it cannot, and always to the end."""

import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.models.signals import post_save
from django.test import Client
from django.utils import timezone

from erply_auth.models import Erasure, Member, ProcessingEntry
from erply_auth.sandbox import Sandbox
from erply_auth.services import erasure
from erply_auth.signals import member_erased
from tests.app.support import (
    an_hour_later,
    configure,
    everything_stored,
    hurry,
    log_in,
    names_called,
    table_gone,
)

from .support import (
    DELETE_ACCOUNT,
    KALLE,
    MARI,
    OVERVIEW,
    entries,
    errors,
    form_of,
    newest,
    opened,
    page,
    said,
    writes,
)

pytestmark = pytest.mark.django_db

SECRET = {"mari": "Sandbox-person-1", "kalle": "Sandbox-gold-1"}
PERSONAL = (
    *("firstName", "gender", "phone", "mobile", "email", "fax", "code", "vatNumber", "skype"),
    *("website", "webshopUsername", "bankName", "bankAccountNumber", "bankIBAN", "bankSWIFT"),
    *("notes", "birthday"),
)


@pytest.fixture
def kalle(enter: Any, erply: Sandbox, db: None) -> Client:
    """Kalle Kuld, who owes nothing any more, and to whom invoices refer."""
    erply.customers[KALLE] |= {"actualBalance": 0, "fax": "1", "skype": "kuld", "notes": "Rich."}
    erply.customers[KALLE]["attributes"] = [
        {"attributeName": "shoeSize", "attributeType": "int", "attributeValue": "46"},
        {"attributeName": "empty", "attributeType": "text", "attributeValue": ""},
    ]
    erply.add_address(ownerID=KALLE, typeID=2, street="Kulla 1", city="Tallinn")
    client: Client = enter("gold")
    return client


def erase(client: Client, password: str = "", **more: str) -> Any:
    return client.post(DELETE_ACCOUNT, {"password": password or SECRET["mari"]} | more)


def resume() -> str:
    output = io.StringIO()
    try:
        call_command("erply_resume_erasures", stdout=output)
    except CommandError as error:
        output.write(f"CommandError: {error}")
    return output.getvalue()


def is_gone(erply: Sandbox) -> None:
    assert MARI not in erply.customers
    assert [one for one in erply.addresses.values() if one["ownerID"] == MARI] == []


def is_empty(erply: Sandbox, customer_id: int = KALLE) -> None:
    record = erply.customers[customer_id]
    assert {name: record[name] for name in PERSONAL if record[name]} == {}
    assert (record["lastName"], record["emailOptOut"]) == ("Deleted customer", 1)
    assert record["password"] not in ("", *SECRET.values())
    assert [one for one in record["attributes"] if one["attributeValue"]] == []
    left = [one for one in erply.addresses.values() if one["ownerID"] == customer_id]
    assert [one for one in left if one["street"] or one["city"] or one["country"]] == []
    assert record["groupID"]


def is_closed(customer_id: int) -> None:
    member = Member.objects.select_related("user").get(customer_id=customer_id)
    assert member.closed_at
    assert (member.name, member.username) == ("", "")
    assert not member.user.is_active
    assert not member.user.has_usable_password()
    (row,) = Erasure.objects.filter(customer_id=customer_id)
    assert row.finished_at
    assert row.notice_to == ""


def test_who_owes_nothing_is_deleted_and_told_so(
    mari: Client, enter: Any, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    phone = enter("person")
    since = newest()
    erply.calls.clear()
    answer = erase(mari)
    assert names_called(erply) == [
        *("getCustomers", "verifyCustomerUser", "getCustomers", "deleteCustomer"),
    ]
    assert answer["Location"] == "/account/login/"
    assert "Your customer record is deleted" in said(mari, answer)
    is_gone(erply)
    is_closed(MARI)
    assert entries(since) == [(MARI, "read", "done"), (MARI, "delete", "done")]
    assert mari.get(OVERVIEW).status_code == phone.get(OVERVIEW).status_code == 302
    assert log_in(Client()).status_code == 200
    (mail,) = mailoutbox
    assert mail.to == ["mari.maasikas@example.ee"]
    assert "has been deleted" in mail.body


def test_whom_invoices_refer_to_is_emptied_and_told_so(
    kalle: Client, enter: Any, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    phone = enter("gold")
    since = newest()
    answer = erase(kalle, SECRET["kalle"])
    assert "Your record had to stay" in said(kalle, answer)
    is_empty(erply)
    is_closed(KALLE)
    assert entries(since) == [
        *((KALLE, "read", "done"), (KALLE, "delete", "failed"), (KALLE, "update", "done")),
        *((KALLE, "read", "done"), (KALLE, "delete", "done"), (KALLE, "delete", "done")),
    ]
    assert phone.get(OVERVIEW).status_code == 302
    assert log_in(Client(), "gold").status_code == 200
    assert len(mailoutbox) == 2
    assert "closed" in mailoutbox[0].body


def test_a_shop_may_always_empty(mari: Client, erply: Sandbox, settings: Any) -> None:
    configure(settings, ERASURE="empty", ERASED_NAME=" Nobody ")
    assert "Your record stays" in page(mari.get(DELETE_ACCOUNT))
    assert "Your record had to stay" in said(mari, erase(mari))
    assert erply.calls_of("deleteCustomer") == []
    assert erply.customers[MARI]["lastName"] == "Nobody"


@pytest.mark.parametrize("api", ["classic", "crm"])
def test_both_apis_empty_alike(kalle: Client, erply: Sandbox, settings: Any, api: str) -> None:
    configure(settings, CUSTOMER_API=api, ADDRESS_API=api, ERASE_DEBTORS=True)
    assert erase(kalle, SECRET["kalle"]).status_code == 302
    if api == "crm":  # It knows no attributes.
        erply.customers[KALLE]["attributes"] = []
    is_empty(erply)
    is_closed(KALLE)


def test_a_company_that_may_is_emptied_too(enter: Any, erply: Sandbox, settings: Any) -> None:
    configure(settings, ERASE_COMPANIES=True, ERASE_DEBTORS=True)
    client = enter("company")
    assert erase(client, "Sandbox-company-1").status_code == 302
    record = erply.customers[20]
    assert record["companyName"] == "Deleted customer"
    assert [record[name] for name in ("vatNumber", "code", "email", "bankIBAN", "phone")] == [
        ""
    ] * 5
    # Whoever acts for it is another customer.
    assert erply.customers[21]["firstName"] == "Peeter"


def test_the_log_stays_and_nothing_else_knows_the_member(mari: Client, erply: Sandbox) -> None:
    user = Member.objects.get(customer_id=MARI).user
    get_user_model().objects.filter(pk=user.pk).update(first_name="Mari", email="mari@example.ee")
    before = ProcessingEntry.objects.filter(customer_id=MARI).count()
    erase(mari)
    assert ProcessingEntry.objects.filter(customer_id=MARI).count() == before + 2
    stored = {table: rows for table, rows in everything_stored().items() if "Mari" in rows}
    assert stored == {}
    assert "example.ee" not in repr(everything_stored())


def test_hosts_are_told_to_erase_what_they_keep(mari: Client, erply: Sandbox) -> None:
    heard: list[tuple[str, int]] = []

    def hear(client_code: str, customer_id: int, member: Member, **kwargs: Any) -> None:
        assert member.closed_at
        heard.append((client_code, customer_id))

    member_erased.connect(hear)
    try:
        erase(mari)
    finally:
        member_erased.disconnect(hear)
    assert heard == [("100100", MARI)]


@pytest.mark.parametrize("password", ["", "wrong", "Sandbox-gold-1", "x" * 256, "a\x00b"])
def test_without_the_password_nothing_happens(
    mari: Client, erply: Sandbox, mailoutbox: list[Any], password: str
) -> None:
    answer = mari.post(DELETE_ACCOUNT, {"password": password})
    assert answer.status_code == 200
    assert set(errors(answer)) == {"password"}
    assert "Delete my account" in page(answer)
    assert writes(erply) == mailoutbox == []
    assert not Erasure.objects.exists()
    assert mari.get(OVERVIEW).status_code == 200


@pytest.mark.parametrize("who", ["company", "contact", "gold"])
@pytest.mark.parametrize("email", ["privacy@shop.example", ""])
def test_companies_contact_persons_and_debtors_ask_the_shop(
    enter: Any, erply: Sandbox, settings: Any, mailoutbox: list[Any], who: str, email: str
) -> None:
    configure(settings, PRIVACY_EMAIL=email)
    client = enter(who)
    text = page(client.get(DELETE_ACCOUNT))
    assert "Send the request" in text
    assert ("write to privacy@shop.example" in text) is bool(email)
    for _ in range(2):  # Once a day is enough.
        answer = erase(client, f"Sandbox-{who}-1", told="request")
        assert answer["Location"] == "/account/privacy/"
    assert ("the shop has been told" if email else "contact the shop yourself") in said(
        client, answer
    )
    assert writes(erply) == []
    (row,) = Erasure.objects.all()
    assert (row.plan, row.outcome) == ("request", "requested")
    assert client.get(OVERVIEW).status_code == 200
    assert resume() == ""
    assert [mail.to for mail in mailoutbox] == ([[email]] if email else [])
    for mail in mailoutbox:
        assert str(row.customer_id) in mail.subject
        assert "example.ee" not in mail.body


def test_a_day_later_the_shop_is_asked_again(
    enter: Any, settings: Any, mailoutbox: list[Any]
) -> None:
    configure(settings, PRIVACY_EMAIL="privacy@shop.example")
    client = enter("gold")
    erase(client, SECRET["kalle"])
    Erasure.objects.update(finished_at=timezone.now() - timezone.timedelta(days=2))
    erase(client, SECRET["kalle"])
    assert len(mailoutbox) == 2


@pytest.mark.parametrize(
    ("balance", "words"),
    [({}, "cannot tell from here"), ({"CUSTOMER_API": "classic"}, "You still owe")],
)
def test_a_balance_that_is_not_told_is_not_guessed(
    enter: Any, erply: Sandbox, settings: Any, balance: dict[str, str], words: str
) -> None:
    configure(settings, **{"CUSTOMER_API": "crm", **balance})
    client = enter("gold")
    assert words in page(client.get(DELETE_ACCOUNT))
    assert erase(client, SECRET["kalle"])["Location"] == "/account/privacy/"
    assert writes(erply) == []


def test_a_shop_may_always_be_asked(
    mari: Client, erply: Sandbox, settings: Any, mailoutbox: list[Any]
) -> None:
    configure(settings, ERASURE="request", PRIVACY_EMAIL="privacy@shop.example")
    assert "The shop deletes accounts itself" in page(mari.get(DELETE_ACCOUNT))
    assert erase(mari)["Location"] == "/account/privacy/"
    assert "its settings leave it to you" in mailoutbox[0].body


def test_a_request_that_cannot_be_mailed_is_not_made(
    enter: Any, settings: Any, mailoutbox: list[Any]
) -> None:
    configure(settings, PRIVACY_EMAIL="privacy@shop.example")
    settings.EMAIL_BACKEND = "tests.selfservice.mailing.Refusing"
    client = enter("gold")
    answer = erase(client, SECRET["kalle"], told="request")
    assert answer.status_code == 503
    assert "could not be sent" in page(answer)
    assert "Send the request" in page(answer)
    assert not Erasure.objects.exists()


def test_what_the_member_was_not_told_does_not_happen(mari: Client, erply: Sandbox) -> None:
    erply.customers[MARI]["actualBalance"] = 10
    told = opened(mari, DELETE_ACCOUNT)
    assert told["told"] == "request"
    erply.customers[MARI]["actualBalance"] = 0
    answer = mari.post(DELETE_ACCOUNT, told | {"password": SECRET["mari"]})
    assert answer.status_code == 200
    assert "Please read this again" in page(answer)
    assert writes(erply) == []
    again = form_of(answer).fields | {"password": SECRET["mari"]}
    assert again["told"] == "delete"
    assert mari.post(DELETE_ACCOUNT, again).status_code == 302
    is_gone(erply)


def test_credit_that_would_be_lost_is_pointed_out(mari: Client) -> None:
    assert "12.50" in page(mari.get(DELETE_ACCOUNT))


@pytest.mark.parametrize("row", [{"outcome": "deleted", "finished_at": timezone.now()}, {}])
def test_a_deletion_that_was_sent_twice_is_told_as_one(
    mari: Client, erply: Sandbox, mailoutbox: list[Any], row: dict[str, Any]
) -> None:
    """The second finds the record gone; by then the first may or may not have said so here."""
    given = opened(mari, DELETE_ACCOUNT) | {"password": SECRET["mari"]}
    found = {"client_code": "100100", "customer_id": MARI, "plan": "delete"}
    begun = found | {"started_at": timezone.now()} | row

    def first(**kwargs: Any) -> None:
        post_save.disconnect(first, sender=ProcessingEntry)
        Erasure.objects.create(**begun)

    del erply.customers[MARI]
    post_save.connect(first, sender=ProcessingEntry)
    answer = mari.post(DELETE_ACCOUNT, given)
    assert "Your customer record is deleted" in said(mari, answer)
    assert mailoutbox == []
    assert mari.get(OVERVIEW).status_code == 302
    assert resume() == ""


@pytest.mark.parametrize(
    ("username", "words"),
    [("person", "12.50"), ("gold", "You still owe"), ("company", "account of a company")],
)
def test_after_a_wrong_password_the_page_says_what_it_said_before(
    enter: Any, username: str, words: str
) -> None:
    client = enter(username)
    first = client.get(DELETE_ACCOUNT)
    again = client.post(DELETE_ACCOUNT, form_of(first).fields | {"password": "wrong"})
    assert words in page(first)
    assert words in page(again)
    assert errors(again) == {"password": "This is not your current password."}


# What becomes of the calls of an erasure, and whether the write had happened by then.
FAULTS: dict[str, dict[str, Any]] = {
    "down": {"kind": "error", "code": 1000},
    "quota": {"kind": "error", "code": 1002},
    "lost before": {"kind": "reset"},
    "lost after": {"kind": "reset", "performed": True},
    "half": {"kind": "half"},
}
CALLS = ("deleteCustomer", "saveCustomer", "getAddresses", "deleteAddress")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("then", ["command", "member"])
def test_an_erasure_cut_short_at_any_call_is_finished(
    kalle: Client,
    erply: Sandbox,
    settings: Any,
    mailoutbox: list[Any],
    fault: str,
    call: str,
    then: str,
) -> None:
    erply.fault(calls=call, **FAULTS[fault])
    answer = erase(kalle, SECRET["kalle"])
    if answer.status_code == 503:
        assert "is not finished yet" in page(answer)
        assert answer["Retry-After"] == "10"
        assert form_of(answer).names == ["csrfmiddlewaretoken"]
        assert mailoutbox == []
        assert "is not finished yet" in page(kalle.get(DELETE_ACCOUNT))
        assert "CommandError: Unfinished: 1." in resume() or not Erasure.objects.filter(
            finished_at=None
        )
        erply.clear_faults()
        an_hour_later(settings)
        if then == "command":
            resume()
        elif Erasure.objects.filter(finished_at=None):
            assert kalle.post(DELETE_ACCOUNT, {}).status_code == 302
    is_empty(erply)
    is_closed(KALLE)
    assert kalle.get(OVERVIEW).status_code == 302
    assert len(mailoutbox) == 2
    assert resume() == ""


def test_who_is_gone_in_erply_already_is_told_so(mari: Client, erply: Sandbox) -> None:
    del erply.customers[MARI]
    assert erase(mari).status_code == 404
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_deletion_cut_short_is_finished(mari: Client, erply: Sandbox, fault: str) -> None:
    erply.fault(calls="deleteCustomer", **FAULTS[fault])
    answer = erase(mari)
    assert answer.status_code in (302, 503)
    erply.clear_faults()
    resume()
    is_gone(erply)
    is_closed(MARI)


@pytest.mark.parametrize("call", ["getCustomers", "verifyCustomerUser"])
def test_before_the_password_is_judged_nothing_has_begun(
    mari: Client, erply: Sandbox, call: str
) -> None:
    erply.fault("error", code=1000, calls=call)
    answer = erase(mari, told="delete")
    assert answer.status_code == 503
    assert "Try again" in page(answer)
    assert SECRET["mari"] not in page(answer)
    assert "is not finished yet" not in page(answer)
    assert not Erasure.objects.exists()


def test_an_answer_that_never_comes_is_looked_after(
    mari: Client, erply: Sandbox, settings: Any
) -> None:
    hurry(settings)
    erply.fault("timeout", calls="deleteCustomer", performed=True)
    assert erase(mari).status_code == 302
    is_gone(erply)


def test_a_customer_whom_somebody_else_has_deleted_is_deleted(
    kalle: Client, erply: Sandbox
) -> None:
    erply.fault("error", code=1000, calls="deleteCustomer")
    assert erase(kalle, SECRET["kalle"]).status_code == 503
    erply.clear_faults()
    erply.fault("error", code=1011, field="customerID", calls="deleteCustomer")
    assert resume() == "Customer 30: deleted\n"
    is_closed(KALLE)


@pytest.mark.parametrize("call", ["saveCustomer", "getAddresses"])
def test_a_record_that_goes_while_it_is_emptied_is_deleted(
    kalle: Client, erply: Sandbox, call: str
) -> None:
    erply.fault("error", code=1000, calls=call)
    erase(kalle, SECRET["kalle"])
    erply.clear_faults()
    del erply.customers[KALLE]
    assert resume() == "Customer 30: deleted\n"


def test_an_address_that_something_refers_to_is_emptied(kalle: Client, erply: Sandbox) -> None:
    erply.fault("error", code=1022, field="addressID", calls="deleteAddress")
    since = newest()
    assert erase(kalle, SECRET["kalle"]).status_code == 302
    assert erply.addresses[131]["typeID"]
    is_empty(erply)
    addresses = ProcessingEntry.objects.filter(pk__gt=since, fields="address")
    states = addresses.order_by("pk").values_list("activity", "outcome")
    assert list(states) == [("read", "done"), *[("delete", "failed"), ("update", "done")] * 2]


def test_an_address_that_is_gone_already_is_as_good_as_removed(
    kalle: Client, erply: Sandbox
) -> None:
    erply.fault("error", code=1011, field="addressID", calls="deleteAddress")
    assert erase(kalle, SECRET["kalle"]).status_code == 302


def test_a_field_that_erply_refuses_keeps_no_other_one_filled(
    kalle: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    erply.fault("error", code=1016, field="code", calls="saveCustomer", times=1)
    assert erase(kalle, SECRET["kalle"]).status_code == 503
    assert erply.customers[KALLE]["firstName"] == ""
    assert "saveCustomer: the request is refused (1016) [code]" in caplog.text
    assert "Unfinished" not in resume()
    is_empty(erply)


@pytest.mark.parametrize("code", [1016, 1060])
def test_what_erply_refuses_for_no_field_of_ours_waits_for_the_operator(
    kalle: Client, erply: Sandbox, code: int
) -> None:
    erply.fault("error", code=code, calls=("saveCustomer", "deleteCustomer"))
    assert erase(kalle, SECRET["kalle"]).status_code == 503
    assert f"({code})" in resume()
    assert Erasure.objects.filter(finished_at=None).exists()
    erply.clear_faults()
    resume()
    is_closed(KALLE)


def test_a_refusal_of_what_is_no_field_of_ours_waits_for_the_operator(
    kalle: Client, erply: Sandbox
) -> None:
    erply.fault("error", code=1016, field="groupID", calls="saveCustomer", times=1)
    assert erase(kalle, SECRET["kalle"]).status_code == 503
    assert erply.customers[KALLE]["firstName"] == "Kalle"
    assert resume() == "Customer 30: emptied\n"


def test_what_erply_has_done_is_not_asked_for_again(mari: Client, erply: Sandbox) -> None:
    row = {"plan": "delete", "outcome": "deleted", "started_at": timezone.now()}
    Erasure.objects.create(client_code="100100", customer_id=MARI, **row)
    assert resume() == "Customer 15: deleted\n"
    assert names_called(erply) == []
    is_closed(MARI)


def test_a_walk_in_customer_is_not_deleted(mari: Client, erply: Sandbox) -> None:
    erply.customers[MARI]["isPOSDefaultCustomer"] = 1
    assert erase(mari)["Location"] == "/account/login/"
    assert writes(erply) == []


def test_an_erasure_is_resumed_for_the_configured_account_only(
    mari: Client, erply: Sandbox, settings: Any
) -> None:
    row = {"plan": "delete", "started_at": timezone.now(), "customer_id": KALLE}
    Erasure.objects.create(client_code="999", **row)
    assert resume() == ""
    assert writes(erply) == []


def test_a_member_whose_link_is_gone_is_finished_all_the_same(mari: Client, erply: Sandbox) -> None:
    erply.fault("error", code=1000, calls="deleteCustomer")
    erase(mari)
    erply.clear_faults()
    get_user_model().objects.all().delete()
    assert resume() == "Customer 15: deleted\n"
    is_gone(erply)


def test_who_acts_in_the_log_is_the_command_that_finished_it(mari: Client, erply: Sandbox) -> None:
    erply.fault("error", code=1000, calls="deleteCustomer")
    erase(mari)
    erply.clear_faults()
    resume()
    entry = ProcessingEntry.objects.latest("pk")
    assert (entry.activity, entry.actor) == ("delete", "command:erply_resume_erasures")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "table", ["erply_auth_erasure", "erply_auth_processingentry", "erply_auth_processingoutcome"]
)
def test_without_a_database_nothing_is_lost(mari: Client, erply: Sandbox, table: str) -> None:
    with table_gone(table):
        assert erase(mari).status_code == 503
        assert writes(erply) == []
        if table == "erply_auth_erasure":
            assert "CommandError" in resume()
    assert erase(mari).status_code == 302
    is_gone(erply)


@pytest.mark.django_db(transaction=True)
def test_a_log_that_fails_over_the_deletion_leaves_it_to_be_finished(
    mari: Client, erply: Sandbox
) -> None:
    erply.fault("error", code=1000, calls="deleteCustomer")
    assert erase(mari).status_code == 503
    erply.clear_faults()
    with table_gone("erply_auth_processingoutcome"):
        assert "cannot be written" in resume()
    is_gone(erply)
    assert resume() == "Customer 15: deleted\n"
    is_closed(MARI)


def test_whoever_was_erased_while_a_request_waits_is_no_request_any_more(
    mari: Client, erply: Sandbox
) -> None:
    erply.customers[MARI]["actualBalance"] = 10
    erase(mari)
    erply.customers[MARI]["actualBalance"] = 0
    assert "deleted" in said(mari, erase(mari))
    assert erasure.unfinished(Member.objects.get(customer_id=MARI)) is None
    is_closed(MARI)
