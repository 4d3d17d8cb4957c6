"""Django's authentication contract over `services.sign_in`.

A member's credentials have names of their own, `erply_username` and `erply_password`, so that no
other backend hashes them and no staff password typed into the admin travels to Erply.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, load_backend
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from . import gate, linking
from .conf import ErplyConfigurationError, get_settings
from .erply.errors import VERIFY_CUSTOMER_USER, CredentialsRejected
from .judgement import mark, outage_of, retry_after_of
from .models import Member
from .outages import OUTAGES, announce
from .services import sessions
from .services.sign_in import QuotaReserved, sign_in
from .throttle import Throttled, folded, key_of

__all__ = ["ErplyBackend", "outage_of", "retry_after_of"]


def remember(request: HttpRequest) -> None:
    """Has the session that is about to begin last for as long as 'stay logged in' says."""
    request.erply_remembered = True  # type: ignore[attr-defined]


def is_remembered(request: HttpRequest) -> bool:
    """Whether somebody has called `remember`."""
    return hasattr(request, "erply_remembered")


class ErplyBackend(BaseBackend):
    """Logs members in with their Erply web-shop user name and password.

    Four outcomes: a user; None; None with the request marked (`retry_after_of`) when it is too
    early for another try; and None with the request marked (`outage_of`) and the signal
    `erply_unavailable` sent, when Erply cannot tell.
    """

    @sensitive_variables()
    def authenticate(
        self,
        request: HttpRequest | None,
        erply_username: str | None = None,
        erply_password: str | None = None,
        **credentials: Any,
    ) -> Any:
        """The member's user, or None. See `ERPLY_AUTH['PLAIN_CREDENTIALS']` for plain names."""
        if erply_username is None and _takes_plain_credentials():
            erply_username = credentials.get("username")
            erply_password = credentials.get("password")
        if erply_username is None or erply_password is None:
            return None
        mark(request)
        try:
            user = linking.logged_in(_admitted(request, erply_username, erply_password))
        except CredentialsRejected:
            return None
        except Throttled as refusal:
            mark(request, throttled=refusal.retry_after)
            return None
        except OUTAGES as error:
            mark(request, outage=error)
            announce(error, type(self), request)
            return None
        mark(request, member_key=key_of("member", erply_username))
        return user

    def get_user(self, user_id: Any) -> Any:
        """The session's user with their member, in one query; None ends the session."""
        try:
            return sessions.user_of(user_id)
        except ErplyConfigurationError:  # E001 tells; the page says 503 to whoever logs in.
            return None


@sensitive_variables()
def _admitted(request: HttpRequest | None, username: Any, password: Any) -> Member:
    """The member whose credentials these are, if a try is let through at all.

    A try that is not given back counts as a guess: a wrong pair, and whatever ends in a crash.
    """
    if not isinstance(username, str) or not folded(username):
        # Nobody's name: nothing of it is left to count guesses by.
        raise CredentialsRejected(VERIFY_CUSTOMER_USER)
    passage = gate.enter(request, username)
    try:
        member = sign_in(
            username,
            password,
            known_device=passage.known_device,
            suspected=passage.suspected,
        )
    except QuotaReserved as refusal:
        if not refusal.asked:
            passage.give_back()
        raise Throttled(refusal.retry_after) from None
    except OUTAGES:
        passage.give_back()
        raise
    passage.give_back()
    return member


def _takes_plain_credentials() -> bool:
    try:
        return get_settings().plain_credentials
    except ErplyConfigurationError:  # E001 tells, and staff must get in all the same.
        return False


@receiver(user_logged_in)
def _begin_session(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Enters every log-in over this backend, whoever's view it was; ends what was before it."""
    if sessions.leave(request.session):
        # Django keeps the key of a member who logs in once more.
        request.session.cycle_key()
    if not isinstance(load_backend(request.session[BACKEND_SESSION_KEY]), ErplyBackend):
        return
    if member := getattr(user, "erply_member", None):
        user_agent = request.headers.get("User-Agent", "")
        sessions.begin(member, request.session, user_agent, remembered=is_remembered(request))


@receiver(user_logged_out)
def _end_session(request: HttpRequest, **kwargs: Any) -> None:
    sessions.leave(request.session)
