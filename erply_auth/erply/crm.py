"""The CRM API: where it is, its headers, its pages and its errors.

Its address comes from `getServiceEndpoints` and may change without notice, so it is asked for
again with every new session key. It takes the classic API's session key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from .errors import (
    QUOTA_SPENT,
    ErplyError,
    ErplyRejected,
    ErplyUnavailable,
    Reason,
    RecordNotFound,
    error_for,
)
from .quota import CALL, Quota
from .records import Malformed, Raw, number, text
from .session_keys import SessionKeys
from .sharing import SingleFlight, Store
from .transport import Answer, Transport

_PAGE = 100
_PAUSE_SECONDS = 10
_ENDPOINT_SECONDS = 86400
_NO_ENDPOINT_SECONDS = 60

# Inferred, not documented: change them here.
UPDATE = "PATCH"
_TOO_MANY = 429
_REFUSED = (400, 409, 422)
_REASONS = {
    401: Reason.API_USER,
    403: Reason.RIGHTS,
    404: Reason.GARBLED,
    _TOO_MANY: Reason.THROTTLED,
}
_ERROR_CODE, _ERROR_FIELD = "code", "field"
_VALIDATION = 1016
"""Erply's 'value not accepted': what a 400 or 409 without a code of its own is taken for."""


class CrmAPI:
    """One account's CRM API. `discover` asks Erply for its address, `url` overrides it."""

    def __init__(
        self,
        transport: Transport,
        store: Store,
        flight: SingleFlight,
        quota: Quota,
        keys: SessionKeys,
        discover: Callable[[], str],
        *,
        client_code: str,
        url: str = "",
        call_seconds: float = 8,
    ) -> None:
        self._transport = transport
        self._store = store
        self._flight = flight
        self._quota = quota
        self._keys = keys
        self._discover = discover
        self._client_code = client_code
        self._url = url
        self._call_seconds = call_seconds

    def call(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str | int] | None = None
    ) -> Any:
        """One call; its JSON, None where the answer is empty.

        An expired session key is renewed and the call repeated, once. Raises ErplyError.
        """
        name = f"{method} {path}"
        if self._store.get("crm.pause"):
            raise ErplyUnavailable(name, _TOO_MANY, reason=Reason.THROTTLED)
        target = f"{path}?{urlencode(query)}" if query else path
        key = self._keys.current()
        answer = self._send(name, method, target, body, key)
        if answer.status == 401:
            key = self._keys.renew(refused=key)
            answer = self._send(name, method, target, body, key)
        if answer.status == _TOO_MANY:
            self._store.set("crm.pause", True, _PAUSE_SECONDS)
        if not 200 <= answer.status < 300:
            raise _error(name, answer)
        return answer.json(name) if answer.body.strip() else None

    def records(self, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[Raw]:
        """All records of a list; a page is asked for when it is come to. Raises ErplyError."""
        before: list[Raw] = []
        skip = 0
        while True:
            records = self.page(path, {**(query or {}), "skip": skip, "take": _PAGE})
            if records == before:  # A list without pages, which would never end.
                return
            yield from records
            if len(records) < _PAGE:
                return
            before, skip = records, skip + len(records)

    def page(self, path: str, query: Mapping[str, str | int]) -> list[Raw]:
        """One page of a list. Raises ErplyError."""
        records = self.call("GET", path, query=query)
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            raise ErplyUnavailable(f"GET {path}", reason=Reason.GARBLED)
        return records

    def _send(self, name: str, method: str, target: str, body: Any, key: str) -> Answer:
        headers = {"clientCode": self._client_code, "sessionKey": key}
        content = None if body is None else json.dumps(body).encode()
        url = f"{self._endpoint(name, key).rstrip('/')}/{target.lstrip('/')}"
        probing = self._quota.spend(name, CALL)
        answer = self._transport.send(name, method, url, headers, content, self._call_seconds)
        refused = answer.status >= 400 and _blame(answer)[0] == QUOTA_SPENT
        self._quota.learn(refused=refused, probing=probing)
        return answer

    def _endpoint(self, name: str, key: str) -> str:
        if self._url:
            return self._url

        def look() -> str | None:
            kept: tuple[str, str] | None = self._store.get("crm.endpoint")
            return kept[1] if kept and kept[0] == key else None

        def bring() -> str:
            url = self._discover()
            seconds = _ENDPOINT_SECONDS if url else _NO_ENDPOINT_SECONDS
            self._store.set("crm.endpoint", (key, url), seconds)
            return url

        url = look()
        if url is None:
            url = self._flight.value("crm.endpoint", look, bring)
        if not url:
            raise ErplyUnavailable(name, reason=Reason.NO_CRM)
        return url


def _error(name: str, answer: Answer) -> ErplyError:
    """The exception for an HTTP status; Erply's own code in the body, if any, says more."""
    code, field = _blame(answer)
    told = error_for(name, code, field)
    if isinstance(told, ErplyUnavailable) and told.reason is not Reason.REQUEST:
        return told
    # A list is always there: where it is not found, something else than the CRM API has answered.
    if not name.startswith("GET "):
        if answer.status == 404:
            return RecordNotFound(name, answer.status)
        if answer.status in _REFUSED:
            return told if isinstance(told, ErplyRejected) else error_for(name, _VALIDATION, field)
    return ErplyUnavailable(name, answer.status, reason=_REASONS.get(answer.status, Reason.SILENT))


def _blame(answer: Answer) -> tuple[int, str]:
    """The error code and field in an error's body, 0 and "" where it does not say."""
    try:
        error = json.loads(answer.body)["error"]
        field = text(error, _ERROR_FIELD)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return 0, ""
    try:
        return number(error, _ERROR_CODE), field
    except Malformed:  # A word, not one of the classic API's numbers.
        return 0, field
