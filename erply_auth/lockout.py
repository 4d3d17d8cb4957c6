"""What django-axes needs to know about members. Imported only where axes is installed.

Axes locks the pair of name and address, for members and for staff. Names reach its tables as keys
that do not tell them: people type passwords where names belong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .access import forbid_storing
from .judgement import is_judged, member_key_of, retry_after_of
from .throttle import folded, key_of
from .visitors import client_address, device_of

Credentials = Mapping[str, Any] | None


class LockoutBackend(AxesStandaloneBackend, BaseBackend):  # type: ignore[misc]
    """Axes' backend, which lets a log-in without a request pass: it has no address to lock."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Raises PermissionDenied while the pair is locked."""
        if request is not None:
            super().authenticate(request, **credentials)


def username(request: HttpRequest, credentials: Credentials) -> str:
    """AXES_USERNAME_CALLABLE: whose pair it is. Members and staff of one name are two."""
    kind, name = _named(credentials)
    if kind == "staff" and (member_key := member_key_of(request)):
        # After a log-in axes asks with the Django user's name, which is not what a member types.
        return member_key
    return key_of(kind, name)


def client_ip(request: HttpRequest) -> str | None:
    """AXES_CLIENT_IP_CALLABLE: the same address that the app's own counters go by."""
    return client_address(request) or None


def is_not_counted(request: HttpRequest, credentials: Credentials) -> bool:
    """AXES_WHITELIST_CALLABLE: tries that lock nothing and that no lock stops.

    Empty names; and of members' credentials what nobody judged (an outage, a throttle), and what
    comes from a known device, whose own guesses the app counts itself. Plain credentials count even
    then: Erply is not the only one who judges them.
    """
    kind, name = _named(credentials)
    if kind == "member" and (not is_judged(request) or device_of(request, name)):
        return True
    return not folded(name)


def response(
    request: HttpRequest, original: Any = None, credentials: Credentials = None
) -> HttpResponse:
    """AXES_LOCKOUT_CALLABLE: 429, on members' log-in page as that page has made it."""
    if isinstance(original, HttpResponse) and original.status_code == 429:
        return original
    answer = render(request, "erply_auth/too_many_attempts.html", status=429)
    answer["Retry-After"] = str(retry_after_of(request))
    forbid_storing(answer)
    return answer


def _named(credentials: Credentials) -> tuple[str, str]:
    given = credentials or {}
    if "erply_username" in given:
        return "member", _text(given["erply_username"])
    return "staff", _text(given.get(get_user_model().USERNAME_FIELD, given.get("username")))


def _text(name: object) -> str:
    return name if isinstance(name, str) else ""
