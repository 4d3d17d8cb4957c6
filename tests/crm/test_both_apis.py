"""The contract: whichever API serves, members see the same, Erply holds the same, the log says
the same. Later issues add their flows to SCENARIOS.
"""

from collections.abc import Callable
from typing import Any

import pytest

from erply_auth.models import ErplyState, Member
from erply_auth.sandbox import Sandbox

from .support import CLASSIC_ONLY, DEPRECATED, Browser, Outcome, configure, run

pytestmark = pytest.mark.django_db

NEW_ADDRESS = {
    "type_id": "2",
    "street": "Uus 1",
    "city": "Tartu",
    "postal_code": "50002",
    "country": "EE",
}


def looks_around(browser: Browser, erply: Sandbox) -> None:
    for path in ("", "profile/", "addresses/", "password/"):
        assert browser.get(path).status_code == 200


def edits(**fields: str) -> Callable[[Browser, Sandbox], None]:
    def edit(browser: Browser, erply: Sandbox) -> None:
        assert browser.send("profile/", **fields).status_code == 302
        for path in ("", "profile/"):
            browser.get(path)

    return edit


def changes_nothing(browser: Browser, erply: Sandbox) -> None:
    browser.send("profile/")
    browser.send("addresses/101/")


def changes_the_email(browser: Browser, erply: Sandbox) -> None:
    password = "Sandbox-gold-1"
    assert browser.send("profile/", email="new@example.ee").status_code == 200
    wrong = browser.send("profile/", email="new@example.ee", current_password="wrong")
    assert wrong.status_code == 200
    right = browser.send("profile/", email="new@example.ee", current_password=password)
    assert right.status_code == 302
    browser.get("profile/")


def is_refused_a_value(browser: Browser, erply: Sandbox) -> None:
    assert browser.send("profile/", last_name="x" * 256).status_code == 200
    assert browser.send("addresses/101/", postal_code="1" * 17).status_code == 200


def is_refused_by_erply(browser: Browser, erply: Sandbox) -> None:
    """Whatever our form lets pass, Erply blames by its own name of the field."""
    for calls, field in (
        ("saveCustomer", "mobile"),
        ("PATCH v1/customers/individuals", "mobile"),
        ("saveAddress", "postalCode"),
        ("PATCH v1/addresses", "postCode"),
    ):
        erply.fault("error", calls=calls, code=1016, field=field)
    assert browser.send("profile/", mobile="+372 5500 1111").status_code == 200
    assert browser.send("addresses/101/", postal_code="50001").status_code == 200


def meets_somebody_else_s_change(browser: Browser, erply: Sandbox) -> None:
    held = browser.open("profile/")
    erply.customers[15]["mobile"] = "+372 5555 5555"
    assert browser.post("profile/", held, mobile="+372 5500 1111").status_code == 200
    held = browser.open("addresses/101/")
    erply.addresses[101]["city"] = "Elva"
    assert browser.post("addresses/101/", held, city="Narva").status_code == 200


def changes_the_password(browser: Browser, erply: Sandbox) -> None:
    def send(old: str, new: str) -> int:
        return browser.send(
            "password/", old_password=old, new_password1=new, new_password2=new
        ).status_code

    assert send("wrong", "Uus-parool-2026") == 200
    assert send("Sandbox-person-1", "Uus-parool-2026") == 302
    assert erply.customers[15]["password"] == "Uus-parool-2026"


def keeps_addresses(browser: Browser, erply: Sandbox) -> None:
    assert browser.send("addresses/add/", **NEW_ADDRESS).status_code == 302
    assert browser.send("addresses/add/", **NEW_ADDRESS).status_code == 200
    browser.get("addresses/")
    for field, value in {"street": "Vana 2", "type_id": "3", "country": "FI"}.items():
        assert browser.send("addresses/1001/", **{field: value}).status_code == 302
    assert browser.send("addresses/1001/", postal_code="00100", state="Uusimaa").status_code < 400
    browser.get("addresses/")
    browser.get("addresses/1001/delete/")
    assert browser.post("addresses/1001/delete/", {}).status_code == 302
    assert browser.post("addresses/1001/delete/", {}).status_code == 404
    assert browser.send("addresses/111/", city="Elva").status_code == 404
    browser.get("addresses/")


def loses_answers(browser: Browser, erply: Sandbox) -> None:
    """What was carried out although its answer was lost is looked up, and shown as done."""
    for calls in (
        ("saveCustomer", "PATCH v1/customers/individuals"),
        ("saveAddress", "POST v1/addresses", "PATCH v1/addresses"),
        ("deleteAddress", "DELETE v1/addresses"),
    ):
        erply.fault("reset", calls=calls, performed=True)
    assert browser.send("profile/", mobile="+372 5500 1111").status_code == 302
    assert browser.send("addresses/add/", **NEW_ADDRESS).status_code == 302
    assert browser.send("addresses/101/", city="Elva").status_code == 302
    assert browser.post("addresses/102/delete/", {}).status_code == 302
    browser.get("addresses/")


def is_not_heard(browser: Browser, erply: Sandbox) -> None:
    """What was not carried out is a 503 that keeps what was typed."""
    held, held_too = browser.open("profile/"), browser.open("addresses/101/")
    for calls in (
        ("saveCustomer", "PATCH v1/customers/individuals"),
        ("saveAddress", "POST v1/addresses", "PATCH v1/addresses"),
        ("deleteAddress", "DELETE v1/addresses"),
    ):
        erply.fault("http", calls=calls, status=502)
    assert browser.post("profile/", held, mobile="+372 5500 1111").status_code == 503
    assert browser.send("addresses/add/", **NEW_ADDRESS).status_code == 503
    assert browser.post("addresses/101/", held_too, city="Elva").status_code == 503
    assert browser.post("addresses/102/delete/", {}).status_code == 503


def acts_for_the_company(browser: Browser, erply: Sandbox) -> None:
    looks_around(browser, erply)
    assert browser.get("addresses/111/").status_code == 403
    edits(last_name="Pihlakas")(browser, erply)


def edits_for_the_company(browser: Browser, erply: Sandbox) -> None:
    assert browser.send("addresses/111/", street="Kuuse tee 2").status_code == 302
    assert browser.send("addresses/121/", street="not the company's").status_code == 404
    browser.get("addresses/")


def is_erased(browser: Browser, erply: Sandbox) -> None:
    browser.get("privacy/delete/")
    assert browser.post("privacy/delete/", {}, password="Sandbox-gold-1").status_code == 302
    # It is a random one.
    assert erply.customers[30].pop("password") != "Sandbox-gold-1"
    # The next Erply's customer of that number is another.
    Member.objects.filter(customer_id=30).delete()


SCENARIOS: dict[str, tuple[str, Callable[[Browser, Sandbox], None]]] = {
    **{f"{name} looks around": (name, looks_around) for name in ("person", "company", "gold")},
    **{
        f"person edits {field}": ("person", edits(**{field: value}))
        for field, value in {
            "first_name": "Marika",
            "last_name": "Vaarikas",
            "phone": "+372 600 1111",
            "mobile": "",
            "birthday": "1990-01-02",
            "gender": "",
            "email_opt_out": "on",
        }.items()
    },
    "person removes the birthday": ("person", edits(birthday="")),
    "gold takes the opt-out back": ("gold", edits(email_opt_out="off")),
    "company edits company_name": ("company", edits(company_name="Kuuse Lilled OÜ")),
    "company edits phone and opt-out": (
        "company",
        edits(phone="+372 600 1111", email_opt_out="on"),
    ),
    "nothing changed": ("person", changes_nothing),
    "e-mail": ("gold", changes_the_email),
    "refused values": ("person", is_refused_a_value),
    "values that Erply blames": ("person", is_refused_by_erply),
    "a conflict": ("person", meets_somebody_else_s_change),
    "password": ("person", changes_the_password),
    "address book": ("person", keeps_addresses),
    "lost answers": ("person", loses_answers),
    "no answer": ("person", is_not_heard),
    "an account deleted": ("gold", is_erased),
    "contact person": ("contact", acts_for_the_company),
    "contact person who may edit": ("contact", edits_for_the_company),
}


def prepare(name: str, settings: Any) -> None:
    if name == "contact person who may edit":
        configure(settings, CONTACTS_EDIT_ADDRESSES=True)
    if name == "an account deleted":
        # The CRM API does not tell what somebody owes.
        configure(settings, ERASE_DEBTORS=True)


def classic_states(outcome: Outcome) -> list[tuple[str, str, str]]:
    """The states as they are where the CRM API took what the classic one did: Erply is to be told,
    but not of what failed."""
    return [
        (activity, end, str(ErplyState.WAITING) if end == "done" else state)
        for activity, end, state in outcome.states
    ]


@pytest.mark.parametrize("mode", ["crm", "auto-after-1120"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_crm_api_serves_as_the_classic_one_does(
    mode: str, name: str, erply: Sandbox, settings: Any
) -> None:
    prepare(name, settings)
    classic = run("classic", *SCENARIOS[name], erply, settings)
    crm = run(mode, *SCENARIOS[name], erply, settings)
    assert crm.pages == classic.pages
    assert crm.records == classic.records
    assert crm.mails == classic.mails
    # A company's contact persons, whom the CRM API does not tell, have no entry there.
    contacts = {entry[0] for entry in classic.log} - {entry[0] for entry in crm.log}
    assert contacts <= {21}
    assert crm.log == [entry for entry in classic.log if entry[0] not in contacts]
    if not contacts:
        assert crm.states == classic_states(classic)


@pytest.mark.parametrize("name", SCENARIOS)
def test_with_crm_no_deprecated_call_is_made(name: str, erply: Sandbox, settings: Any) -> None:
    prepare(name, settings)
    calls = run("crm", *SCENARIOS[name], erply, settings).calls
    assert {call for call in calls if " " not in call} <= CLASSIC_ONLY
    assert any(" " in call for call in calls)


@pytest.mark.parametrize("name", SCENARIOS)
def test_with_classic_the_crm_api_is_left_alone(name: str, erply: Sandbox, settings: Any) -> None:
    prepare(name, settings)
    calls = run("classic", *SCENARIOS[name], erply, settings).calls
    assert not [call for call in calls if " " in call]


@pytest.mark.parametrize("name", SCENARIOS)
def test_one_refusal_by_the_classic_api_is_all_it_takes(
    name: str, erply: Sandbox, settings: Any
) -> None:
    prepare(name, settings)
    run("auto-after-1120", *SCENARIOS[name], erply, settings)
    assert [call.error_code for call in erply.calls].count(1120) == 1
    assert not [call for call in erply.calls if call.name in DEPRECATED and not call.error_code]
