"""The processing log as its member reads it: plain words instead of codes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from ..models import Activity, Member, Outcome, ProcessingEntry
from ..processing import MEMBER, VISITOR, Purpose

PAGE = 25

_FIELDS = {
    "name": _("name"),
    "phone": _("phone number"),
    "mobilePhone": _("mobile number"),
    "fax": _("fax number"),
    "email": _("e-mail address"),
    "address": _("address"),
    "nationalIdentificationNumber": _("personal or registration code"),
    "dateOfBirth": _("date of birth"),
    "gender": _("gender"),
    "bankAccount": _("bank account"),
    "employer": _("employer"),
    "skype": _("Skype name"),
    "website": _("website"),
    "vatNumber": _("VAT number"),
    "notes": _("the shop's notes on you"),
    "attributes": _("further details"),
    "username": _("user name"),
    "password": _("password"),
    "emailOptOut": _("choice about offers by e-mail"),
    "all": _("whole record"),
}
_WHAT = {
    Activity.CREATE: ngettext_lazy(
        "Your %(fields)s was added", "Your %(fields)s were added", "number"
    ),
    Activity.READ: ngettext_lazy("Your %(fields)s was read", "Your %(fields)s were read", "number"),
    Activity.UPDATE: ngettext_lazy(
        "Your %(fields)s was changed", "Your %(fields)s were changed", "number"
    ),
    Activity.DELETE: ngettext_lazy(
        "Your %(fields)s was removed", "Your %(fields)s were removed", "number"
    ),
}
WHY = {
    Purpose.SIGN_IN: _("Log-in to the web shop"),
    Purpose.OVERVIEW: _("The overview of your account was looked at"),
    Purpose.PROFILE: _("The profile was looked at"),
    Purpose.PROFILE_CHANGE: _("The profile was changed"),
    Purpose.PASSWORD_CHANGE: _("The password was changed"),
    Purpose.ADDRESSES: _("The addresses were looked at"),
    Purpose.ADDRESSES_CHANGE: _("The addresses were changed"),
    Purpose.EXPORT: _("Your data was downloaded"),
    Purpose.ERASURE: _("Deletion of your account"),
    Purpose.PASSWORD_RESET: _("A forgotten password was to be replaced"),
    Purpose.REGISTRATION: _("Registration; the policy was accepted"),
    Purpose.SYNC: _("The shop brought its list of members up to date"),
}
_HOW = {
    Outcome.DONE: _("done"),
    Outcome.FAILED: _("it did not happen"),
    Outcome.UNKNOWN: _("whether it happened is not known"),
}


@dataclass(frozen=True)
class Line:
    """One entry in words."""

    at: datetime.datetime
    what: str
    why: str
    who: str
    how: str
    outcome: str


@dataclass(frozen=True)
class History:
    """A page of the member's log, newest first; `older`, if any, is where the next one begins."""

    lines: list[Line]
    older: int | None


def history(member: Member, before: int | None = None) -> History:
    """Entries older than the one with the id `before`, or the newest. One query, however many."""
    entries = entries_of(member).order_by("-pk")
    if before is not None:
        entries = entries.filter(pk__lt=before)
    found = list(entries[: PAGE + 1])
    lines = [line(member, entry) for entry in found[:PAGE]]
    return History(lines, found[PAGE - 1].pk if len(found) > PAGE else None)


def entries_of(member: Member) -> QuerySet[ProcessingEntry]:
    """Every entry about exactly this customer of this account."""
    return ProcessingEntry.objects.filter(
        client_code=member.client_code, customer_id=member.customer_id
    )


def line(member: Member, entry: Any) -> Line:
    """The entry in words."""
    names = [str(_FIELDS.get(name, name)) for name in entry.fields.split(",")]
    words = {"number": len(names), "fields": get_text_list(names, gettext("and"))}
    return Line(
        at=entry.at,
        what=_WHAT[entry.activity] % words,
        why=str(WHY.get(entry.purpose, entry.purpose)),
        who=_who(member, entry.actor),
        how=str(_HOW[entry.outcome]),
        outcome=entry.outcome,
    )


def kind_of(actor: str) -> str:
    """Who acted, without which one: others' ids are theirs."""
    kind, colon, _rest = actor.partition(":")
    return f"other {kind}" if kind == MEMBER and colon else kind


def _who(member: Member, actor: str) -> str:
    if actor == f"{MEMBER}:{member.company_id}":
        return gettext("the company that you act for")
    words: Iterable[tuple[str, Any]] = (
        (MEMBER, _("you")),
        (f"other {MEMBER}", _("a person who acts for your company")),
        (VISITOR, _("somebody who was not logged in")),
        ("staff", _("the shop's staff")),
        ("command", _("the shop's computer")),
    )
    return str(dict(words).get(kind_of(actor), actor))
