"""erply_sync_members when Erply or the database cannot be believed: nobody is closed."""

import json
from typing import Any

import pytest
from django.db.models.signals import post_save
from django.test import Client

from erply_auth.connection import registry
from erply_auth.models import Member, ProcessingEntry
from erply_auth.sandbox import Sandbox
from tests.erply.support import LOGGED_IN, answering, http

from .support import (
    configure,
    is_logged_in,
    log_in,
    table_gone,
    warm,
)
from .sync_support import closed, gone, line, link_many, serve_by, sync

pytestmark = pytest.mark.django_db
every_api = pytest.mark.parametrize("api", ["classic", "crm"])
READ = {"classic": "getCustomers", "crm": "GET v1/customers"}


@pytest.mark.parametrize(
    ("number", "lost", "refuses"), [(10, 3, False), (10, 4, True), (100, 5, False), (100, 6, True)]
)
def test_when_too_many_seem_gone_nobody_is_closed(
    erply: Sandbox, number: int, lost: int, *, refuses: bool
) -> None:
    ids = link_many(erply, number)
    gone(erply, *ids[:lost])
    code, printed, said = sync()
    if refuses:
        assert (code, closed()) == (2, set())
        assert printed == line(number, updated=number - lost)
        assert said.startswith(f"Nobody was closed: {lost} of {number} members seem gone")
    else:
        assert (code, closed()) == (0, set(ids[:lost]))


def test_walk_in_customers_count_as_gone(erply: Sandbox) -> None:
    for id_ in link_many(erply, 10)[:4]:
        erply.customers[id_]["isPOSDefaultCustomer"] = 1
    assert sync()[0] == 2
    assert closed() == set()


@every_api
@pytest.mark.parametrize("walk_in", [True, False])
def test_an_erply_that_finds_nobody_is_not_believed(
    client: Client, erply: Sandbox, settings: Any, api: str, *, walk_in: bool
) -> None:
    """Not even of a single member: the walk-in customer, who is there, must be found as well."""
    log_in(client)
    serve_by(api, settings)
    if not walk_in:
        erply.customers[1]["isPOSDefaultCustomer"] = 0
        configure(settings, PASSWORD="webshop-sandbox-2")
        erply.api_password = "webshop-sandbox-2"
    else:
        warm(erply)
    everybody = dict(erply.customers)
    erply.customers.clear()
    try:
        code, printed, said = sync()
    finally:
        erply.api_password = "webshop-sandbox"
        erply.customers.update(everybody)
    assert (code, printed, closed()) == (2, line(1), set())
    assert "Erply finds nobody at all" in said


def test_without_a_walk_in_customer_another_member_is_proof_enough(
    members: dict[str, Client], erply: Sandbox, settings: Any
) -> None:
    erply.customers[1]["isPOSDefaultCustomer"] = 0
    configure(settings, PASSWORD="webshop-sandbox-2")
    erply.api_password = "webshop-sandbox-2"
    gone(erply, 15)
    try:
        assert sync() == (0, line(4, closed=1), "")
    finally:
        erply.api_password = "webshop-sandbox"


def test_who_is_there_again_at_the_second_look_makes_all_doubtful(
    members: dict[str, Client], erply: Sandbox
) -> None:
    customer = erply.customers[15]
    gone(erply, 15, 30)

    def bring_back(sender: Any, instance: Any, **kwargs: Any) -> None:
        # The first question has been answered when its outcome is noted.
        if ProcessingEntry.objects.filter(purpose__contains="registry").count() > 1:
            erply.customers[15] = customer

    post_save.connect(bring_back, sender=ProcessingEntry)
    try:
        code, _, said = sync()
    finally:
        post_save.disconnect(bring_back, sender=ProcessingEntry)
    assert (code, closed()) == (2, set())
    assert "1 members were gone and are there again" in said


FAULTS = {
    "maintenance": {"kind": "error", "code": 1000},
    "quota": {"kind": "error", "code": 1002},
    "rights": {"kind": "error", "code": 1060},
    "consent": {"kind": "error", "code": 1148},
    "a field": {"kind": "error", "code": 1016, "field": "customerIDs"},
    "html": {"kind": "html"},
    "empty": {"kind": "empty"},
    "no records": {"kind": "shape", "shape": "empty_records"},
    "null": {"kind": "shape", "shape": "null"},
    "list": {"kind": "shape", "shape": "list"},
    "502": {"kind": "http", "status": 502},
    "429": {"kind": "http", "status": 429},
    "reset": {"kind": "reset"},
    "half": {"kind": "half"},
}


@every_api
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_whatever_goes_wrong_closes_nobody(
    members: dict[str, Client],
    erply: Sandbox,
    settings: Any,
    api: str,
    fault: dict[str, Any],
    times: int | None,
) -> None:
    serve_by(api, settings)
    gone(erply, 15)
    erply.fault(calls=READ[api], times=times, **fault)
    code, printed, said = sync()
    if (api, fault) == ("crm", FAULTS["list"]):  # There, a list is an answer: nobody.
        assert "seem gone" in said
        return
    assert (code, printed, closed()) == (2, line(0), set())
    assert said.startswith("Nobody was closed: ")
    assert is_logged_in(members["gold"])


@every_api
def test_a_quota_that_ends_before_the_second_look_closes_nobody(
    erply: Sandbox, settings: Any, api: str
) -> None:
    serve_by(api, settings)
    ids = link_many(erply, 110)
    gone(erply, *ids[:2])
    warm(erply)
    registry().groups()
    erply.quota = erply.spent_this_hour + (2 if api == "crm" else 0.2)
    assert sync()[:2] == (2, line(110, updated=108))
    assert closed() == set()


def test_one_part_that_fails_among_many_closes_nobody(erply: Sandbox) -> None:
    ids = link_many(erply, 250)
    gone(erply, ids[0])
    erply.fault("error", code=1204, calls="getCustomers", times=1)
    code, _, said = sync()
    assert (code, closed()) == (2, set())
    assert "the record is busy" in said


WHOLE = {
    "customerID": 15,
    "customerType": "PERSON",
    "firstName": "Mari",
    "lastName": "Mets",
    "fullName": "Mets, Mari",
    "webshopUsername": "person",
    "groupID": 2,
    "groupName": "Members",
    "companyID": 0,
}
SPOILED: dict[str, list[dict[str, Any]]] = {
    "an id and nothing else": [{"customerID": 15}],
    **{
        f"without {name}": [{k: v for k, v in WHOLE.items() if k != name}]
        for name in ("fullName", "webshopUsername", "groupID", "groupName", "companyID")
    },
    "somebody else's": [WHOLE | {"customerID": 44}],
    "somebody else's as well": [WHOLE, WHOLE | {"customerID": 44}],
    "twice": [WHOLE, WHOLE],
    "without an id": [{k: v for k, v in WHOLE.items() if k != "customerID"}],
    "no number": [WHOLE | {"groupID": "Gold"}],
}


def answers(*records: dict[str, Any]) -> bytes:
    status = {"requestName": "getCustomers", "requestID": 1, "errorCode": 0}
    requests = [{"status": status, "records": records}]
    return http(json.dumps({"status": {"errorCode": 0}, "requests": requests}))


@pytest.mark.parametrize("records", SPOILED.values(), ids=SPOILED)
def test_an_answer_that_cannot_be_meant_closes_nobody_and_changes_nobody(
    client: Client, erply: Sandbox, settings: Any, records: list[dict[str, Any]]
) -> None:
    """A record that leaves something out is not one in which it is empty."""
    log_in(client)
    before = list(Member.objects.values())
    with answering(LOGGED_IN, answers(*records)) as other:
        configure(settings, API_URL=other.url)
        code, printed, said = sync()
    assert (code, printed) == (2, line(0))
    assert "an answer that makes no sense" in said
    assert list(Member.objects.values()) == before


def test_a_whole_answer_of_the_same_kind_is_believed(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    log_in(client)
    with answering(LOGGED_IN, answers(WHOLE)) as other:
        configure(settings, API_URL=other.url)
        assert sync() == (0, line(1, updated=1), "")
    assert Member.objects.get().name == "Mari Mets"


@pytest.mark.django_db(transaction=True)
def test_without_a_log_nothing_is_read(client: Client, erply: Sandbox) -> None:
    log_in(client)
    warm(erply)
    with table_gone("erply_auth_processingentry"):
        code, printed, said = sync()
    assert (code, printed) == (2, line(0))
    assert said.startswith("Nobody was closed: the database refused (")
    assert erply.calls == []


@pytest.mark.django_db(transaction=True)
def test_a_database_that_refuses_closes_nobody(members: dict[str, Client], erply: Sandbox) -> None:
    gone(erply, 15)
    with table_gone("erply_auth_membersession"):
        code, _, said = sync()
    assert (code, closed()) == (2, set())
    assert "the database refused (" in said
