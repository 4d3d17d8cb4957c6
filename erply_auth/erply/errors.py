"""What can go wrong with Erply, and the one table that turns its error codes into exceptions.

Two roots: `ErplyUnavailable` (nobody can tell; try again later) and `ErplyRejected` (Erply
understood and said no). They carry the call's name, Erply's code and the field it blames, and
nothing else: no parameters, no body, no password, no session key.
"""

from __future__ import annotations

import enum
import re

VERIFY_USER = "verifyUser"
LOG_PROCESSING = "logProcessingOfCustomerData"
VERIFY_CUSTOMER_USER = "verifyCustomerUser"

SESSION_KEY_CODES = frozenset({1054, 1055, 1056})
QUOTA_SPENT = 1002
TAKEN = 1012
"""Erply's 'must be unique': somebody else has the value."""

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_#]{0,63}")


class Reason(enum.StrEnum):
    """Why Erply is unavailable, in an operator's words."""

    SILENT = "no answer"
    GARBLED = "an answer that makes no sense"
    MAINTENANCE = "maintenance"
    QUOTA = "the account's hourly quota is spent"
    THROTTLED = "too many requests from this address"
    ACCOUNT = "no such account"
    API_USER = "the API user is refused"
    RIGHTS = "the API user lacks a right"
    CONSENT = "the API user has no access to customer data"
    OUTSIDE_EU = "the account is outside the EU"
    NO_CRM = "the account names no CRM API"
    MOVED = "the customer registry has left the classic API"
    BUSY = "the record is busy"
    REQUEST = "the request is refused"
    STORE = "the shared cache does not answer"


class ErplyError(Exception):
    """What every error about Erply is: `call` (the API call's name), `code` (0: none), `field`."""

    def __init__(self, call: str, code: int = 0, field: str = "") -> None:
        # A broken answer may hold anything where a parameter's name belongs.
        field = field if _FIELD_NAME.fullmatch(field) else ""
        super().__init__(call, code, field)
        self.call = call
        self.code = code
        self.field = field

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        field = f" [{self.field}]" if self.field else ""
        return f"{self.call}: {self.explanation}{code}{field}"

    @property
    def explanation(self) -> str:
        """What happened, without a word of data."""
        return (self.__doc__ or "").partition(".")[0].lower()


class ErplyUnavailable(ErplyError):
    """Erply cannot tell. `reason` says why; no credentials were judged, nothing is known."""

    def __init__(
        self, call: str, code: int = 0, field: str = "", reason: Reason = Reason.SILENT
    ) -> None:
        super().__init__(call, code, field)
        self.args = (call, code, self.field, reason)
        self.reason = reason

    @property
    def explanation(self) -> str:
        """The reason, as Reason words it."""
        return self.reason.value


class ErplyRejected(ErplyError):
    """Refused. Erply understood the call and said no."""


class CredentialsRejected(ErplyRejected):
    """Not these credentials. User name and password do not fit together."""


class RecordNotFound(ErplyRejected):
    """No such record. It is not there, or is not the member's own."""


class RecordInUse(ErplyRejected):
    """Others refer to the record. It cannot be deleted."""


class FieldRejected(ErplyRejected):
    """Erply blames a field. `code` says what is wrong with it, `field` is Erply's name for it."""


class PasswordRefused(FieldRejected):
    """Erply's own password rules. The new password breaks one of them."""


def our_fault(error: ErplyRejected) -> ErplyUnavailable:
    """What a no to a call is that holds nothing a member typed: a fault of the request."""
    return ErplyUnavailable(error.call, error.code, error.field, Reason.REQUEST)


_REASONS: dict[int, Reason] = {
    **dict.fromkeys((1000, 1003, 1008), Reason.MAINTENANCE),
    1001: Reason.ACCOUNT,
    QUOTA_SPENT: Reason.QUOTA,
    **dict.fromkeys(range(1050, 1054), Reason.API_USER),
    **dict.fromkeys(SESSION_KEY_CODES, Reason.API_USER),
    **dict.fromkeys((1058, 1059, 1065, 1068, 1201, 1212), Reason.API_USER),
    **dict.fromkeys(range(1060, 1065), Reason.RIGHTS),
    **dict.fromkeys((1120, 1126, 1127), Reason.MOVED),
    1148: Reason.CONSENT,
    1149: Reason.OUTSIDE_EU,
    **dict.fromkeys((1204, 1205), Reason.BUSY),
}

_REJECTIONS: dict[int, type[ErplyRejected]] = {
    1011: RecordNotFound,
    1022: RecordInUse,
    **dict.fromkeys((1010, 1012, 1014, 1015, 1016, 1156), FieldRejected),
    **dict.fromkeys((1100, 1101, 1102, 1103, 1196), PasswordRefused),
}

_WRONG_PAIR = frozenset({1050, 1051, 1052, 1053})
_SIGN_IN_CALLS = frozenset({VERIFY_USER, VERIFY_CUSTOMER_USER})


def error_for(call: str, code: int, field: str = "") -> ErplyError:
    """The exception for an error code of the classic API (protocol, section 7).

    `verifyUser` and `verifyCustomerUser` share codes and mean opposite things: only the latter's
    speak about the member. Nothing else the two answer says anything about the credentials.
    """
    if call == VERIFY_CUSTOMER_USER and code in _WRONG_PAIR:
        return CredentialsRejected(call, code)
    if code in _REJECTIONS and call not in _SIGN_IN_CALLS:
        return _REJECTIONS[code](call, code, field)
    return ErplyUnavailable(call, code, field, _REASONS.get(code, Reason.REQUEST))
