"""What one request did stands together in the log, and no visitor chooses under which id."""

import re
from typing import Any

import pytest
from django.test import AsyncClient, Client

from erply_auth import processing, request_ids
from erply_auth.models import Activity, ProcessingEntry
from erply_auth.processing import Purpose
from erply_auth.sandbox import Sandbox

from .support import PROFILE, log_in, pair

OURS = re.compile(r"[0-9a-f]{32}")
HOSTILE = {"X-Request-ID": "chosen-by-the-visitor", "X-Correlation-ID": "x\r\nSet-Cookie: a=b"}


def ids() -> list[str]:
    return list(ProcessingEntry.rows.order_by("pk").values_list("request_id", flat=True))


@pytest.mark.django_db
def test_all_entries_of_a_request_have_one_id_and_each_request_its_own(
    client: Client, erply: Sandbox
) -> None:
    log_in(client, "company")
    client.get(PROFILE)
    client.get(PROFILE)
    login, *pages = ids()
    assert len(pages) == 4  # The company and its contact person, twice.
    assert pages[0] == pages[1] != pages[2] == pages[3]
    assert len({login, *pages}) == 3
    assert all(OURS.fullmatch(each) for each in (login, *pages))
    assert request_ids.current() == ""


@pytest.mark.django_db
def test_no_header_gets_into_the_log(client: Client, erply: Sandbox) -> None:
    client.post("/account/login/", pair("person"), headers=HOSTILE)
    client.get(PROFILE, headers=HOSTILE)
    assert len(ids()) == 2
    assert all(OURS.fullmatch(each) for each in ids())


@pytest.mark.django_db(transaction=True)
def test_an_asynchronous_server_gives_ids_too(erply: Sandbox, async_run: Any) -> None:
    async def visit() -> None:
        client = AsyncClient()
        await client.post("/account/login/", pair("company"))
        await client.get(PROFILE)
        await client.get(PROFILE)
        assert request_ids.current() == ""

    async_run(visit)
    login, *pages = ids()
    assert pages[0] == pages[1] != pages[2] == pages[3]
    assert len({login, *pages}) == 3
    assert all(OURS.fullmatch(each) for each in (login, *pages))


def test_outside_of_a_request_there_is_no_id(db: None, erply: Sandbox) -> None:
    actor = "command:erply_sync_members"
    with processing.recorded_for(15, Activity.READ, ("name",), Purpose.PROFILE, actor):
        assert ids() == [""]


def fail_under_an_id() -> None:
    with request_ids.assigned():
        assert OURS.fullmatch(request_ids.current())
        raise ZeroDivisionError


def test_an_id_ends_with_its_request_even_in_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        fail_under_an_id()
    assert request_ids.current() == ""
