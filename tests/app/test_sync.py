"""erply_sync_members: names and groups follow, who is gone is closed, a doubt closes nobody."""

import json
import logging
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models.signals import post_save
from django.test import Client

from erply_auth.connection import registry
from erply_auth.models import Member, MemberSession, ProcessingEntry
from erply_auth.sandbox import Sandbox
from erply_auth.signals import member_closed

from .session_support import device, unused_for
from .support import (
    OVERVIEW,
    PROFILE,
    REFUSED,
    configure,
    is_logged_in,
    log_in,
    member_of,
    names_called,
    warm,
)
from .sync_support import closed, gone, line, link_many, serve_by, sync

pytestmark = pytest.mark.django_db
every_api = pytest.mark.parametrize("api", ["classic", "crm"])


def test_without_members_nobody_is_asked(erply: Sandbox) -> None:
    assert sync() == (0, line(0), "")
    assert erply.calls == []


@every_api
def test_where_nothing_has_changed_nothing_is_changed(
    members: dict[str, Client], erply: Sandbox, settings: Any, api: str
) -> None:
    serve_by(api, settings)
    before = list(Member.objects.values())
    assert sync() == (0, line(4), "")
    assert list(Member.objects.values()) == before
    assert all(is_logged_in(client) for client in members.values())


@every_api
def test_names_user_names_groups_and_employers_follow(
    members: dict[str, Client], erply: Sandbox, settings: Any, api: str
) -> None:
    serve_by(api, settings)
    erply.customers[15].update(
        lastName="Mustikas", webshopUsername="mustikas", groupID=3, companyID=20
    )
    erply.customers[20]["companyName"] = "Uus Nimi OÜ"
    assert sync() == (0, line(4, updated=2), "")
    member = Member.objects.get(customer_id=15)
    assert (member.name, member.username, member.company_id) == ("Mari Mustikas", "mustikas", 20)
    assert (member.group_id, member.group_name, member.group_path) == (3, "Gold", [[3, "Gold"]])
    assert list(member.user.groups.values_list("name", flat=True)) == ["Erply: Gold"]
    assert Member.objects.get(customer_id=20).name == "Uus Nimi OÜ"
    assert members["person"].get("/gold/").status_code == 200
    assert sync() == (0, line(4), "")


def test_the_groups_above_follow_where_they_count(
    members: dict[str, Client], erply: Sandbox, settings: Any
) -> None:
    configure(settings, GROUP_ANCESTORS=True)
    assert sync() == (0, line(4, updated=1), "")
    paths = dict(Member.objects.values_list("customer_id", "group_path"))
    assert paths[30] == [[3, "Gold"], [2, "Members"]]


@pytest.mark.parametrize("mirror", [True, False])
def test_a_group_that_got_lost_is_put_right(
    members: dict[str, Client], erply: Sandbox, settings: Any, *, mirror: bool
) -> None:
    configure(settings, MIRROR_GROUPS=mirror)
    user = member_of("gold", erply).user
    user.groups.clear()
    own = Group.objects.create(name="of the host's own")
    user.groups.add(own)
    assert sync() == (0, line(4, updated=int(mirror)), "")
    names = set(user.groups.values_list("name", flat=True))
    assert names == ({"Erply: Gold", own.name} if mirror else {own.name})


def test_a_group_that_is_new_and_the_crm_api_names_only_by_number(
    members: dict[str, Client], erply: Sandbox, settings: Any
) -> None:
    serve_by("crm", settings)
    registry().groups()
    erply.groups[9] = erply.groups[3] | {"id": 9, "name": "Platinum"}
    erply.customers[15]["groupID"] = 9
    assert sync() == (0, line(4, updated=1), "")
    assert member_of("person", erply).group_name == "Platinum"


@pytest.mark.django_db(transaction=True)
@every_api
def test_a_customer_gone_in_erply_is_closed_and_their_next_request_is_a_strangers(
    members: dict[str, Client], erply: Sandbox, settings: Any, api: str
) -> None:
    serve_by(api, settings)
    gone(erply, 15)
    told: list[Any] = []

    def note(sender: Any, member: Member, **kwargs: Any) -> None:
        told.append((sender, member.customer_id))

    member_closed.connect(note)
    try:
        assert sync() == (0, line(4, closed=1), "")
    finally:
        member_closed.disconnect(note)
    assert closed() == {15}
    for method in (members["person"].post, members["person"].get):
        assert method(PROFILE)["Location"].startswith("/account/login/")
    assert [is_logged_in(members[name]) for name in ("company", "contact", "gold")] == [True] * 3
    assert not MemberSession.objects.filter(member__customer_id=15).exists()
    assert sync() == (0, line(3), "")


def test_before_closing_the_id_is_read_alone_with_contact_persons_included(
    members: dict[str, Client], erply: Sandbox
) -> None:
    gone(erply, 15)
    sync()
    first, *second = erply.calls_of("getCustomers")
    assert first.parameters["customerIDs"] == "15,20,21,30"
    assert [call.parameters.get("customerID") for call in second] == ["15", "1"]
    assert {call.parameters["mode"] for call in (first, *second)} == {"ALL"}
    assert names_called(erply) == ["getCustomers"] * 3


def test_the_only_member_there_is_can_be_closed(client: Client, erply: Sandbox) -> None:
    log_in(client)
    gone(erply, 15)
    assert sync() == (0, line(1, closed=1), "")
    assert not is_logged_in(client)


@every_api
def test_a_customer_who_became_the_walk_in_customer_is_closed(
    members: dict[str, Client], erply: Sandbox, settings: Any, api: str
) -> None:
    serve_by(api, settings)
    erply.customers[1]["isPOSDefaultCustomer"] = 0
    erply.customers[30]["isPOSDefaultCustomer"] = 1
    configure(settings, REFERENCE_SECONDS=7200)
    erply.customers[30]["lastName"] = "Not taken over"
    if api == "crm":
        # What is kept of walk-in customers is of an account that had another.
        configure(settings, POINTS_OF_SALE=[1], PASSWORD="webshop-sandbox-2")
        erply.api_password = "webshop-sandbox-2"
    try:
        assert sync() == (0, line(4, closed=1), "")
    finally:
        erply.api_password = "webshop-sandbox"
    assert closed() == {30}
    assert Member.objects.get(customer_id=30).name == "Kalle Kuld"


def test_a_closed_member_who_is_back_stays_closed(client: Client, erply: Sandbox) -> None:
    """Erply cannot say that it is the same person; the shop's staff can."""
    log_in(client)
    customer = erply.customers[15]
    gone(erply, 15)
    sync()
    erply.customers[15] = customer
    assert sync() == (0, line(0), "")
    assert closed() == {15}
    assert REFUSED in log_in(client).content.decode()
    # What the admin does: the closed link is deleted, the next log-in makes a new one.
    Member.objects.get().delete()
    log_in(client)
    assert is_logged_in(client)


def test_members_of_another_account_are_none_of_this_ones(client: Client, erply: Sandbox) -> None:
    log_in(client)
    Member.objects.update(client_code="200200")
    gone(erply, 15)
    assert sync() == (0, line(0), "")
    assert closed() == set()


def test_250_members_cost_three_tenths_of_a_unit(erply: Sandbox) -> None:
    link_many(erply, 250)
    warm(erply)
    assert sync() == (0, line(250, updated=250), "")
    assert erply.spent == 0.3
    assert erply.round_trips == 3  # The session key, the walk-in customer, and this.
    erply.calls.clear()
    assert sync() == (0, line(250), "")
    assert erply.spent == 0.3


def test_more_than_a_bulk_request_holds_are_read_in_several(erply: Sandbox) -> None:
    ids = link_many(erply, 1150)
    warm(erply)
    gone(erply, *ids[:12])
    assert sync() == (0, line(1150, updated=1138, closed=12), "")
    assert closed() == set(ids[:12])
    # Twelve hundreds, and each of the twelve alone with the walk-in customer.
    assert erply.spent == round(1.2 + 1.3, 1)


def test_over_the_crm_api_a_hundred_are_a_call(erply: Sandbox, settings: Any) -> None:
    serve_by("crm", settings)
    ids = link_many(erply, 200)
    registry().groups()
    warm(erply)
    gone(erply, ids[7])
    assert sync() == (0, line(200, updated=199, closed=1), "")
    calls = erply.calls_of("GET v1/customers")
    assert [len(call.parameters["ids"].split(",")) for call in calls] == [100, 100, 1, 1]
    assert erply.spent == 4


def test_every_customer_has_an_entry_before_their_data_is_used(
    members: dict[str, Client], erply: Sandbox
) -> None:
    before = ProcessingEntry.objects.count()
    gone(erply, 15)
    sync()
    columns = ("customer_id", "activity", "fields", "actor", "outcome")
    new = ProcessingEntry.objects.order_by("pk")[before:]
    assert {entry.purpose for entry in new} == {"Members are compared with the customer registry"}
    fields = "name,phone,mobilePhone,email,nationalIdentificationNumber,dateOfBirth,gender,employer"
    assert [tuple(getattr(entry, name) for name in columns) for entry in new] == [
        (customer_id, "read", fields, "command:erply_sync_members", "done")
        for customer_id in (None, 20, 21, 30, None)
    ]


def test_what_the_member_has_changed_meanwhile_is_not_overwritten(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    erply.customers[15]["lastName"] = "Vana"

    def change(sender: Any, instance: Any, **kwargs: Any) -> None:
        Member.objects.update(name="Mari Uus", card_version=1)

    post_save.connect(change, sender=ProcessingEntry)
    try:
        assert sync() == (0, line(1), "")
    finally:
        post_save.disconnect(change, sender=ProcessingEntry)
    assert Member.objects.get().name == "Mari Uus"


def test_a_member_deleted_meanwhile_is_not_missed(client: Client, erply: Sandbox) -> None:
    log_in(client)

    def delete(sender: Any, instance: Any, **kwargs: Any) -> None:
        Member.objects.all().delete()

    post_save.connect(delete, sender=ProcessingEntry)
    try:
        assert sync() == (0, line(1), "")
    finally:
        post_save.disconnect(delete, sender=ProcessingEntry)


def test_settings_that_cannot_be_read_are_told_in_a_line(settings: Any) -> None:
    settings.ERPLY_AUTH = {}
    code, printed, said = sync()
    assert (code, printed) == (1, "")
    assert "CLIENT_CODE" in said


def test_neither_line_nor_log_names_anybody(
    members: dict[str, Client], erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    gone(erply, 15)
    erply.customers[30]["lastName"] = "Renamed"
    with caplog.at_level(logging.DEBUG):
        told = json.dumps(sync()) + caplog.text
    assert "Customer 15 may not log in any more" in told
    for word in ("Mari", "Maasikas", "person", "Kalle", "Renamed", "example.ee"):
        assert word not in told


def test_sessions_whose_time_is_up_are_cleared(members: dict[str, Client]) -> None:
    unused_for(8 * 3600)
    device()
    assert MemberSession.objects.count() == 4
    sync()
    assert MemberSession.objects.count() == 1


def test_pages_still_work_after_a_pass(members: dict[str, Client]) -> None:
    sync()
    assert "Mari Maasikas" in members["person"].get(OVERVIEW).content.decode()
