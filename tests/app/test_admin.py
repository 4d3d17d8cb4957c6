"""The admin shows members and the processing log, and changes neither."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from erply_auth.models import Member, ProcessingEntry
from erply_auth.sandbox import Sandbox

from .support import MODEL_BACKEND, log, log_in, member_of

pytestmark = pytest.mark.django_db
MEMBERS = "/admin/erply_auth/member/"
ENTRIES = "/admin/erply_auth/processingentry/"


@pytest.fixture
def admin(staff: Any, erply: Sandbox) -> Client:
    """The staff's browser, in a shop where two members have logged in."""
    for name in ("person", "gold"):
        log_in(Client(), name)
    client = Client()
    client.force_login(staff, backend=MODEL_BACKEND)
    return client


def test_members_are_listed_with_what_tells_them_apart(admin: Client, erply: Sandbox) -> None:
    Member.objects.filter(customer_id=30).update(closed_at=timezone.now())
    page = admin.get(MEMBERS).content.decode()
    for text in ("Mari Maasikas", "Kalle Kuld", "Gold", "100100"):
        assert text in page
    assert page.count("icon-yes") == 1
    assert page.count("icon-no") == 1
    assert admin.get(f"{MEMBERS}?q=30").content.decode().count("field-customer_id") == 1
    assert admin.get(f"{MEMBERS}?closed_at__isempty=1").status_code == 200


def test_the_log_is_listed_with_outcomes_and_fields(admin: Client) -> None:
    page = admin.get(ENTRIES).content.decode()
    assert page.count("name, employer") == 2
    assert page.count("field-outcome") == 2
    assert ">done<" in page
    assert admin.get(f"{ENTRIES}?q=15").content.decode().count("field-outcome") == 1


@pytest.mark.parametrize(("address", "model"), [(MEMBERS, Member), (ENTRIES, ProcessingEntry)])
def test_nobody_adds_or_changes_anything(admin: Client, address: str, model: Any) -> None:
    rows = list(model.objects.order_by("pk").values())
    key = rows[0]["id"]
    assert admin.get(f"{address}{key}/change/").status_code == 200
    assert "_save" not in admin.get(f"{address}{key}/change/").content.decode()
    assert admin.get(f"{address}add/").status_code == 403
    assert admin.post(f"{address}add/", {}).status_code == 403
    assert admin.post(f"{address}{key}/change/", {"customer_id": 99}).status_code == 403
    assert list(model.objects.order_by("pk").values()) == rows


def test_nobody_deletes_an_entry(admin: Client) -> None:
    before, key = log(), ProcessingEntry.objects.latest("pk").pk
    assert admin.get(f"{ENTRIES}{key}/delete/").status_code == 403
    assert admin.post(f"{ENTRIES}{key}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin.get(ENTRIES).content.decode()
    admin.post(ENTRIES, {"action": "delete_selected", "_selected_action": [key], "post": "yes"})
    assert log() == before


def test_a_members_user_can_be_deleted_and_the_log_stays(admin: Client) -> None:
    before, member = log(), Member.objects.latest("pk")
    path = f"/admin/auth/user/{member.user_id}/delete/"
    assert admin.post(path, {"post": "yes"}).status_code == 302
    assert not Member.objects.filter(pk=member.pk).exists()
    assert log() == before


def test_staff_without_the_right_to_look_see_nothing(client: Client, staff: Any) -> None:
    staff.is_superuser = False
    staff.save()
    client.force_login(staff, backend=MODEL_BACKEND)
    assert client.get(ENTRIES).status_code == 403
    assert client.get(MEMBERS).status_code == 403


def test_a_member_does_not_get_into_the_admin(client: Client, erply: Sandbox) -> None:
    log_in(client)
    assert not member_of("person", erply).user.is_staff
    assert client.get(MEMBERS)["Location"].startswith("/admin/login/")
