"""What breaks while a password is on its way: no report of it holds the password."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from erply_auth.sandbox import Sandbox
from tests.app.caches import BreakingCache
from tests.app.support import crashes, log_in, warm
from tests.app.test_canary import report_of
from tests.selfservice.links import (
    BOTH_NEW,
    NEW,
    PASSWORDS,
    registration_link,
    reset_link,
    set_up_group,
)

pytestmark = pytest.mark.django_db

OLD = "Sandbox-person-1"


def resets(client: Client, mailoutbox: list[Any]) -> Callable[[], Any]:
    path = reset_link(mailoutbox)
    return lambda: client.post(path, BOTH_NEW)


def registers(client: Client, mailoutbox: list[Any]) -> Callable[[], Any]:
    path = registration_link(mailoutbox)
    return lambda: client.post(path, PASSWORDS)


def changes(client: Client, mailoutbox: list[Any]) -> Callable[[], Any]:
    log_in(client)
    return lambda: client.post("/account/password/", {"old_password": OLD, **BOTH_NEW})


@pytest.mark.parametrize("begin", [resets, registers, changes])
def test_a_forced_500_in_view_and_client_shows_no_password(
    client: Client, erply: Sandbox, mailoutbox: list[Any], settings: Any, begin: Any
) -> None:
    """The cache breaks at each of its uses in turn, deeper and deeper in the client."""
    settings.CACHES = {
        "default": {"BACKEND": "tests.app.caches.BreakingCache", "LOCATION": "break"}
    }
    set_up_group(erply)
    warm(erply)
    client.raise_request_exception = False
    act, reports, looks = begin(client, mailoutbox), [], 0
    while True:
        BreakingCache.looks_left = looks
        try:
            with crashes() as seen:
                answer = act()
        finally:
            BreakingCache.looks_left = 10**9
        if answer.status_code == 302:
            break
        reports += [report_of(*one) for one in seen]
        looks += 1
    assert any("update_customer" in one or "add_customer" in one for one in reports)
    assert [secret for secret in (OLD, NEW) for one in reports if secret in one] == []
