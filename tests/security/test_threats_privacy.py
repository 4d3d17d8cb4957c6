"""Nobody reads, takes along or erases another's data by way of the privacy pages."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from erply_auth.connection import disconnect
from erply_auth.models import Erasure, ProcessingEntry
from erply_auth.sandbox import Sandbox
from tests.app.caches import kept
from tests.app.support import everything_stored, log_in, names_called

pytestmark = pytest.mark.django_db

PRIVACY = "/account/privacy/"
EXPORT, DELETE = f"{PRIVACY}export/", f"{PRIVACY}delete/"
MARI, KALLE = 15, 30
FORGED = {"customerID": "30", "customer_id": "30", "client_code": "999", "owner_id": "30"}


@pytest.fixture
def mari(erply_sandbox: Sandbox) -> Any:
    """Mari's browser; Kalle has been here, too."""
    log_in(Client(), "gold")
    client = Client()
    log_in(client)
    erply_sandbox.calls.clear()
    yield client
    disconnect()


def test_no_id_in_the_address_shows_anothers_log(mari: Client) -> None:
    entry = ProcessingEntry.objects.create(
        at=timezone.now(),
        client_code="100100",
        customer_id=KALLE,
        activity="read",
        fields="name",
        purpose="Kalle's own",
        actor="member",
    )
    for query in (f"?before={entry.pk + 1}", "?customer_id=30", "?client_code=100100&q=30"):
        assert "Kalle" not in mari.get(f"{PRIVACY}{query}").content.decode()
    for path in (f"{PRIVACY}{entry.pk}/", f"{PRIVACY}30/", f"{EXPORT}30/", f"{DELETE}30/"):
        assert mari.get(path).status_code == 404


@pytest.mark.parametrize("path", [EXPORT, DELETE])
@pytest.mark.parametrize("password", ["Sandbox-gold-1", "Sandbox-walkin-1", "webshop-sandbox"])
def test_anothers_password_opens_nothing(
    mari: Client, erply_sandbox: Sandbox, path: str, password: str
) -> None:
    answer = mari.post(path, FORGED | {"password": password, "username": "gold"})
    assert answer.status_code == 200
    assert b"This is not your current password." in answer.content
    assert not [name for name in names_called(erply_sandbox) if name.startswith(("save", "delete"))]
    assert {MARI, KALLE} <= set(erply_sandbox.customers)


def test_what_is_posted_along_erases_nobody_else(mari: Client, erply_sandbox: Sandbox) -> None:
    answer = mari.post(f"{DELETE}?customerID=30", FORGED | {"password": "Sandbox-person-1"})
    assert answer.status_code == 302
    assert MARI not in erply_sandbox.customers
    assert erply_sandbox.customers[KALLE]["firstName"] == "Kalle"


def test_anothers_unfinished_erasure_is_not_mine(mari: Client, erply_sandbox: Sandbox) -> None:
    row = {"plan": "delete", "started_at": timezone.now()}
    Erasure.objects.create(client_code="100100", customer_id=KALLE, **row)
    Erasure.objects.create(client_code="999", customer_id=MARI, **row)
    assert b"not finished yet" not in mari.get(DELETE).content
    assert mari.post(DELETE, {}).status_code == 200
    assert {MARI, KALLE} <= set(erply_sandbox.customers)


@pytest.mark.parametrize("path", [EXPORT, DELETE])
def test_a_form_of_another_site_does_nothing(
    mari: Client, erply_sandbox: Sandbox, path: str
) -> None:
    mari.handler.enforce_csrf_checks = True
    assert mari.post(path, {"password": "Sandbox-person-1"}).status_code == 403
    assert names_called(erply_sandbox) == []


@pytest.mark.parametrize("path", [PRIVACY, EXPORT, DELETE])
def test_a_stranger_is_sent_to_log_in(erply_sandbox: Sandbox, path: str) -> None:
    for answer in (Client().get(path), Client().post(path, {"password": "Sandbox-person-1"})):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/login/")


def test_neither_password_nor_particulars_stay_anywhere(
    mari: Client, erply_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    erply_sandbox.fault("error", code=1000, calls="deleteCustomer")
    for path in (EXPORT, DELETE, DELETE):
        answer: Any = mari.post(path, {"password": "Sandbox-person-1"})
        (b"".join(answer) if answer.streaming else answer.content)
    secrets = ("Sandbox-person-1", "Prefers parcel lockers", "EE382200221020145685", "4880715")
    sessions = [session.get_decoded() for session in Session.objects.all()]
    where = [everything_stored(), sessions, caplog.text]
    assert [secret for secret in secrets if secret in repr(where)] == []
    assert [secret for secret in secrets[:3] if secret in repr(kept())] == []
