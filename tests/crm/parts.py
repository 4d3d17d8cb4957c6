"""The client's parts, put together as `connection` does it, with other settings."""

import contextlib
from collections.abc import Iterator
from typing import Any

from erply_auth.connection import CacheStore
from erply_auth.erply.classic import ClassicAPI
from erply_auth.erply.crm import CrmAPI
from erply_auth.erply.crm_customers import CrmCustomers
from erply_auth.erply.quota import Quota
from erply_auth.erply.registry import CustomerRegistry
from erply_auth.erply.sharing import ReferenceData, SingleFlight
from erply_auth.erply.transport import Transport
from erply_auth.sandbox import API_PASSWORD, API_USERNAME, CLIENT_CODE


class Shop:
    """One process's client; two of them share what is kept."""

    def __init__(
        self,
        url: str,
        crm_url: str = "",
        seconds: float = 2,
        store: CacheStore | None = None,
        **apis: str,
    ) -> None:
        self.transport = Transport(connect_timeout=1, read_timeout=seconds)
        self.store = store or CacheStore("default", "tests")
        flight = SingleFlight(self.store, 5)
        self.quota = Quota(self.store, hourly=6000, reserve=600)
        self.classic = ClassicAPI(
            self.transport,
            self.store,
            flight,
            self.quota,
            url=url,
            client_code=CLIENT_CODE,
            username=API_USERNAME,
            password=API_PASSWORD,
        )
        self.crm = CrmAPI(
            self.transport,
            self.store,
            flight,
            self.quota,
            self.classic.session_keys,
            lambda: self.classic.service_url("crm"),
            client_code=CLIENT_CODE,
            url=crm_url,
            call_seconds=seconds,
        )
        self.customers = CrmCustomers(self.crm)
        reference = ReferenceData(self.store, flight, 3600)
        self.registry = CustomerRegistry(
            self.classic, reference, self.store, self.customers, **apis
        )


@contextlib.contextmanager
def shop(url: str, crm_url: str = "", **options: Any) -> Iterator[Shop]:
    """A client, closed afterwards."""
    made = Shop(url, crm_url, **options)
    try:
        yield made
    finally:
        made.transport.close()
