"""Fixtures for projects that install the app: tests against a sandbox in Erply's place.

Add `pytest_plugins = ["erply_auth.pytest_plugin"]` to the `conftest.py` beside your pytest
configuration; pytest-django must be installed. Then:

    def test_members_can_log_in(client, db, erply_customer):
        member = erply_customer(username="mari", password="Secret-123")
        ...

`erply_sandbox` is the sandbox itself: its customers, the calls it got, faults on order. Every
test that asks for it finds it fresh, and the app's cache empty. Under pytest-xdist each worker
runs a sandbox of its own.
"""

import itertools
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from erply_auth.sandbox import Record, Sandbox

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


@pytest.fixture(scope="session")
def erply_sandbox_server() -> Iterator[Sandbox]:
    """The one running sandbox of the test session; ask for `erply_sandbox` instead."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def erply_sandbox(erply_sandbox_server: Sandbox, settings: "Settings") -> Iterator[Sandbox]:
    """A fresh sandbox that the app talks to for the length of the test."""
    erply_sandbox_server.reset()
    own = dict(getattr(settings, "ERPLY_AUTH", {}))
    # The sandbox tells where its own CRM API is; the project's would lead out of the test.
    own.pop("CRM_URL", None)
    settings.ERPLY_AUTH = {
        **own,
        "CLIENT_CODE": erply_sandbox_server.client_code,
        "USERNAME": erply_sandbox_server.api_username,
        "PASSWORD": erply_sandbox_server.api_password,
        "API_URL": erply_sandbox_server.url,
    }
    # Session key and cards that another test has left belong to an Erply that is gone. Another
    # prefix hides them; to clear the cache would empty that of parallel tests too.
    alias = settings.ERPLY_AUTH.get("CACHE_ALIAS", "default")
    cache = {**settings.CACHES[alias], "KEY_PREFIX": uuid.uuid4().hex}
    settings.CACHES = {**settings.CACHES, alias: cache}
    yield erply_sandbox_server
    # What still hangs must not reach into the next test.
    erply_sandbox_server.clear_faults()


@pytest.fixture
def erply_customer(erply_sandbox: Sandbox) -> Callable[..., Record]:
    """Makes customers: `erply_customer(username="mari", password="Secret-123", **fields)`.

    Without a user name or a password the customer gets one of its own.

    Fields go by Erply's names (`firstName`, `groupID`, `email`, …). The record that comes back
    is the sandbox's own, password included: what is changed in it is changed in Erply.
    """

    numbers = itertools.count(1)

    def create(username: str = "", password: str = "", **fields: Any) -> Record:  # nosec B107
        username = username or f"member-{next(numbers)}"
        password = password or f"Sandbox-{username}-1"
        if not fields.get("companyName"):
            fields = {"firstName": "Test", "lastName": "Member", **fields}
        customer_id = erply_sandbox.add_customer(username=username, password=password, **fields)
        return erply_sandbox.customers[customer_id]

    return create
