"""The member's profile: what of it they may change, and how a change reaches Erply unharmed."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any

from django.views.decorators.debug import sensitive_variables

from .. import throttle
from ..erply.errors import VERIFY_CUSTOMER_USER, CredentialsRejected, ErplyUnavailable
from ..erply.records import Customer
from ..models import Activity, Member
from ..processing import Access, Purpose, logged_as, recorded
from . import cards, mails

Values = Mapping[str, str]
"""Form values by field name; dates as yyyy-mm-dd, booleans as 0 and 1."""

_PERSON = ("first_name", "last_name", "birthday", "gender")
_COMPANY = ("company_name", "vat_number")
_NAMES = ("first_name", "last_name", "company_name")
_BOTH = ("email", "phone", "mobile", "email_opt_out")


class ChangedMeanwhile(Exception):
    """Erply has another value now in a field that the member changed; `values` are all there."""

    def __init__(self, fields: frozenset[str], values: Values) -> None:
        super().__init__(sorted(fields))
        self.fields = fields
        self.values = values


def values_of(customer: Customer) -> dict[str, str]:
    """What the member may change, as the form shows it; of several e-mail addresses the first."""
    names = (*(_COMPANY if customer.is_company else _PERSON), *_BOTH)
    values = {name: _as_text(getattr(customer, name)) for name in names}
    values["email"] = next(iter(customer.emails), "")
    return values


@sensitive_variables()
def save(member: Member, seen: Values, changes: Values, password: str) -> None:
    """Sends Erply just these changes; `seen` are the values that the form was opened on.

    A new e-mail address needs the password, tells the old addresses, and leaves further ones in
    the field alone. Raises ChangedMeanwhile, CredentialsRejected, Throttled, FieldRejected,
    RecordNotFound, ErplyUnavailable, LogUnavailable, and MemberClosed as `cards.read` does.
    """
    with (
        contextlib.ExitStack() as afterwards,
        recorded(member, Activity.UPDATE, logged_as(changes), Purpose.PROFILE_CHANGE) as access,
    ):
        customer = cards.fetch(member, access).customer
        current = values_of(customer)
        refuse_overwriting(seen, changes, current)
        to_send = {name: value for name, value in changes.items() if current.get(name) != value}
        if "email" in to_send:
            prove(access, customer, password)
            to_send["email"] = _with_first(customer.email, current["email"], to_send["email"])
        if to_send:
            _send(member, customer, access, to_send)
        if "email" in to_send:
            # What is saved is told, even if its outcome cannot be noted.
            afterwards.callback(mails.tell_email_changed, customer.emails)


def refuse_overwriting(seen: Values, changes: Values, current: Values) -> None:
    """Raises ChangedMeanwhile where a change would overwrite what the member has not seen."""
    unseen = frozenset(
        name for name, value in changes.items() if current.get(name) not in (seen.get(name), value)
    )
    if unseen:
        raise ChangedMeanwhile(unseen, current)


@sensitive_variables()
def prove(access: Access, customer: Customer, password: str) -> None:
    """Has the member prove who they are by their password.

    Who has found a session open guesses at the pace of who has not: raises Throttled, else what
    `check_password` raises.
    """
    key = str(customer.customer_id)
    ticket = throttle.enter("proof", key, throttle.name_pace())
    try:
        check_password(access, customer, password)
    except ErplyUnavailable:
        ticket.give_back()
        raise
    ticket.give_back()


@sensitive_variables()
def check_password(access: Access, customer: Customer, password: str) -> None:
    """Raises CredentialsRejected unless it is the customer's own password."""
    identity = access.registry.verify_credentials(customer.username, password)
    if identity.customer_id != customer.customer_id:
        raise CredentialsRejected(VERIFY_CUSTOMER_USER)


def _with_first(field: str, old: str, new: str) -> str:
    """The e-mail field with another first address, further ones as they are."""
    _, _, rest = field.partition(old) if old else ("", "", "")
    return new + rest if new else rest.lstrip("; ")


def _send(member: Member, customer: Customer, access: Access, to_send: Values) -> None:
    def happened() -> bool | None:
        card = access.registry.card(member.customer_id)
        saved = {name: _as_text(getattr(card.customer, name)) for name in to_send}
        return True if saved == to_send else None

    def write() -> bool:
        access.registry.update_customer(customer, to_send)
        return True

    renamed = {}
    try:
        access.settle(write, happened)
        parts: dict[str, Any] = {part: to_send[part] for part in _NAMES if part in to_send}
        name = dataclasses.replace(customer, **parts).name
        if name != customer.name:
            renamed["name"] = name[:255]
    finally:
        cards.changed(member, **renamed)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return str(value)
