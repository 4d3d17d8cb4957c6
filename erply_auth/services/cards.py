"""The member's card: one call's worth of what Erply knows about them, read anew or kept a while.

A kept card is found by the member's `card_version`, which every change raises, so no process can
show what another has changed. Every showing has its entry, kept or not.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import Error as DatabaseFailure
from django.db.models import F
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from .. import linking
from ..conf import get_settings
from ..erply.errors import ErplyUnavailable, RecordNotFound
from ..erply.records import Address, Balance, Card, ContactPerson, Customer
from ..models import Activity, Member
from ..processing import CARD_FIELDS, CONTACT_FIELDS, Access, Purpose, recorded
from ..store import CacheStore

_KEPT_SECONDS = 3600

logger = logging.getLogger(__name__)


class MemberClosed(Exception):
    """The customer turned out to be nobody who may be logged in; the link is closed."""


@dataclass(frozen=True)
class ShownCard:
    """A card and when it was read; `outdated` if only because Erply cannot be asked now."""

    card: Card
    read_at: datetime.datetime
    outdated: bool = False


_FORMAT = ";".join(
    f"{record.__name__}:{','.join(field.name for field in fields(record))}"
    for record in (ShownCard, Card, Customer, Balance, Address, ContactPerson)
)
"""What a kept card is made of: one kept by another release of the app is none of ours."""


def read(member: Member, purpose: Purpose) -> Card:
    """The card as Erply has it now.

    Raises ErplyUnavailable, RecordNotFound, LogUnavailable, and MemberClosed where the record
    turns out to be a till's walk-in customer.
    """
    with recorded(member, Activity.READ, CARD_FIELDS, purpose) as access:
        card = fetch(member, access)
        _enter_contacts(access, card)
    return card


def show(member: Member, purpose: Purpose) -> ShownCard:
    """The card, kept if it is fresh enough, or while Erply is away or its quota runs low.

    Raises as `read` does.
    """
    kept = _kept(member)
    with recorded(member, Activity.READ, CARD_FIELDS, purpose) as access:
        if kept is not None and not _is_fresh(kept) and access.registry.quota.runs_low():
            kept = ShownCard(kept.card, kept.read_at, outdated=True)
        elif kept is None or not _is_fresh(kept):
            try:
                kept = ShownCard(fetch(member, access), timezone.now())
            except ErplyUnavailable as error:
                if kept is None:
                    raise
                logger.warning("Erply unavailable, a kept card is shown: %s", error)
                kept = ShownCard(kept.card, kept.read_at, outdated=True)
        _enter_contacts(access, kept.card)
    return kept


def changed(member: Member, **values: Any) -> None:
    """Makes every kept card of the member unusable, in all processes; sets `values` as well.

    What is done in Erply is done: a database that fails now changes nothing about it.
    """
    forget(member)
    member.card_version += 1
    try:
        Member.objects.filter(pk=member.pk).update(card_version=F("card_version") + 1, **values)
    except DatabaseFailure as error:
        logger.error("The database refused (%s): cards may be outdated", type(error).__name__)  # noqa: TRY400


def forget(member: Member) -> None:
    """Drops the kept card. A cache that is away has none to show, and comes back with an old one
    at worst until it is an hour old."""
    with _even_without_cache():
        _store().delete(_name(member))


def fetch(member: Member, access: Access, *, whole: bool = False) -> Card:
    """The card as Erply has it now, under the caller's entry. Raises as `read` does.

    A `whole` one has more than pages need, and is not kept.
    """
    try:
        card = access.registry.card(member.customer_id, whole=whole)
    except RecordNotFound:
        forget(member)
        raise
    if card.customer.is_default:
        logger.warning("Customer %d is a till's walk-in customer: closed", member.customer_id)
        linking.close(member)
        raise MemberClosed
    if get_settings().card_seconds and not whole:
        kept = ShownCard(card, timezone.now())
        with _even_without_cache():
            _store().set(_name(member), kept, _KEPT_SECONDS)
    return card


def _enter_contacts(access: Access, card: Card) -> None:
    # A company's contact persons are customers too, and this is their data.
    access.also((contact.customer_id for contact in card.contacts), CONTACT_FIELDS)


def _kept(member: Member) -> ShownCard | None:
    if not get_settings().card_seconds:
        return None
    kept = None
    with _even_without_cache():
        kept = _store().get(_name(member))
    return kept if isinstance(kept, ShownCard) else None


def _is_fresh(kept: ShownCard) -> bool:
    age = timezone.now() - kept.read_at
    return datetime.timedelta() <= age < datetime.timedelta(seconds=get_settings().card_seconds)


@receiver(user_logged_out)
def _forget_at_logout(user: object, **kwargs: object) -> None:
    member = getattr(user, "logged_in_member", None)
    if member is not None:
        forget(member)


@receiver([post_save, post_delete], sender=Member)
def _forget_who_is_gone(instance: Member, **kwargs: Any) -> None:
    # After a deletion there is no primary key any more, whoever deleted and why.
    if instance.closed_at is not None or kwargs["signal"] is post_delete:
        forget(instance)


@contextlib.contextmanager
def _even_without_cache() -> Iterator[None]:
    try:
        yield
    except ErplyUnavailable as error:
        logger.error("Cards are not kept: %s", error)  # noqa: TRY400 - no fault of the code


def _store() -> CacheStore:
    return CacheStore(get_settings().cache_alias, "card")


def _name(member: Member) -> str:
    return f"{member.client_code}/{member.customer_id}/{member.card_version}/{_FORMAT}"
