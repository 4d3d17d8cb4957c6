"""A new password: the old one proves who asks, Erply has the last word, other sessions end."""

from __future__ import annotations

import contextlib

from django.contrib.sessions.backends.base import SessionBase
from django.views.decorators.debug import sensitive_variables

from ..erply.errors import CredentialsRejected
from ..erply.records import Customer
from ..models import Activity, Member
from ..processing import Access, Purpose, recorded
from . import cards, mails, sessions
from .profile import check_password, prove


@sensitive_variables()
def change(member: Member, old: str, new: str, session: SessionBase | None = None) -> None:
    """Replaces the member's password in Erply and ends all their sessions but the given one.

    The view keeps that one with Django's `update_session_auth_hash`. Raises CredentialsRejected
    (the old password is wrong), Throttled (it was wrong too often to be asked about again),
    PasswordRefused (Erply's rules), RecordNotFound, ErplyUnavailable, LogUnavailable.
    """
    with (
        contextlib.ExitStack() as afterwards,
        recorded(member, Activity.UPDATE, ("password",), Purpose.PASSWORD_CHANGE) as access,
    ):
        customer = cards.fetch(member, access).customer
        prove(access, customer, old)

        try:
            replace(access, customer, new)
        finally:
            cards.changed(member)
        # What is changed is told and ends the sessions, even if its outcome cannot be noted.
        afterwards.callback(mails.tell_password_changed, customer.emails)
        afterwards.callback(end_sessions, member, session)


@sensitive_variables()
def replace(access: Access, customer: Customer, new: str) -> None:
    """Sets the customer's password in Erply; where the answer is lost, tries whether it is set."""

    def write() -> bool:
        access.registry.update_customer(customer, {"password": new})
        return True

    def happened() -> bool | None:
        try:
            check_password(access, customer, new)
        except CredentialsRejected:
            return None
        return True

    access.settle(write, happened)


def end_sessions(member: Member, session: SessionBase | None = None) -> None:
    """Ends all of the member's sessions but the given one."""
    sessions.end_others(member, session)
    # A fresh unusable password changes the hash that Django checks every session against.
    member.user.set_unusable_password()
    member.user.save(update_fields=["password"])
