"""One Erply account: its customers, its API user, its switches and what was asked of it."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .faults import FaultBook
from .quota import Meter
from .records import ADDRESS_FIELDS, CUSTOMER_FIELDS, GROUP_FIELDS, Record, complete, localized
from .sample import ADDRESS_TYPES, ADDRESSES, CUSTOMERS, GROUPS
from .sessions import SessionBook

FIRST_NEW_ID = 1001


@dataclass(frozen=True)
class Call:
    """One call as it was received; sub-requests of a bulk request are calls of their own.

    `error_code` is 0 when all went well and None when a fault answered in Erply's place. A call
    of the CRM API is named by its method and its path without ids; `path` has them, and its
    `parameters` are those of the query.
    """

    name: str
    parameters: dict[str, str]
    method: str
    target: str
    headers: dict[str, str]
    session_key: str
    in_bulk: bool
    cost: float
    error_code: int | None
    path: str = ""
    body: Any = None


@dataclass(frozen=True)
class ProcessingRecord:
    """One line of Erply's log of customer data processing.

    `by_erply` tells what Erply noted by itself from what the shop logged.
    """

    customer_id: int
    activity_type: str
    fields: tuple[str, ...]
    description: str
    by_erply: bool
    user_name: str
    at: float
    employee_id: str = ""
    partner_key: str = ""


class Account:
    """The state behind the sandbox; `reset` brings the sample data back."""

    def __init__(
        self,
        client_code: str,
        api_username: str,
        api_password: str,
        quota: float,
        latency: float,
        clock: Callable[[], float],
    ) -> None:
        self.client_code = client_code
        self.api_username = api_username
        self.api_password = api_password
        self.url = ""
        self.crm_url = ""
        self.lock = threading.RLock()
        self.fault_book = FaultBook()
        self._initially = (quota, latency, clock)
        self.reset()

    def reset(self) -> None:
        """Sample data as it was, and no calls, sessions, faults or latency."""
        self.fault_book.end()
        with self.lock:
            self.quota, self.latency, self.clock = self._initially
            self.ahead = 0.0
            self.meter = Meter()
            self.sessions = SessionBook()
            self.calls: list[Call] = []
            self.processing_log: list[ProcessingRecord] = []
            self.round_trips = 0
            self.connections = 0
            self.outside_eu = False
            self.no_customer_data_access = False
            self.classic_registry_gone = False
            self.no_crm_rights = False
            self.customers = {row["id"]: complete(CUSTOMER_FIELDS, row) for row in CUSTOMERS}
            self.addresses = {row["id"]: complete(ADDRESS_FIELDS, row) for row in ADDRESSES}
            self.groups = {row["id"]: complete(GROUP_FIELDS, row) for row in GROUPS}
            self.address_types = {row["id"]: dict(row) for row in ADDRESS_TYPES}
            self.deleted_customers: set[int] = set()
            # Never used twice, so that an old id cannot come to mean something else.
            self._new_ids = itertools.count(FIRST_NEW_ID)

    def now(self) -> float:
        return self.clock() + self.ahead

    def group_name(self, group_id: int, language: str = "") -> str:
        group = self.groups.get(group_id)
        return "" if group is None else localized(group, language)

    def first_group(self) -> int:
        return min(self.groups, default=0)

    def members(self) -> list[Record]:
        """The customers who can log in to the web shop."""
        return [one for one in list(self.customers.values()) if one["webshopUsername"]]

    def insert(self, table: dict[int, Record], defaults: Record, fields: Record) -> Record:
        """A new record with an id of its own, or the one given in `fields`."""
        with self.lock:
            now = int(self.now())
            record_id = int(fields.get("id") or next(self._new_ids))
            times = {"id": record_id, "added": now, "lastModified": now}
            record = complete(defaults, {**times, **fields})
            table[record_id] = record
        return record

    def log_by_erply(
        self, customer: Record, activity_type: str, fields: tuple[str, ...], user_name: str
    ) -> None:
        """Erply logs what the classic API does to natural persons, inside the EU only."""
        if not self.outside_eu and customer["customerType"] == "PERSON":
            self.processing_log.append(
                ProcessingRecord(
                    customer["id"], activity_type, fields, "", True, user_name, self.now()
                )
            )
