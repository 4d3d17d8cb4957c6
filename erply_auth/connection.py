"""Where the parts are put together: the client made from the settings, one per process, sharing the
session key and reference data through Django's cache.

Only sign_in, processing, delivery and the operators' commands may ask for the registry: nobody
else can read personal data, so nobody can read it unlogged.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from django.core.signals import setting_changed

from . import __version__
from .conf import ErplySettings, get_settings
from .erply.classic import ClassicAPI
from .erply.crm import CrmAPI
from .erply.crm_customers import CrmCustomers
from .erply.quota import Quota
from .erply.registry import CustomerRegistry
from .erply.sharing import ReferenceData, SingleFlight
from .erply.transport import Transport
from .store import CacheStore


def registry() -> CustomerRegistry:
    """The configured account's customer registry. Raises ErplyConfigurationError."""
    return _connect()[0]


def quota() -> Quota:
    """The account's request quota, for what can wait: ask `runs_low` first."""
    return registry().quota


@functools.cache
def _connect() -> tuple[CustomerRegistry, Transport]:
    conf = get_settings()
    transport, store = _transport(conf), CacheStore(conf.cache_alias, _scope(conf))
    flight = SingleFlight(store, wait_seconds=conf.call_timeout)
    quota = Quota(store, hourly=conf.hourly_quota, reserve=conf.quota_reserve)
    classic = ClassicAPI(
        transport,
        store,
        flight,
        quota,
        url=conf.classic_url,
        client_code=conf.client_code,
        username=conf.username,
        password=conf.password,
        session_seconds=conf.session_length,
        call_seconds=conf.call_timeout,
        bulk_seconds=conf.bulk_timeout,
    )
    crm = CrmAPI(
        transport,
        store,
        flight,
        quota,
        classic.session_keys,
        lambda: classic.service_url("crm"),
        client_code=conf.client_code,
        url=conf.crm_url,
        call_seconds=conf.call_timeout,
    )
    registry = CustomerRegistry(
        classic,
        ReferenceData(store, flight, conf.reference_seconds),
        store,
        CrmCustomers(crm),
        customer_api=conf.customer_api,
        address_api=conf.address_api,
        points_of_sale=conf.points_of_sale,
    )
    return registry, transport


def _transport(conf: ErplySettings) -> Transport:
    return Transport(
        connect_timeout=conf.connect_timeout,
        read_timeout=conf.read_timeout,
        max_bytes=conf.max_answer_bytes,
        ca_bundle=conf.ca_bundle,
        environment_proxies=conf.environment_proxies,
    )


def _scope(conf: ErplySettings) -> str:
    # The version, since what is kept is pickled and its classes may move from one to the next.
    urls = (conf.classic_url, conf.crm_url)
    return "\n".join((__version__, *urls, conf.client_code, conf.username, conf.password))


def disconnect() -> None:
    """Closes the kept connections; the next call opens new ones."""
    if _connect.cache_info().currsize:
        _connect()[1].close()
    _connect.cache_clear()


def _settings_changed(*, setting: str, **kwargs: Any) -> None:
    if setting in ("ERPLY_AUTH", "SECRET_KEY", "CACHES"):
        disconnect()


setting_changed.connect(_settings_changed)
# A connection that two processes share would mix their answers.
os.register_at_fork(after_in_child=_connect.cache_clear)
