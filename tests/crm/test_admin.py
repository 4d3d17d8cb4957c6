"""The admin narrows its list of members by Erply group, from a drop-down that shows the tree."""

import re
from typing import Any

import pytest
from django.test import Client

from erply_auth.connection import disconnect
from erply_auth.sandbox import Sandbox
from tests.app.support import MODEL_BACKEND, log_in

from .support import MODES, serve_by

pytestmark = pytest.mark.django_db
MEMBERS = "/admin/erply_auth/member/"
INDENT = "\u00a0" * 4


@pytest.fixture
def admin(db: None, django_user_model: Any, erply: Sandbox) -> Client:
    """The staff's browser, in a shop where three members have logged in."""
    for name in ("person", "gold", "company"):
        log_in(Client(), name)
    staff = django_user_model.objects.create_superuser("boss", email="", password="Staff-1")
    client = Client()
    client.force_login(staff, backend=MODEL_BACKEND)
    return client


def options(html: str) -> list[tuple[str, str, str]]:
    choice = html.partition('<select name="group"')[2].partition("</select>")[0]
    return re.findall(r'<option value="(\d*)"( selected)?>([^<]*)</option>', choice)


def members(html: str) -> list[str]:
    return re.findall(r'field-customer_id">(\d+)<', html)


@pytest.mark.parametrize("mode", MODES)
def test_the_choice_of_a_group_is_the_tree(
    mode: str, admin: Client, erply: Sandbox, settings: Any
) -> None:
    serve_by(mode, erply, settings)
    assert options(admin.get(MEMBERS).content.decode()) == [
        ("", " selected", "All"),
        ("1", "", "Retail"),
        ("2", "", "Members"),
        ("3", "", f"{INDENT}Gold"),
        ("4", "", "Business"),
    ]


def test_a_group_narrows_the_list_and_stays_chosen(admin: Client) -> None:
    html = admin.get(f"{MEMBERS}?group=3&client_code=100100&q=Kuld").content.decode()
    assert members(html) == ["30"]
    assert ("3", " selected", f"{INDENT}Gold") in options(html)
    form = html.partition('<details data-filter-title="Erply group"')[2].partition("</form>")[0]
    kept = re.findall('<input type="hidden" name="(.*?)" value="(.*?)">', form)
    assert kept == [("client_code", "100100"), ("q", "Kuld")]


def test_all_groups_are_all_members(admin: Client) -> None:
    for query in ("", "?group=", "?group=99", "?group=x"):
        assert sorted(members(admin.get(MEMBERS + query).content.decode())) == ["15", "20", "30"]


def test_without_erply_the_members_groups_are_offered(admin: Client, erply: Sandbox) -> None:
    erply.fault("http", status=502)
    disconnect()
    html = admin.get(f"{MEMBERS}?group=4").content.decode()
    assert members(html) == ["20"]
    assert [name for _, _, name in options(html)] == ["All", "Business", "Gold", "Members"]


def test_without_groups_there_is_nothing_to_choose(admin: Client, erply: Sandbox) -> None:
    erply.groups.clear()
    assert options(admin.get(MEMBERS).content.decode()) == []
