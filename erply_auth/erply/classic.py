"""The classic API: its envelope, single and bulk calls, the session key that goes with them.

Erply answers HTTP 200 with a status block whatever went wrong; numbers come as strings. Calls
return raw records; `classic_records` turns them into ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import (
    QUOTA_SPENT,
    SESSION_KEY_CODES,
    VERIFY_USER,
    ErplyError,
    ErplyUnavailable,
    Reason,
    error_for,
)
from .quota import CALL, Quota
from .records import Malformed, Raw, Session, number, text
from .session_keys import SessionKeys
from .sharing import SingleFlight, Store
from .transport import Answer, Transport, check_url

MAX_BULK = 100
_BULK = "bulk request"

Parameters = Mapping[str, str | int]


class ClassicAPI:
    """One account's classic API, reached through one transport and a shared session key."""

    def __init__(
        self,
        transport: Transport,
        store: Store,
        flight: SingleFlight,
        quota: Quota,
        *,
        url: str,
        client_code: str,
        username: str,
        password: str,
        session_seconds: int = 86400,
        call_seconds: float = 8,
        bulk_seconds: float = 30,
    ) -> None:
        self._transport = transport
        self._url = url
        self._client_code = client_code
        self._credentials = {"username": username, "password": password}
        self._session_seconds = session_seconds
        self._call_seconds = call_seconds
        self._bulk_seconds = bulk_seconds
        self.quota = quota
        self.session_keys = SessionKeys(store, flight, self.verify_user)

    def call(self, name: str, parameters: Parameters | None = None) -> list[Raw]:
        """One call with the shared session key; its records.

        An expired or unknown key is renewed and the call repeated, once. Raises ErplyError.
        """
        fields = {"request": name} | {k: str(v) for k, v in (parameters or {}).items()}
        return _records(name, self._with_key(name, fields, self._call_seconds))

    def bulk(self, calls: Sequence[tuple[str, Parameters]]) -> list[list[Raw] | ErplyError]:
        """Up to 100 independent calls in one request; for each its records or its own error.

        Raises ErplyError when the request as a whole failed.
        """
        if not 0 < len(calls) <= MAX_BULK:
            raise ValueError(f"a bulk request holds 1 to {MAX_BULK} calls, not {len(calls)}")
        requests = [
            {"requestName": name, "requestID": position, **parameters}
            for position, (name, parameters) in enumerate(calls, start=1)
        ]
        fields = {"requests": json.dumps(requests)}
        envelope = self._with_key(_BULK, fields, self._bulk_seconds, bulk=len(calls))
        _raise_for_status(_BULK, envelope)
        answers = envelope.get("requests")
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise ErplyUnavailable(_BULK, reason=Reason.GARBLED)
        return [
            _outcome(name, position, answer)
            for position, ((name, _), answer) in enumerate(zip(calls, answers, strict=True), 1)
        ]

    def verify_user(self) -> Session:
        """A new session key for the API user. Raises ErplyUnavailable."""
        fields = {
            "request": VERIFY_USER,
            "sessionLength": str(self._session_seconds),
            "doNotGenerateIdentityToken": "1",
            **self._credentials,
        }
        records = _records(VERIFY_USER, self._post(VERIFY_USER, fields, self._call_seconds))
        try:
            seconds = min(number(records[0], "sessionLength"), self._session_seconds)
            session = Session(seconds, text(records[0], "sessionKey"))
        except (IndexError, Malformed) as error:
            raise ErplyUnavailable(VERIFY_USER, reason=Reason.GARBLED) from error
        if not session.key or session.seconds <= 0:
            raise ErplyUnavailable(VERIFY_USER, reason=Reason.GARBLED)
        return session

    def keyless_call(self, name: str) -> list[Raw]:
        """One call of the few that need no session key. Raises ErplyError."""
        return _records(name, self._post(name, {"request": name}, self._call_seconds))

    def service_url(self, service: str) -> str:
        """Where one of the account's services is, by getServiceEndpoints; "" if it has none.

        Raises ErplyUnavailable for an address that secrets must not travel to.
        """
        name = "getServiceEndpoints"
        for record in self.keyless_call(name):
            endpoint = record.get(service)
            if isinstance(endpoint, dict) and endpoint.get("url"):
                try:
                    return check_url(text(endpoint, "url"))
                except ValueError as error:
                    raise ErplyUnavailable(name, reason=Reason.GARBLED) from error
        return ""

    def _with_key(self, name: str, fields: Mapping[str, str], seconds: float, bulk: int = 0) -> Raw:
        key = self.session_keys.current()
        envelope = self._post(name, {**fields, "sessionKey": key}, seconds, bulk)
        if _error_code(name, envelope) in SESSION_KEY_CODES:
            key = self.session_keys.renew(refused=key)
            envelope = self._post(name, {**fields, "sessionKey": key}, seconds, bulk)
        return envelope

    def _post(self, name: str, fields: Mapping[str, str], seconds: float, bulk: int = 0) -> Raw:
        """The answer's envelope; `bulk` is the number of sub-requests in a bulk request."""
        common = {"clientCode": self._client_code, "version": "1.0", "sendContentType": "1"}
        whole = {**common, **fields}
        probing = self.quota.spend(name, bulk or CALL)
        # Erply is silent while it works on a bulk request.
        silent_seconds = seconds if bulk else None
        answer = self._transport.post(name, self._url, whole, seconds, silent_seconds)
        envelope = _envelope(name, answer)
        refused = _error_code(name, envelope) == QUOTA_SPENT
        self.quota.learn(refused=refused, probing=probing)
        return envelope


def _envelope(name: str, answer: Answer) -> Raw:
    if answer.status == 429:
        raise ErplyUnavailable(name, answer.status, reason=Reason.THROTTLED)
    if answer.status != 200:
        raise ErplyUnavailable(name, answer.status, reason=Reason.SILENT)
    envelope = answer.json(name)
    if not isinstance(envelope, dict):
        raise ErplyUnavailable(name, reason=Reason.GARBLED)
    return envelope


def _error_code(name: str, envelope: Raw) -> int:
    """The status block's error code; 0 is success and must be said, not left out."""
    status = envelope.get("status")
    if not isinstance(status, dict) or _is_unsaid(status.get("errorCode")):
        raise ErplyUnavailable(name, reason=Reason.GARBLED)
    try:
        code = number(status, "errorCode")
    except Malformed as error:
        raise ErplyUnavailable(name, reason=Reason.GARBLED) from error
    if code == 0 and status.get("responseStatus", "ok") != "ok":
        raise ErplyUnavailable(name, reason=Reason.GARBLED)
    return code


def _is_unsaid(code: Any) -> bool:
    return code is None or code == "" or isinstance(code, bool)


def _raise_for_status(name: str, envelope: Raw) -> None:
    code = _error_code(name, envelope)
    if code:
        raise error_for(name, code, str(envelope["status"].get("errorField") or ""))


def _records(name: str, envelope: Raw) -> list[Raw]:
    _raise_for_status(name, envelope)
    records = envelope.get("records")
    if records is None:
        return []
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise ErplyUnavailable(name, reason=Reason.GARBLED)
    return records


def _outcome(name: str, position: int, answer: Any) -> list[Raw] | ErplyError:
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(status, dict) or str(status.get("requestID")) != str(position):
        # Another call's answer under ours would show one customer's data to another.
        return ErplyUnavailable(name, reason=Reason.GARBLED)
    try:
        return _records(name, answer)
    except ErplyError as error:
        return error
