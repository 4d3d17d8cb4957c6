from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches

from erply_auth import connection
from erply_auth.conf import ErplyConfigurationError
from erply_auth.connection import CacheStore
from erply_auth.erply.errors import ErplyUnavailable
from erply_auth.sandbox import Sandbox

from .support import settings_changed


@pytest.fixture
def configured(erply: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """The sandbox as the project's account."""
    settings.ERPLY_AUTH = {
        "CLIENT_CODE": erply.client_code,
        "USERNAME": erply.api_username,
        "PASSWORD": erply.api_password,
        "API_URL": erply.url,
    }
    yield erply
    connection.disconnect()


def log_in() -> int:
    return connection.registry().verify_credentials("person", "Sandbox-person-1").customer_id


def test_the_registry_is_the_configured_account_s_and_one_per_process(configured: Sandbox) -> None:
    assert log_in() == log_in() == 15
    assert connection.registry() is connection.registry()
    assert configured.connections == 1
    assert len(configured.calls_of("verifyUser")) == 1


@pytest.mark.parametrize(
    ("setting", "connections"),
    [("ERPLY_AUTH", 2), ("SECRET_KEY", 2), ("CACHES", 2), ("LANGUAGE_CODE", 1)],
)
def test_a_changed_setting_connects_anew(
    configured: Sandbox, setting: str, connections: int
) -> None:
    log_in()
    settings_changed(setting)
    log_in()
    assert configured.connections == connections


def test_a_changed_password_starts_without_the_old_session_key(
    configured: Sandbox, settings: Any
) -> None:
    log_in()
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "PASSWORD": "another"}
    with pytest.raises(ErplyUnavailable):
        log_in()
    assert [call.error_code for call in configured.calls_of("verifyUser")] == [0, 1051]


def test_a_changed_address_leads_there(configured: Sandbox, settings: Any) -> None:
    log_in()
    with Sandbox() as other:
        settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "API_URL": other.url}
        log_in()
        assert [call.name for call in other.calls] == ["verifyUser", "verifyCustomerUser"]
        connection.disconnect()


def test_settings_reach_the_client(configured: Sandbox, settings: Any) -> None:
    settings.ERPLY_AUTH = {
        **settings.ERPLY_AUTH,
        "SESSION_LENGTH": 7200,
        "CALL_TIMEOUT": 0.3,
        "POINTS_OF_SALE": [3],
        "MAX_ANSWER_BYTES": 2000,
    }
    assert connection.registry().walk_in_ids() == {1}
    assert configured.calls_of("verifyUser")[0].parameters["sessionLength"] == "7200"
    assert [call.in_bulk for call in configured.calls_of("getDefaultCustomer")] == [True, True]
    configured.fault("huge", calls="getCustomers", megabytes=1)
    with pytest.raises(ErplyUnavailable):
        connection.registry().card(15)
    configured.fault("timeout", calls="verifyCustomerUser", seconds=20.0)
    with pytest.raises(ErplyUnavailable):
        log_in()


def test_wrong_settings_are_named_at_the_first_use(settings: Any) -> None:
    settings.ERPLY_AUTH = {}
    with pytest.raises(ErplyConfigurationError, match="CLIENT_CODE"):
        connection.registry()


def test_disconnecting_may_be_done_at_any_time(configured: Sandbox) -> None:
    connection.disconnect()
    connection.disconnect()
    log_in()
    connection.disconnect()
    log_in()
    assert configured.connections == 2


def store(scope: str = "scope", alias: str = "default") -> CacheStore:
    return CacheStore(alias, scope)


def test_a_store_keeps_adds_and_forgets() -> None:
    kept = store()
    assert kept.get("x") is None
    assert kept.add("x", 1, 60)
    assert not kept.add("x", 2, 60)
    assert kept.get("x") == 1
    kept.set("x", 3, 60)
    assert store().get("x") == 3
    kept.delete("x")
    kept.delete("x")
    assert kept.get("x") is None


def test_two_accounts_never_meet() -> None:
    store("one").set("key", "a-key", 60)
    assert store("another").get("key") is None


@pytest.mark.parametrize("field", ["api_url", "client_code", "username", "password"])
def test_an_account_is_all_that_names_it(settings: Any, field: str) -> None:
    from_settings = {"client_code": "100100", "username": "webshop", "password": "x", "api_url": ""}
    changed = {
        **from_settings,
        field: "https://erply.example/" if field == "api_url" else "another",
    }
    one, other = (
        connection._scope(connection.ErplySettings(**values)) for values in (from_settings, changed)
    )
    assert store(one)._key("key") != store(other)._key("key")


def test_no_key_of_the_cache_tells_what_it_holds_or_whose_it_is(configured: Sandbox) -> None:
    log_in()
    scope = connection._scope(connection.get_settings())
    for name in ("key", "groups", "walk-in"):
        key = store(scope)._key(name)
        assert key.startswith("erply_auth:")
        assert len(key) == len("erply_auth:") + 64
        for word in (name, "100100", "webshop"):
            assert word not in key.removeprefix("erply_auth:")
    session_key = configured.calls_of("verifyCustomerUser")[0].session_key
    assert caches["default"].get(store(scope)._key("key")) == session_key


def test_keys_differ_between_projects(settings: Any) -> None:
    ours = store()._key("key")
    settings.SECRET_KEY = "another-project-s-key-0123456789-abcdefghijklmnop"
    assert store()._key("key") != ours


def test_the_store_is_the_cache_that_the_settings_name(configured: Sandbox, settings: Any) -> None:
    locmem = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {**settings.CACHES, "shared": {"BACKEND": locmem, "LOCATION": "shared"}}
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "CACHE_ALIAS": "shared"}
    caches["shared"].clear()
    log_in()
    key = store(connection._scope(connection.get_settings()))._key("key")
    assert caches["shared"].get(key)
    assert caches["default"].get(key) is None
