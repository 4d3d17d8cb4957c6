"""What the tests of sessions share: engines, time that has passed, devices."""

import datetime
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from erply_auth.models import MemberSession

from .support import log_in

ENGINES = ("db", "cached_db", "cache", "signed_cookies")
every_engine = pytest.mark.parametrize("engine", ENGINES)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
)


def use(engine: str, settings: Any) -> None:
    """Keeps sessions there."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"


def device(name: str = "person", user_agent: str = FIREFOX, **more: Any) -> Client:
    """A member's browser, logged in."""
    client = Client(headers={"User-Agent": user_agent})
    assert log_in(client, name, **more).status_code == 302
    return client


def row_of(client: Client) -> MemberSession:
    """The row that the browser's session names."""
    return MemberSession.objects.get(pk=client.session["erply_auth.session"])


def unused_for(seconds: float) -> None:
    """Nobody has been seen for so long."""
    since = datetime.timedelta(seconds=seconds)
    MemberSession.objects.update(last_seen=F("last_seen") - since)


def begun_before(seconds: float) -> None:
    """Everybody logged in so long ago."""
    since = datetime.timedelta(seconds=seconds)
    MemberSession.objects.update(started=F("started") - since)


def cookie(client: Client) -> str:
    return str(client.cookies["sessionid"].value)


def thief_of(client: Client) -> Client:
    """Somebody with a copy of the browser's session cookie."""
    thief = Client()
    thief.cookies["sessionid"] = cookie(client)
    return thief
