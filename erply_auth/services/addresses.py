"""The address book: the member's own addresses, reached through the member and nobody else.

Erply checks no owner: whoever names an address id can change it. So every address is looked up in
the owner's own list, each time, and a foreign one is not found. The owner is the member, or the
company for which they are the contact person.

All functions raise ErplyUnavailable, LogUnavailable and, for an address or a record that is not
there, RecordNotFound.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from .. import countries
from ..conf import get_settings
from ..erply.errors import RecordNotFound
from ..erply.records import Address
from ..models import Activity, Member
from ..processing import ADDRESS_FIELDS, Access, Purpose, recorded
from . import cards
from .profile import ChangedMeanwhile, Values, refuse_overwriting

FIELDS = ("type_id", "street", "address2", "city", "postal_code", "state", "country")


T = TypeVar("T")


class NotEditable(PermissionDenied):
    """A contact person may look at the company's addresses, not change them."""


class AlreadyThere(Exception):
    """The very same address is in the book already."""


@dataclass(frozen=True)
class AddressBook:
    """Addresses and when they were read; `outdated` if only because Erply cannot be asked now."""

    addresses: tuple[Address, ...]
    read_at: datetime.datetime
    outdated: bool = False


def may_edit(member: Member) -> bool:
    """Whether the member may change what is in the book."""
    return not member.is_contact_person or get_settings().contacts_edit_addresses


def refuse_viewers(member: Member) -> None:
    """Raises NotEditable for who may only look."""
    if not may_edit(member):
        raise NotEditable


def values_of(address: Address) -> dict[str, str]:
    """An address as its form shows it; the country by its ISO code where it is recognized."""
    values = {name: str(getattr(address, name)) for name in FIELDS}
    values["country"] = countries.recognized(address.country) or address.country
    return values


def show(member: Member) -> AddressBook:
    """The book, kept if it is fresh enough or Erply is away."""
    if not member.is_contact_person:
        shown = cards.show(member, Purpose.ADDRESSES)
        return AddressBook(shown.card.addresses, shown.read_at, shown.outdated)
    with _recorded(member, Activity.READ, Purpose.ADDRESSES) as access:
        return AddressBook(_addresses(member, access), timezone.now())


def read(member: Member, address_id: int) -> Address:
    """One address as Erply has it now, to be edited or removed. Raises NotEditable."""
    with _editing(member, Activity.READ) as access:
        return _find(_addresses(member, access), address_id)


def add(member: Member, values: Values) -> None:
    """Adds an address. Raises NotEditable, AlreadyThere, FieldRejected."""
    with _editing(member, Activity.CREATE) as access:
        before = _addresses(member, access)
        if any(_is_same(address, values) for address in before):
            raise AlreadyThere
        known = {address.address_id for address in before}

        def happened() -> int | None:
            now = _addresses(member, access)
            new = [address for address in now if address.address_id not in known]
            return next((one.address_id for one in new if _is_same(one, values)), None)

        filled = {name: value for name, value in _stored(values).items() if value}
        _settle(
            member,
            access,
            lambda: access.registry.add_address(_owner_id(member), filled),
            happened,
        )


def save(member: Member, address_id: int, seen: Values, changes: Values) -> None:
    """Sends Erply just these changes; `seen` are the values that the form was opened on.

    Raises NotEditable, ChangedMeanwhile, FieldRejected.
    """
    with _editing(member, Activity.UPDATE) as access:
        current = values_of(_find(_addresses(member, access), address_id))
        refuse_overwriting(seen, changes, current)
        to_send = {name: value for name, value in changes.items() if current[name] != value}
        if not to_send:
            return

        def write() -> bool:
            access.registry.update_address(address_id, _stored(to_send))
            return True

        def happened() -> bool | None:
            now = values_of(_find(_addresses(member, access), address_id))
            return True if now == {**current, **to_send} else None

        _settle(member, access, write, happened)


def delete(member: Member, address_id: int, seen: Values) -> None:
    """Removes an address; `seen` are the values that were shown, none if nobody knows.

    Raises NotEditable, ChangedMeanwhile.
    """
    with _editing(member, Activity.DELETE) as access:
        current = values_of(_find(_addresses(member, access), address_id))
        changed = frozenset(name for name, value in seen.items() if current.get(name) != value)
        if changed:
            raise ChangedMeanwhile(changed, current)

        def write() -> bool:
            access.registry.delete_address(address_id)
            return True

        def happened() -> bool | None:
            left = {address.address_id for address in _addresses(member, access)}
            return None if address_id in left else True

        _settle(member, access, write, happened)


def _owner_id(member: Member) -> int:
    return member.company_id or member.customer_id


@contextmanager
def _recorded(member: Member, activity: Activity, purpose: Purpose) -> Iterator[Access]:
    _refuse_former_contacts(member, purpose)
    with recorded(member, activity, ADDRESS_FIELDS, purpose, owner_id=_owner_id(member)) as access:
        yield access


@contextmanager
def _editing(member: Member, activity: Activity) -> Iterator[Access]:
    refuse_viewers(member)
    purpose = Purpose.ADDRESSES if activity == Activity.READ else Purpose.ADDRESSES_CHANGE
    with _recorded(member, activity, purpose) as access:
        yield access


def _settle(
    member: Member, access: Access, write: Callable[[], T], happened: Callable[[], T | None]
) -> None:
    try:
        access.settle(write, happened)
    finally:
        cards.changed(member)


def _refuse_former_contacts(member: Member, purpose: Purpose) -> None:
    """Asks, each time, whether a contact person still is the company's. Raises RecordNotFound."""
    if member.is_contact_person:
        company_id = cards.read(member, purpose).customer.company_id
        if company_id != member.company_id:
            member.company_id = company_id
            member.save(update_fields=["company_id"])
            raise RecordNotFound("getCustomers")


def _addresses(member: Member, access: Access) -> tuple[Address, ...]:
    return access.registry.addresses(_owner_id(member))


def _find(addresses: tuple[Address, ...], address_id: int) -> Address:
    for address in addresses:
        if address.address_id == address_id:
            return address
    raise RecordNotFound("getAddresses")


def _is_same(address: Address, values: Values) -> bool:
    return all(
        current.casefold() == values.get(name, "").casefold()
        for name, current in values_of(address).items()
    )


def _stored(values: Values) -> dict[str, str]:
    """Values as Erply gets them: a recognized country in the shop's own way of writing it."""
    stored = dict(values)
    code = countries.recognized(stored.get("country", ""))
    if code:
        stored["country"] = countries.stored(code, get_settings().country_format)
    return stored
