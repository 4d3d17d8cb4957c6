"""One Erply account: which of its two APIs serves what, and what its API user may do.

All methods raise ErplyUnavailable when Erply cannot tell; what else they raise is said at each.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Self, TypeVar

from . import classic_records
from .classic import ClassicAPI
from .classic_customers import ClassicCustomers
from .crm_customers import CrmCustomers
from .errors import (
    LOG_PROCESSING,
    VERIFY_CUSTOMER_USER,
    CredentialsRejected,
    ErplyError,
    ErplyRejected,
    ErplyUnavailable,
    Reason,
    RecordNotFound,
    our_fault,
)
from .records import Processing
from .sharing import ReferenceData, Store

AUTO, CLASSIC, CRM = "auto", "classic", "crm"

_NOBODY = 2_147_483_647
"""A customer id that no account has, for trying a right without reading anybody's record."""
_NAME = "erply-check"
_MOVED = "registry-moved"
_MOVED_SECONDS = 6 * 3600
"""How long a refusal by the classic API is remembered; then one call tries it again."""

Customers = ClassicCustomers | CrmCustomers
T = TypeVar("T")


class Account:
    """What serves an account, and what its API user may do.

    `customer_api` and `address_api` say which API serves them: `classic`, `crm`, or `auto`, which
    is the classic one until it says that the registry has left it. `quota` is the account's request
    quota. `served_by` has the name of
    every API that this copy has sent a change to.
    """

    def __init__(
        self,
        classic: ClassicAPI,
        reference: ReferenceData,
        store: Store,
        crm: CrmCustomers,
        *,
        customer_api: str = AUTO,
        address_api: str = AUTO,
        points_of_sale: Iterable[int] = (),
    ) -> None:
        self._classic = classic
        self.quota = classic.quota
        self._reference = reference
        self._store = store
        self._apis: dict[str, Customers] = {CLASSIC: ClassicCustomers(classic), CRM: crm}
        self._customer_api = customer_api
        self._address_api = address_api
        self._points_of_sale = tuple(points_of_sale)
        self.served_by: set[str] = set()

    def lent(self) -> Self:
        """A copy for one processing, with a `served_by` of its own."""
        copied = copy.copy(self)
        copied.served_by = set()
        return copied

    def crm_url(self) -> str:
        """Where the account's CRM API is now; "" if the account names none."""
        return self._classic.service_url("crm")

    def apis_in_use(self) -> tuple[str, str]:
        """Which API serves customers now and which one addresses, each `classic` or `crm`.

        With `auto`, the classic one unless it has said that the registry left it.
        """
        return self._choice(self._customer_api), self._choice(self._address_api)

    def classic_serves(self) -> bool:
        """Whether the classic API still has the customers; asks it, and reads none."""
        try:
            self._classic.call("getCustomers", {"customerID": _NOBODY, "mode": "ALL"})
        except ErplyUnavailable as error:
            if error.reason in (Reason.RIGHTS, Reason.CONSENT):
                return True
            if error.reason is Reason.MOVED:
                return False
            raise
        return True

    def api_user_is_accepted(self) -> None:
        """Logs the shop's API user in, key or no key. Raises ErplyUnavailable if it is refused."""
        self._classic.verify_user()

    def may_read_customers(self) -> None:
        """Raises ErplyError unless the API user may read customers; reads none."""
        try:
            self._by(self._customer_api, lambda api: api.customer(_NOBODY))
        except RecordNotFound:
            return

    def may_verify_customers(self) -> None:
        """Raises ErplyError unless the API user may check customers' credentials."""
        try:
            self._classic.call(
                VERIFY_CUSTOMER_USER,
                {"username": "erply-check", "password": "erply-check"},  # nosec B105
            )
        except CredentialsRejected:
            return

    def log_processing(self, many: Sequence[Processing]) -> list[ErplyError | None]:
        """Tells Erply's own log of up to 100 processings in one request; each one's error or None.

        Raises ErplyUnavailable when the request as a whole failed; some of it may be logged then.
        """
        calls = [(LOG_PROCESSING, classic_records.processing(one)) for one in many]
        try:
            outcomes = self._classic.bulk(calls)
        except ErplyRejected as error:
            raise our_fault(error) from error
        return [outcome if isinstance(outcome, ErplyError) else None for outcome in outcomes]

    def may_log_processing(self) -> None:
        """Raises ErplyError unless Erply keeps a processing log for the account; logs nobody."""
        nobody = Processing((_NOBODY,), "read", ("name",), "Set-up check")
        try:
            self._classic.call(LOG_PROCESSING, classic_records.processing(nobody))
        except RecordNotFound:
            return

    def _write(self, setting: str, operation: Callable[[Customers], T]) -> T:
        def noted(api: Customers) -> T:
            self.served_by.add(api.name)
            return operation(api)

        return self._by(setting, noted)

    def _by(self, setting: str, operation: Callable[[Customers], T]) -> T:
        """The operation's result from the API that serves it.

        The classic API's word that the registry has left it is kept for all processes, so that one
        of them pays for it; it is a refusal, so nothing is done twice.
        """
        try:
            return operation(self._apis[self._choice(setting)])
        except ErplyUnavailable as error:
            if setting != AUTO or error.reason is not Reason.MOVED:
                raise
        self._store.set(_MOVED, True, _MOVED_SECONDS)
        return operation(self._apis[CRM])

    def _choice(self, setting: str) -> str:
        if setting != AUTO:
            return setting
        return CRM if self._store.get(_MOVED) else CLASSIC
