"""`request.member`, sessions held against their row, and no member's page in any shared cache."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib.auth import aget_user, get_user
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from . import request_ids
from .access import forbid_storing, is_members_address, is_private, keep_private, member_of
from .services import sessions

APP_NAME = "erply_auth"

_GetResponse = Callable[[HttpRequest], Any]


class MemberMiddleware:
    """Puts the logged-in member on the request; must stand below AuthenticationMiddleware.

    `request.member` is false for everybody else, and costs no query until it is used. Nor does
    `request.user`, which is checked for having a session that still stands.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: _GetResponse) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        request.user = SimpleLazyObject(  # type: ignore[assignment]
            functools.partial(_user, request, request.user)
        )
        request.auser = functools.partial(_auser, request, request.auser)
        request.member = SimpleLazyObject(  # type: ignore[attr-defined]
            functools.partial(_member, request)
        )
        if self._is_async:
            return self._later(request)
        with request_ids.assigned():
            return _protected(request, self._get_response(request))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        with request_ids.assigned():
            return _protected(request, await self._get_response(request))


def _user(request: HttpRequest, user: Any) -> Any:
    """Django's user of the request, whose session is held against its row on the way."""
    with sessions.visiting(request.session) as visit:
        if _is_unchecked(user, visit):
            user = get_user(request)
    if visit.ended:
        # Its key must not come to life again when the member logs in with it.
        request.session.flush()
    return user


async def _auser(request: HttpRequest, auser: Callable[[], Awaitable[Any]]) -> Any:
    """The same for async views, once a request."""
    if not hasattr(request, "erply_auser"):
        with sessions.visiting(request.session) as visit:
            user = await auser()
            if _is_unchecked(user, visit):
                user = await aget_user(request)
        if visit.ended:
            await request.session.aflush()
        request.erply_auser = user  # type: ignore[attr-defined]
    return request.erply_auser  # type: ignore[attr-defined]


def _is_unchecked(user: Any, visit: sessions.Visit) -> bool:
    """Whether a middleware above has asked for the user before the session could be checked.

    To look at a lazy user is what makes Django ask the backend.
    """
    return member_of(user) is not None and not visit.checked


def _member(request: HttpRequest) -> object:
    member = member_of(request.user)
    if member is not None:
        keep_private(request)
    return member


def _protected(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Nobody else's is every answer of the app's own addresses and every one that knows the member,
    errors and redirects too."""
    if is_private(request) or _is_the_apps(request):
        forbid_storing(response)
    return response


def _is_the_apps(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None:  # No page has this address, or another middleware has answered.
        return is_members_address(request.path)
    return APP_NAME in match.app_names
