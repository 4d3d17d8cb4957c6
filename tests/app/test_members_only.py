"""Views of the host's own: for members, for some groups, sync and async."""

from typing import Any

import pytest
from django.test import AsyncClient, Client, RequestFactory

from erply_auth.access import member_required
from erply_auth.context_processors import member as member_in_templates
from erply_auth.sandbox import Sandbox

from .support import log_in, member_of, statements_of_the_app

pytestmark = pytest.mark.django_db
FOR_MEMBERS = ["/plain/", "/patient/", "/patient-view/"]
FOR_GOLD = ["/gold/", "/patient-gold/"]


@pytest.mark.parametrize("path", [*FOR_MEMBERS, *FOR_GOLD, "/nobodys/", "/thoughtful/"])
def test_a_stranger_is_sent_to_log_in_and_back(client: Client, path: str) -> None:
    answer = client.get(f"{path}?page=2")
    assert answer.status_code == 302
    assert answer["Location"] == f"/account/login/?next={path}%3Fpage%3D2"


@pytest.mark.parametrize("path", FOR_MEMBERS)
def test_a_member_sees_what_is_for_members(client: Client, erply: Sandbox, path: str) -> None:
    log_in(client)
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content.decode() == f"for {member_of('person', erply).pk}"


@pytest.mark.parametrize("path", FOR_MEMBERS)
def test_a_member_sees_it_under_asgi_too(
    client: Client, erply: Sandbox, async_run: Any, path: str
) -> None:
    log_in(client)
    async_client = AsyncClient()
    async_client.cookies = client.cookies
    answer = async_run(async_client.get, path)
    assert answer.content.decode() == f"for {member_of('person', erply).pk}"
    stranger = async_run(AsyncClient().get, path)
    assert stranger["Location"] == f"/account/login/?next={path}"
    for one in (answer, stranger):
        assert one["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize("path", FOR_GOLD)
@pytest.mark.parametrize(
    ("name", "status"), [("gold", 200), ("company", 200), ("contact", 200), ("person", 403)]
)
def test_a_group_is_named_by_its_name_or_its_id(
    client: Client, erply: Sandbox, path: str, name: str, status: int
) -> None:
    log_in(client, name)
    assert client.get(path).status_code == status


@pytest.mark.parametrize(("name", "status"), [("company", 200), ("gold", 403)])
def test_the_mixin_knows_groups_too(client: Client, erply: Sandbox, name: str, status: int) -> None:
    log_in(client, name)
    assert client.get("/thoughtful/").status_code == status


def test_an_empty_list_of_groups_lets_nobody_in(client: Client, erply: Sandbox) -> None:
    log_in(client, "gold")
    assert client.get("/nobodys/").status_code == 403


def test_a_group_that_is_no_list_is_refused_when_the_site_starts() -> None:
    with pytest.raises(TypeError, match="must be a list"):
        member_required(lambda request: None, groups="Gold")


def test_staff_are_no_members(client: Client, staff: Any) -> None:
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/plain/").status_code == 302
    assert client.get("/account/").status_code == 302
    assert client.get("/who/").json() == {"member": None, "user": "boss"}


def test_staff_whose_user_is_a_members_too_are_no_member_in_their_own_session(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    user = member_of("person", erply).user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/who/").json()["member"] is None
    assert client.get("/plain/").status_code == 302


def test_nothing_is_looked_up_until_the_member_is_used(client: Client, erply: Sandbox) -> None:
    log_in(client)
    with statements_of_the_app() as statements:
        assert client.get("/indifferent/").status_code == 200
    assert statements == []
    with statements_of_the_app() as statements:
        assert client.get("/who/").status_code == 200
    assert len(statements) == 1


def test_a_template_knows_who_is_logged_in(client: Client, erply: Sandbox) -> None:
    assert "Mari Maasikas" not in client.get("/").content.decode()
    log_in(client)
    assert "Mari Maasikas" in client.get("/").content.decode()


def test_a_request_that_no_middleware_saw_has_no_member(rf: RequestFactory) -> None:
    assert member_in_templates(rf.get("/")) == {"member": None}


def test_the_whole_way_works_under_asgi(erply: Sandbox, async_run: Any) -> None:
    async def visit() -> list[int]:
        client = AsyncClient()
        pages = [
            await client.get("/account/login/"),
            await client.post(
                "/account/login/", {"username": "person", "password": "Sandbox-person-1"}
            ),
            await client.get("/account/"),
            await client.get("/account/profile/"),
            await client.get("/account/logout/"),
            await client.post("/account/logout/"),
            await client.get("/account/"),
        ]
        for page in pages:
            assert "no-store" in page["Cache-Control"]
        assert "Mari" in pages[3].content.decode()
        return [page.status_code for page in pages]

    assert async_run(visit) == [200, 302, 200, 200, 200, 302, 302]
