"""Everything that is held about a member in one archive: as JSON for programs, as HTML for people.

A company's contact persons are not in it: they are other people, who export their own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import get_template, render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ..erply.records import Card
from ..models import Activity, Member, MemberSession, PolicyAcceptance
from ..processing import Purpose, recorded
from . import cards, privacy
from .emptying import EVERYTHING
from .profile import prove

FORMAT = "erply_auth.export.1"
ROWS_HERE = "<!-- processing log -->"
"""Where the page's template wants the log's rows. What a member holds is escaped: it has no `<`."""

_IN_MEMORY = 1024 * 1024
_CHUNK = 2000

LABELS = {
    "customer_id": _("Customer number"),
    "is_company": _("Is a company"),
    "is_default": _("Is a till's walk-in customer"),
    "full_name": _("Full name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "company_name": _("Company name"),
    "username": _("User name"),
    "group_id": _("Number of the customer group"),
    "group_name": _("Customer group"),
    "gender": _("Gender"),
    "birthday": _("Birthday"),
    "code": _("Personal or registration code"),
    "vat_number": _("VAT number"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "mobile": _("Mobile"),
    "email_opt_out": _("No offers by e-mail"),
    "card_number": _("Membership card"),
    "company_id": _("Customer number of the company you act for"),
    "employer_name": _("Company you act for"),
    "fax": _("Fax"),
    "skype": _("Skype"),
    "website": _("Website"),
    "notes": _("The shop's notes"),
    "bank_name": _("Bank"),
    "bank_account": _("Bank account"),
    "bank_iban": _("IBAN"),
    "bank_swift": _("SWIFT"),
    "owed": _("Owed to the shop"),
    "credit_limit": _("Credit limit"),
    "available_credit": _("Available credit"),
    "address_id": _("Number of the address"),
    "type_id": _("Number of the type"),
    "type_name": _("What it is for"),
    "street": _("Street and house"),
    "address2": _("Second line"),
    "city": _("Town or city"),
    "postal_code": _("Postal code"),
    "state": _("State or county"),
    "country": _("Country"),
    "client_code": _("Number of the shop's account"),
    "name": _("Name"),
    "group_path": _("Customer groups"),
    "linked_at": _("First log-in here"),
    "card_version": _("Number of changes made here"),
    "site_username": _("User name on this site"),
    "version": _("Version"),
    "accepted_at": _("Accepted"),
    "device": _("Device"),
    "remembered": _("Stay logged in"),
    "started": _("Logged in"),
    "last_seen": _("Last seen"),
    "last_login": _("Last log-in"),
    "date_joined": _("User made"),
}


@sensitive_variables()
def make(member: Member, password: str) -> IO[bytes]:
    """A zip archive with `data.json` and `data.html`, to be read from its start.

    Raises CredentialsRejected, Throttled, RecordNotFound, MemberClosed, ErplyUnavailable,
    LogUnavailable.
    """
    with recorded(member, Activity.READ, EVERYTHING, Purpose.EXPORT) as access:
        card = cards.fetch(member, access, whole=True)
        prove(access, card.customer, password)
    # The log last, so that this very reading is in it, and ended.
    data = _data(member, card)
    with contextlib.ExitStack() as failing:
        spooled = failing.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))
        archive = cast(IO[bytes], spooled)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as folder:
            _fill(folder, "data.json", _json(member, data))
            _fill(folder, "data.html", _html(member, data))
        archive.seek(0)
        failing.pop_all()  # It went well: whoever reads it closes it.
    return archive


def _fill(folder: zipfile.ZipFile, name: str, parts: Iterator[str]) -> None:
    with folder.open(name, "w") as file:
        for part in parts:
            file.write(part.encode())


def _data(member: Member, card: Card) -> dict[str, Any]:
    held = dataclasses.asdict(card)
    customer, more = held["customer"], held["particulars"]
    attributes = more.pop("attributes")
    return {
        "format": FORMAT,
        "made_at": timezone.now(),
        "customer": customer | more,
        "attributes": attributes,
        "balance": held["balance"],
        "addresses": held["addresses"],
        "site": _site(member),
        "sessions": _sessions(member),
        "accepted_policies": _accepted(member),
    }


def _site(member: Member) -> dict[str, Any]:
    """What this site itself keeps: the link and its user. Of a password it keeps nothing."""
    columns = (field.name for field in Member._meta.concrete_fields)
    hidden = ("id", "user", "closed_at")
    link = {name: getattr(member, name) for name in columns if name not in hidden}
    user: Any = member.user
    names = ("last_login", "date_joined", "first_name", "last_name", user.get_email_field_name())
    own = {name: getattr(user, name) for name in names if getattr(user, name, None)}
    return {**link, "site_username": user.get_username(), **own}


def _sessions(member: Member) -> list[Any]:
    sessions = MemberSession.objects.filter(member=member).order_by("started")
    return list(sessions.values("device", "remembered", "started", "last_seen"))


def _accepted(member: Member) -> list[Any]:
    whose = {"client_code": member.client_code, "customer_id": member.customer_id}
    accepted = PolicyAcceptance.objects.filter(**whose).order_by("accepted_at")
    return list(accepted.values("version", "accepted_at"))


def _json(member: Member, data: dict[str, Any]) -> Iterator[str]:
    """Piece by piece: the log of years is longer than all the rest."""
    head = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    yield head.removesuffix("\n}") + ',\n  "processing_log": ['
    comma = ""
    for entry in _entries(member):
        row = {
            "id": entry.pk,
            "at": entry.at,
            "activity": entry.activity,
            "fields": entry.fields.split(","),
            "purpose": entry.purpose,
            "actor": privacy.kind_of(entry.actor),
            "outcome": entry.outcome,
        }
        yield f"{comma}\n    {json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)}"
        comma = ","
    yield "\n  ]\n}\n"


def _html(member: Member, data: dict[str, Any]) -> Iterator[str]:
    context = {
        "made_at": data["made_at"],
        "customer": _labelled(data["customer"]),
        "attributes": data["attributes"],
        "balance": _labelled(data["balance"]),
        "addresses": [_labelled(address) for address in data["addresses"]],
        "site": _labelled(data["site"]),
        "sessions": [_labelled(session) for session in data["sessions"]],
        "accepted_policies": [_labelled(each) for each in data["accepted_policies"]],
        "rows_here": ROWS_HERE,
    }
    head, _mark, tail = render_to_string("erply_auth/export.html", context).partition(ROWS_HERE)
    yield head
    row = get_template("erply_auth/export_row.html")
    for entry in _entries(member):
        yield row.render({"line": privacy.line(member, entry)})
    yield tail


def _labelled(values: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(LABELS.get(name, name), value) for name, value in values.items()]


def _entries(member: Member) -> Iterator[Any]:
    return privacy.entries_of(member).order_by("pk").iterator(chunk_size=_CHUNK)
