"""Answers that get lost: it is looked whether it happened before anything is sent again."""

from typing import Any

import pytest
from django.test import Client

from erply_auth.sandbox import Sandbox
from tests.app.support import hurry, names_called

from .support import (
    ADD,
    DELETE,
    EDIT,
    MARI,
    NEW_ADDRESS,
    NOT_REACHED,
    PROFILE,
    again,
    entries,
    errors,
    form_of,
    newest,
    opened,
    page,
    writes,
)

pytestmark = pytest.mark.django_db

LOST: dict[str, dict[str, Any]] = {
    "reset": {"kind": "reset"},
    "HTTP 502": {"kind": "http", "status": 502},
    "HTML": {"kind": "html"},
    "empty": {"kind": "empty"},
    "no JSON": {"kind": "not_json"},
    "no records": {"kind": "shape", "shape": "list"},
}
SAVES = {
    "profile": (PROFILE, "saveCustomer", {"phone": "+372 600 1111"}, "update", "getCustomers"),
    "edit": (EDIT, "saveAddress", {"city": "Võru"}, "update", "getAddresses"),
    "add": (ADD, "saveAddress", NEW_ADDRESS, "create", "getAddresses"),
    "delete": (DELETE, "deleteAddress", {}, "delete", "getAddresses"),
}
each_save = pytest.mark.parametrize("save", SAVES)
each_loss = pytest.mark.parametrize("lost", LOST)


def state(erply: Sandbox) -> Any:
    times = ("lastModified", "lastModifierUsername", "added", "webshopLastLogin")
    return [
        {id_: {k: v for k, v in row.items() if k not in times} for id_, row in table.items()}
        for table in (erply.customers, erply.addresses)
    ]


@each_save
@each_loss
def test_what_happened_although_the_answer_was_lost_is_done(
    mari: Client, erply: Sandbox, save: str, lost: str
) -> None:
    path, call, changes, activity, look = SAVES[save]
    fields = opened(mari, path)
    erply.calls.clear()
    erply.fault(calls=call, performed=True, **LOST[lost])
    since = newest()
    before = state(erply)
    assert mari.post(path, fields | changes).status_code == 302
    assert names_called(erply) == [look, call, look]
    assert entries(since) == [(MARI, activity, "done")]
    assert state(erply) != before


@each_save
@each_loss
def test_what_did_not_happen_failed_and_is_sent_again_only_by_the_member(
    mari: Client, erply: Sandbox, save: str, lost: str
) -> None:
    path, call, changes, activity, look = SAVES[save]
    fields = opened(mari, path)
    erply.calls.clear()
    erply.fault(calls=call, performed=False, **LOST[lost])
    since = newest()
    before = state(erply)
    answer = mari.post(path, fields | changes)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert NOT_REACHED in page(answer)
    assert names_called(erply) == [look, call, look]
    assert entries(since) == [(MARI, activity, "failed")]
    assert state(erply) == before
    erply.clear_faults()
    assert {name: form_of(answer).fields[name] for name in changes} == changes
    assert again(mari, path, answer).status_code == 302
    assert state(erply) != before


@each_save
@pytest.mark.parametrize("performed", [True, False])
def test_what_cannot_be_told_either_is_unknown_and_looked_after_next_time(
    mari: Client, erply: Sandbox, save: str, performed: bool
) -> None:
    path, call, changes, activity, look = SAVES[save]
    fields = opened(mari, path)
    before = state(erply)
    written = len(writes(erply))
    swallow_second_look(erply, look, call, performed=performed)
    since = newest()
    answer = mari.post(path, fields | changes)
    assert answer.status_code == 503
    assert entries(since) == [(MARI, activity, "unknown")]
    assert len(writes(erply)) == written + 1
    erply.clear_faults()
    answer = again(mari, path, answer)
    if not performed:
        assert answer.status_code == 302
    elif save == "add":
        assert "already" in errors(answer)["__all__"]
    else:
        assert answer.status_code == (404 if save == "delete" else 302)
    # However often it was sent, it happened once.
    assert len(writes(erply)) == written + (1 if performed else 2)
    assert state(erply) != before


def swallow_second_look(erply: Sandbox, look: str, call: str, *, performed: bool) -> None:
    """Erply goes away with the write: the first look is answered, the second is not."""
    fault = erply.fault("reset", calls=call, performed=performed)
    original = fault.details

    class Watching(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            if name == "performed":
                erply.fault("reset", calls=look)
            return super().get(name, default)

    fault.details = Watching(original)


@each_save
def test_an_answer_that_times_out_is_looked_after(
    mari: Client, erply: Sandbox, settings: Any, save: str
) -> None:
    path, call, changes, activity, _look = SAVES[save]
    fields = opened(mari, path)
    hurry(settings)
    erply.fault("timeout", calls=call, performed=True)
    since = newest()
    assert mari.post(path, fields | changes).status_code == 302
    assert entries(since)[-1] == (MARI, activity, "done")
    assert len(erply.calls_of(call)) == 1


@each_save
@pytest.mark.parametrize("code", [1000, 1002, 1060, 1204, 4711])
def test_what_erply_says_it_did_not_do_needs_no_look(
    mari: Client, erply: Sandbox, save: str, code: int
) -> None:
    path, call, changes, activity, look = SAVES[save]
    fields = opened(mari, path)
    erply.calls.clear()
    erply.fault("error", code=code, calls=call)
    since = newest()
    assert mari.post(path, fields | changes).status_code == 503
    assert names_called(erply) == [look, call]
    assert entries(since) == [(MARI, activity, "failed")]


def test_an_address_that_another_added_meanwhile_is_not_taken_for_ones_own(
    mari: Client, erply: Sandbox
) -> None:
    fields = opened(mari, ADD)
    fault = erply.fault("reset", calls="saveAddress")

    class Watching(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            if name == "performed":
                erply.add_address(ownerID=MARI, typeID=1, street="Somebody 1", country="Estonia")
            return super().get(name, default)

    fault.details = Watching(fault.details)
    since = newest()
    assert mari.post(ADD, fields | NEW_ADDRESS).status_code == 503
    assert entries(since) == [(MARI, "create", "failed")]


def test_an_address_that_is_gone_when_it_is_looked_after_leaves_the_outcome_unknown(
    mari: Client, erply: Sandbox
) -> None:
    fields = opened(mari, EDIT)
    fault = erply.fault("reset", calls="saveAddress")

    class Watching(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            if name == "performed":
                del erply.addresses[101]
            return super().get(name, default)

    fault.details = Watching(fault.details)
    since = newest()
    assert mari.post(EDIT, fields | {"city": "Võru"}).status_code == 404
    assert entries(since) == [(MARI, "update", "unknown")]
