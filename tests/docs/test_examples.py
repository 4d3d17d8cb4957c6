"""What the pages show of commands, costs and the log is what really happens."""

import datetime
import io
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from erply_auth.connection import registry
from erply_auth.models import Activity, Erasure, Outcome, ProcessingEntry, ProcessingOutcome
from erply_auth.processing import CARD_FIELDS, CONTACT_FIELDS, RECORD_FIELDS, Purpose
from erply_auth.sandbox import Sandbox
from tests.app.tampering import change, write
from tests.docs.pages import DOCS, snippet
from tests.docs.tables import code, rows

COMMANDS = DOCS / "reference" / "commands.md"
SITE = "http://127.0.0.1:8090/"
NEWCOMER = {"username": "uku", "email": "u@example.ee", "first_name": "U", "last_name": "U"}
ADDRESS = {"type_id": "2", "country": "EE", "street": "Uus 3", "city": "Tartu"}


def shown(label: str, sandbox: Sandbox, page: Path = COMMANDS) -> list[tuple[list[str], str]]:
    """The commands of an example, each with what it prints."""
    text = snippet(page, label).replace(SITE, sandbox.url.removesuffix("api/"))
    found = re.findall(r"^\$ python manage\.py (.+)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
    return [(command.split(), output) for command, output in found]


def printed(*command: str) -> str:
    output = io.StringIO()
    try:
        call_command(*command, stdout=output)
    except CommandError as error:
        output.write(f"CommandError: {error}\n")
    return output.getvalue()


@pytest.mark.parametrize("label", ["erply_check", "erply_setup"])
def test_a_command_prints_what_its_page_shows(label: str, erply_sandbox: Sandbox) -> None:
    for command, output in shown(label, erply_sandbox):
        assert printed(*command) == output


def test_a_refused_api_user_reads_as_its_page_shows(erply_sandbox: Sandbox, settings: Any) -> None:
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "PASSWORD": "another one"}
    ((command, output),) = shown("erply_check refused", erply_sandbox)
    assert printed(*command).startswith(output)
    assert printed(*command).endswith("CommandError: Members cannot log in.\n")


@pytest.mark.parametrize(("label", "api"), [("moved", "auto"), ("stuck", "classic")])
def test_an_account_that_has_moved_reads_as_its_page_shows(
    label: str, api: str, erply_sandbox: Sandbox, settings: Any
) -> None:
    erply_sandbox.classic_registry_gone = True
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "CUSTOMER_API": api, "ADDRESS_API": api}
    ((command, output),) = shown(f"erply_check {label}", erply_sandbox, DOCS / "crm.md")
    said = printed(*command).splitlines()
    assert [line for line in said if line in output.splitlines()] == output.splitlines()


@pytest.mark.django_db(reset_sequences=True)
def test_the_log_prints_as_its_page_shows(client: Client, erply_sandbox: Sandbox) -> None:
    log_in(client)
    ((command, output),) = shown("erply_processing_log", erply_sandbox)
    moment = re.compile(r'"at": "[^"]+"')
    assert moment.sub("", printed(*command)) == moment.sub("", output)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("label", ["erply_sync_members", "erply_deliver_log"])
def test_a_command_about_members_prints_what_its_page_shows(
    label: str, client: Client, erply_sandbox: Sandbox
) -> None:
    log_in(client)
    for command, output in shown(label, erply_sandbox):
        assert printed(*command) == output


@pytest.mark.django_db(reset_sequences=True)
def test_verifying_and_pruning_print_as_their_page_shows(erply_sandbox: Sandbox) -> None:
    ids = [write(ago=datetime.timedelta(days=400), activity="update") for _ in range(3)]
    for label in ("erply_verify_log", "erply_prune_log"):
        for command, output in shown(label, erply_sandbox):
            assert printed(*command) == output
    assert ids == [1, 2, 3]


@pytest.mark.django_db(reset_sequences=True)
def test_a_changed_entry_is_named_as_the_page_shows(erply_sandbox: Sandbox) -> None:
    ids = [write() for _ in range(3)]
    change(ProcessingEntry, ids[1], "actor", "nobody")
    ((command, output),) = shown("erply_verify_log tampered", erply_sandbox)
    assert printed(*command) == output


def log_in(client: Client, who: str = "person", password: str = "") -> None:
    credentials = {"username": who, "password": password or f"Sandbox-{who}-1"}
    assert client.post("/account/login/", credentials).status_code == 302


def opened(client: Client, path: str) -> str:
    """The hidden field of the form at that address."""
    found = re.search(r'name="opened" value="([^"]+)"', client.get(path).content.decode())
    assert found
    return found[1]


class Tour:
    """A member's walk through all pages, and what each page cost."""

    def __init__(self, client: Client, sandbox: Sandbox) -> None:
        self.client = client
        self.sandbox = sandbox
        self.costs: dict[str, list[str]] = {}

    def step(self, page: str, path: str, form: dict[str, str] | None = None) -> None:
        url = f"/account/{path}"
        before = len(self.sandbox.calls)
        answer = self.client.get(url) if form is None else self.client.post(url, form)
        assert answer.status_code == (200 if form is None else 302), (page, answer.content.decode())
        self.costs[page] = [call.name for call in self.sandbox.calls[before:]]

    def save(self, page: str, path: str, form: dict[str, str]) -> None:
        self.step(page, path, {"opened": opened(self.client, f"/account/{path}"), **form})

    def mailed(self) -> str:
        """The path of the link in the last mail."""
        found = re.search(r"https://\S+/account/(\S+)", mail.outbox[-1].body)
        assert found
        return found[1]

    def walk(self) -> None:
        secret, new = "Sandbox-person-1", "Uus-parool-77"
        call_command("erply_setup", stdout=io.StringIO())
        registry().groups()
        log_in(self.client)
        for path in ("", "addresses/add/"):  # What is kept of the account is read here.
            self.client.get(f"/account/{path}")
        self.step("log-in", "login/", {"username": "person", "password": secret})
        self.step("overview", "")
        self.step("profile", "profile/")
        self.save("profile, saved", "profile/", {"phone": "+372 600 0016"})
        other = {"email": "mari@example.com", "current_password": secret}
        self.save("profile, saved with another e-mail", "profile/", other)
        self.save("profile, saved with nothing changed", "profile/", {})
        self.step("addresses", "addresses/")
        self.step("new address, form", "addresses/add/")
        self.step("new address, saved", "addresses/add/", ADDRESS | {"postal_code": "50409"})
        self.step("address, form", "addresses/102/")
        self.save("address, saved", "addresses/102/", {"street": "Uus 4"})
        self.step("address, removed", "addresses/102/delete/", {})
        self.step("password, form", "password/")
        passwords = {"old_password": secret, "new_password1": new, "new_password2": new}
        self.step("password, saved", "password/", passwords)
        self.step("reset of a password, asked for", "password/reset/", {"email": other["email"]})
        self.step("reset of a password, done", self.mailed(), passwords)
        self.step("registration, asked for", "register/", NEWCOMER)
        self.step("registration, done", self.mailed(), {"password1": new, "password2": new})
        log_in(self.client, password=new)  # A reset has ended all sessions.
        self.step("privacy", "privacy/")
        self.step("export, form", "privacy/export/")
        assert self.client.post("/account/privacy/export/", {"password": new}).getvalue()
        self.erase(new)
        log_in(self.client, "contact")
        self.step("addresses, for a contact person", "addresses/")

    def erase(self, password: str) -> None:
        """One address is left, and a document refers to the customer, who owes nothing."""
        record = self.sandbox.customers[15]
        record["documents"] = 1
        for number in [n for n, one in self.sandbox.addresses.items() if one["ownerID"] == 15][1:]:
            del self.sandbox.addresses[number]
        self.step("deletion, what would happen", "privacy/delete/")
        form = {"password": password}
        self.step("deletion, emptied with one address", "privacy/delete/", form)


@pytest.fixture
def tour(
    client: Client, erply_sandbox: Sandbox, settings: Any, transactional_db: None
) -> Callable[[], Tour]:
    # The CRM API does not tell what somebody owes.
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "CARD_SECONDS": 0, "ERASE_DEBTORS": True}

    def walk() -> Tour:
        made = Tour(client, erply_sandbox)
        made.walk()
        return made

    return walk


@pytest.mark.parametrize(("api", "name"), [("classic", "costs"), ("crm", "crm costs")])
def test_every_page_costs_what_its_table_says(
    api: str, name: str, tour: Callable[[], Tour], settings: Any
) -> None:
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "CUSTOMER_API": api, "ADDRESS_API": api}
    table = rows((DOCS / "erply.md").read_text(), name)
    assert {page: code(calls) for page, calls in table} == tour().costs


def test_every_purpose_is_documented_with_its_activities(tour: Callable[[], Tour]) -> None:
    tour()
    printed("erply_sync_members")
    text = (DOCS / "gdpr.md").read_text()
    documented: dict[str, set[str]] = {}
    for name, activities, *_rest in rows(text, "purposes"):
        # A further line of the same purpose has no name.
        documented.setdefault(name or list(documented)[-1], set()).update(code(activities))
    assert list(documented) == Purpose.values
    written: dict[str, set[str]] = {}
    for purpose, activity in ProcessingEntry.objects.values_list("purpose", "activity"):
        written.setdefault(purpose, set()).add(activity)
    assert documented == written
    assert f"`{','.join(CARD_FIELDS)}`" in text
    assert f"`{','.join(CONTACT_FIELDS)}`" in text
    assert set(CARD_FIELDS) - set(RECORD_FIELDS) == {"address"}
    assert "The record is the card without `address`." in text


@pytest.mark.django_db
def test_what_erply_is_to_be_told_of_an_entry_is_documented() -> None:
    rest = {"at": timezone.now(), "customer_id": 15, "purpose": "", "actor": "member"}
    table = rows((DOCS / "gdpr.md").read_text(), "states")
    seen = set()
    for kinds, (api, *_), ends, (state,) in [[code(c) or [c] for c in row] for row in table]:
        for activity, outcome in itertools.product(kinds, ends):
            for kind in Activity.values if activity == "any" else [activity]:
                for end in Outcome.values if outcome == "any" else [outcome]:
                    entry = ProcessingEntry.objects.create(activity=kind, **rest)
                    if end != Outcome.UNKNOWN:
                        used = api if api in ("classic", "crm") else ""
                        row = {"outcome": end, "api": used, "at": rest["at"]}
                        ProcessingOutcome.objects.create(entry=entry, **row)
                    read = ProcessingEntry.objects.get(pk=entry.pk)
                    assert (read.outcome, read.erply_state) == (end, state)
                    seen.add((kind, used if end != Outcome.UNKNOWN else None, end))
    changes = set(Activity.values) - {Activity.READ}
    ends = {Outcome.DONE, Outcome.FAILED}
    assert seen >= set(itertools.product(changes, ("", "classic", "crm"), ends))
    assert seen >= {(kind, None, Outcome.UNKNOWN) for kind in Activity.values}


def test_the_actor_of_a_contact_person_reads_as_documented(tour: Callable[[], Tour]) -> None:
    tour()
    entry = ProcessingEntry.objects.latest("pk")
    assert (entry.customer_id, entry.actor) == (20, "member:21")
    assert "`member:21`" in (DOCS / "gdpr.md").read_text()


@pytest.mark.django_db
def test_erasures_are_resumed_as_their_page_shows(erply_sandbox: Sandbox) -> None:
    erply_sandbox.customers[30]["documents"] = 1
    now = timezone.now()
    for customer_id in (15, 30):
        Erasure.objects.create(
            client_code="100100", customer_id=customer_id, plan="delete", started_at=now
        )
    ((command, output),) = shown("erply_resume_erasures", erply_sandbox)
    assert printed(*command) == output
