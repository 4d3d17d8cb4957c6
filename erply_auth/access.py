"""Members only: the decorator and the mixin for a host project's own views."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_cache_control, patch_vary_headers

from .models import Member

Groups = Iterable[int | str] | None


def member_of(user: Any) -> Member | None:
    """The member for whom the session is; None for staff and for strangers."""
    member: Member | None = getattr(user, "logged_in_member", None)
    return member


def forbid_storing(response: HttpResponseBase) -> None:
    """Keeps an answer out of every cache."""
    patch_cache_control(response, no_store=True, private=True)
    patch_vary_headers(response, ["Cookie"])


def is_members_address(path: str) -> bool:
    """Whether the path lies in the members' area, a page of it or not, its last slash or not."""
    try:
        return f"{path}/".startswith(reverse("erply_auth:overview"))
    except NoReverseMatch:  # E004 tells.
        return False


def keep_private(request: HttpRequest) -> None:
    """Has the middleware keep the answer out of every cache, whatever becomes of the request."""
    request.erply_private = True  # type: ignore[attr-defined]


def is_private(request: HttpRequest) -> bool:
    """Whether somebody has called `keep_private`."""
    return hasattr(request, "erply_private")


def member_required(
    view: Callable[..., Any] | None = None, *, groups: Groups = None
) -> Callable[..., Any]:
    """Shows a view, sync or async, to logged-in members only; others are sent to log in.

    With `groups`, Erply group ids or exact names, a member outside all of them gets 403. An empty
    list lets nobody in.
    """
    if view is None:
        return functools.partial(member_required, groups=groups)
    if isinstance(groups, str):
        raise TypeError("groups must be a list: a string would mean the groups of each letter")
    allowed = None if groups is None else tuple(groups)

    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def async_wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            member = member_of(await request.auser())
            # For the view's own use: looking it up lazily would mean a blocking query.
            request.member = member  # type: ignore[attr-defined]
            response = _refusal(request, member, allowed)
            if response is None:
                response = await view(request, *args, **kwargs)
            forbid_storing(response)
            return response

        return async_wrapper

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = _refusal(request, member_of(request.user), allowed)
        if response is None:
            response = view(request, *args, **kwargs)
        forbid_storing(response)
        return response

    return wrapper


class MemberRequiredMixin:
    """`member_required` for class-based views; put it first among the bases."""

    erply_groups: Groups = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The view's own dispatch, for members."""
        view = super().dispatch  # type: ignore[misc]
        if self.view_is_async:  # type: ignore[attr-defined]
            view = _awaiting(view)
        return member_required(view, groups=self.erply_groups)(request, *args, **kwargs)


def _awaiting(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    """An async view's dispatch, which is no coroutine function itself but returns a coroutine."""

    async def view(*args: Any, **kwargs: Any) -> Any:
        return await dispatch(*args, **kwargs)

    return view


def _refusal(
    request: HttpRequest, member: Member | None, groups: tuple[int | str, ...] | None
) -> HttpResponseBase | None:
    keep_private(request)
    if member is None:
        return redirect_to_login(request.get_full_path(), reverse("erply_auth:login"))
    if groups is not None and not member.in_groups(groups):
        raise PermissionDenied
    return None
