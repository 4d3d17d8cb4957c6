"""A forgotten password: a link to the address that Erply has, and a new password by that link.

The link is bound to account, customer, stored address and to what we know of the member: their last
log-in and their Django user's password, which is replaced whenever the one in Erply is. So a log-in
or a new password makes the link void, and costs nothing for it.
"""

from __future__ import annotations

import contextlib
import functools
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.views.decorators.debug import sensitive_variables

from .. import linking, tokens
from ..conf import get_settings
from ..erply.records import Customer
from ..models import Activity, ResetLink
from ..processing import RECORD_FIELDS, VISITOR, Access, Purpose, recorded_for
from . import links, lookup, mails
from .password import end_sessions, replace

_KIND = "reset"


@dataclass(frozen=True)
class OpenLink:
    """A link that works, with the number that only its mail held."""

    row: ResetLink
    nonce: str


def ask(email: str) -> Callable[[], None]:
    """Asks Erply who has the address; what comes back does the rest, mails included.

    Call that once the answer is out: it takes longer where somebody has the address. Both raise
    ErplyUnavailable, LogUnavailable; the first also ErplyConfigurationError.
    """
    mails.link("password_reset")
    with contextlib.ExitStack() as stack:
        access = stack.enter_context(
            recorded_for(None, Activity.READ, RECORD_FIELDS, Purpose.PASSWORD_RESET, VISITOR)
        )
        found = lookup.search(access, email)
        still_open = stack.pop_all()
    return functools.partial(_mail_links, still_open, access, found, email)


def open_link(token: str) -> OpenLink:
    """The link; LinkRefused if it is forged, used, too old or void. Asks Erply nothing."""
    told = tokens.read(_KIND, token)
    if told is None:
        raise links.LinkRefused
    customer_id, nonce = told
    mine = {"client_code": get_settings().client_code, "customer_id": customer_id}
    row = ResetLink.rows().filter(**mine).first()
    if row is None or not links.is_current(row):
        raise links.LinkRefused
    if not hmac.compare_digest(row.fingerprint, _fingerprint(nonce, customer_id)):
        raise links.LinkRefused
    return OpenLink(row, nonce)


@sensitive_variables()
def set_password(token: str, new: str) -> None:
    """Sets the password of the one customer that the link is for, and ends their sessions.

    They are read again by their id first. Raises LinkRefused, FieldRejected, ErplyUnavailable,
    LogUnavailable.
    """
    link = open_link(token)
    row = link.row
    with (
        contextlib.ExitStack() as afterwards,
        links.taken(row),
        recorded_for(
            row.customer_id, Activity.UPDATE, ("password",), Purpose.PASSWORD_RESET, VISITOR
        ) as access,
    ):
        customer = _still_theirs(access, link)

        replace(access, customer, new)
        # What is changed is told and ends the sessions, even if its outcome cannot be noted.
        afterwards.callback(mails.tell_password_changed, customer.emails)
        afterwards.callback(_end_sessions, row.customer_id)
        afterwards.callback(row.delete)


def _mail_links(
    still_open: contextlib.ExitStack, access: Access, found: tuple[int, ...], email: str
) -> None:
    with still_open:
        links.forget_expired()
        matches = lookup.read_again(access, found, email)
        for match in matches:
            if match.customer.username:
                token = _new_link(match)
                mails.send_reset_link(match.address, match.customer.username, token)
        nameless = [match.address for match in matches if not match.customer.username]
        for address in dict.fromkeys(nameless):
            mails.tell_username_missing(address)


def _new_link(match: lookup.Match) -> str:
    customer_id, nonce = match.customer.customer_id, tokens.new_nonce()
    ResetLink.rows().update_or_create(
        client_code=get_settings().client_code,
        customer_id=customer_id,
        defaults={
            "fingerprint": _fingerprint(nonce, customer_id),
            "address_fingerprint": tokens.fingerprint(nonce, match.address),
            "expires_at": links.expiry(get_settings().reset_seconds),
            "used": False,
        },
    )
    return tokens.make(_KIND, customer_id, nonce)


def _fingerprint(nonce: str, customer_id: int) -> str:
    link = linking.find(customer_id)
    if link is None:
        return tokens.fingerprint(nonce)
    user: Any = link.member.user
    return tokens.fingerprint(nonce, user.password, str(getattr(user, "last_login", None)))


def _still_theirs(access: Access, link: OpenLink) -> Customer:
    """The customer as Erply has them now, if the link may still be used. Raises LinkRefused."""
    customer_id = link.row.customer_id
    walk_in_ids = access.registry.walk_in_ids()
    for customer in access.registry.customers((customer_id,)):
        addresses = {tokens.fingerprint(link.nonce, each) for each in customer.emails}
        if (
            customer.username
            and not customer.is_default
            and customer_id not in walk_in_ids
            and link.row.address_fingerprint in addresses
        ):
            return customer
    link.row.delete()
    raise links.LinkRefused


def _end_sessions(customer_id: int) -> None:
    link = linking.find(customer_id)
    if link is not None:
        end_sessions(link.member)
