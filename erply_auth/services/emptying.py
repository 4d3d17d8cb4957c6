"""What an erasure does in Erply: the customer deleted or, where something refers to them, every
personal field and every address emptied. Each step may be done again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from ..conf import get_settings
from ..erply.errors import (
    ErplyRejected,
    FieldRejected,
    RecordInUse,
    RecordNotFound,
    our_fault,
)
from ..erply.records import Address, Attribute, Customer
from ..models import Activity, Erasure, ErasureOutcome, ErasurePlan
from ..processing import ADDRESS_FIELDS, Access, Purpose, recorded_for

EVERYTHING = ("all",)
"""Erply's word for all fields of a customer."""
EMPTIED_FIELDS = (
    *("name", "phone", "mobilePhone", "fax", "email", "nationalIdentificationNumber"),
    *("dateOfBirth", "gender", "bankAccount", "skype", "website", "vatNumber", "notes"),
    *("attributes", "username", "password", "emailOptOut"),
)

_EMPTIED = (
    *("email", "phone", "mobile", "fax", "skype", "website", "notes", "code", "vat_number"),
    *("bank_name", "bank_account", "bank_iban", "bank_swift", "username"),
)
_OF_A_PERSON = ("first_name", "birthday", "gender")
_OF_AN_ADDRESS = ("street", "address2", "city", "postal_code", "state", "country")


def erase_in_erply(erasure: Erasure, actor: str) -> ErasureOutcome:
    """Deletes or empties the customer's record; notes in `erasure.plan` where it must be emptied.

    A customer who is not there is deleted, whoever did it. Raises ErplyUnavailable, LogUnavailable.
    """
    try:
        if erasure.plan == ErasurePlan.DELETE and _is_deleted(erasure, actor):
            return ErasureOutcome.DELETED
        _empty_record(erasure, actor)
        for address in _addresses(erasure, actor):
            _remove(erasure, address, actor)
    except RecordNotFound:
        return ErasureOutcome.DELETED
    except ErplyRejected as error:
        # Nothing of it was typed by the member: it stays unfinished, and the operator reads why.
        raise our_fault(error) from error
    return ErasureOutcome.EMPTIED


def _entry(
    erasure: Erasure, activity: Activity, fields: tuple[str, ...], actor: str
) -> AbstractContextManager[Access]:
    return recorded_for(
        erasure.customer_id,
        activity,
        fields,
        Purpose.ERASURE,
        actor,
        client_code=erasure.client_code,
    )


def _is_deleted(erasure: Erasure, actor: str) -> bool:
    try:
        _delete(erasure, actor)
    except RecordInUse:
        erasure.plan = ErasurePlan.EMPTY
        return False
    return True


def _delete(erasure: Erasure, actor: str) -> None:
    with _entry(erasure, Activity.DELETE, EVERYTHING, actor) as access:
        customer = access.registry.card(erasure.customer_id).customer

        def write() -> bool:
            access.registry.delete_customer(customer)
            return True

        def happened() -> bool | None:
            try:
                access.registry.card(erasure.customer_id)
            except RecordNotFound:
                return True
            return None

        access.settle(write, happened)


def _empty_record(erasure: Erasure, actor: str) -> None:
    with _entry(erasure, Activity.UPDATE, EMPTIED_FIELDS, actor) as access:
        card = access.registry.card(erasure.customer_id, whole=True)
        attributes = card.particulars.attributes if card.particulars else ()
        filled = [attribute for attribute in attributes if attribute.value]
        changes = _changes(card.customer)

        def write() -> bool:
            _save(access, card.customer, changes, filled)
            return True

        def happened() -> bool | None:
            now = access.registry.card(erasure.customer_id).customer
            is_empty = not (now.username or now.email or now.phone or now.mobile)
            return True if is_empty and now.name == _erased_name() else None

        access.settle(write, happened)


def _erased_name() -> str:
    return get_settings().erased_name.strip()


def _changes(customer: Customer) -> dict[str, str]:
    changes = dict.fromkeys(_EMPTIED, "")
    if not customer.is_company:
        changes |= dict.fromkeys(_OF_A_PERSON, "")
    changes["company_name" if customer.is_company else "last_name"] = _erased_name()
    changes["email_opt_out"] = "1"
    # Erply lets nobody be without a password once they have one; its rules want all of these.
    changes["password"] = f"{secrets.token_urlsafe(32)}-aA1"
    return changes


def _save(
    access: Access, customer: Customer, changes: dict[str, str], attributes: list[Attribute]
) -> None:
    """Saves all that Erply takes; one field that it refuses must not keep the others filled.

    Raises the first refusal afterwards.
    """
    refused: FieldRejected | None = None
    while True:
        try:
            access.registry.update_customer(customer, changes, attributes)
            break
        except FieldRejected as error:
            if error.field not in changes:
                raise
            del changes[error.field]
            refused = refused or error
    if refused:
        raise refused


def _addresses(erasure: Erasure, actor: str) -> list[Address]:
    with _entry(erasure, Activity.READ, ADDRESS_FIELDS, actor) as access:
        found = access.registry.addresses(erasure.customer_id)
    return [address for address in found if not _is_blank(address)]


def _is_blank(address: Address) -> bool:
    return not any(getattr(address, name) for name in _OF_AN_ADDRESS)


def _remove(erasure: Erasure, address: Address, actor: str) -> None:
    """Removes the address or, where something refers to it, empties it."""
    try:
        with _entry(erasure, Activity.DELETE, ADDRESS_FIELDS, actor) as access:
            _settle_address(
                erasure, access, address, lambda: access.registry.delete_address(address.address_id)
            )
    except RecordInUse:
        blank = dict.fromkeys(_OF_AN_ADDRESS, "")
        with _entry(erasure, Activity.UPDATE, ADDRESS_FIELDS, actor) as access:
            _settle_address(
                erasure,
                access,
                address,
                lambda: access.registry.update_address(address.address_id, blank),
            )


def _settle_address(
    erasure: Erasure, access: Access, address: Address, change: Callable[[], None]
) -> None:
    """Makes the change; an address that is not there any more is as good as emptied."""

    def write() -> bool:
        with suppress(RecordNotFound):
            change()
        return True

    def happened() -> bool | None:
        left = access.registry.addresses(erasure.customer_id)
        filled = {one.address_id for one in left if not _is_blank(one)}
        return None if address.address_id in filled else True

    access.settle(write, happened)
