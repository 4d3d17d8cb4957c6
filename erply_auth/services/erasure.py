"""A member's account deleted: in Erply, where it can be, and here in any case.

What is begun is finished. An `Erasure` is committed before the first write to Erply, every step
may be done twice, and who comes next (the member, `erply_resume_erasures`) does all that is left.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import router, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from .. import linking
from ..conf import get_settings
from ..erply.errors import CredentialsRejected, RecordNotFound
from ..erply.records import Card
from ..models import Activity, Erasure, ErasureOutcome, ErasurePlan, Member
from ..processing import CARD_FIELDS, MEMBER, Purpose, recorded
from ..signals import member_erased
from . import cards, emptying, mails
from .profile import prove

_ASK_AGAIN = datetime.timedelta(days=1)

logger = logging.getLogger(__name__)


class PlanChanged(Exception):
    """Something else would happen than the member was told; nothing has."""


class NotProven(Exception):
    """It was not the password; `planned` is what the member is to be shown again."""

    def __init__(self, planned: Planned) -> None:
        super().__init__()
        self.planned = planned


class RequestNotSent(Exception):
    """The shop could not be asked: no mail went out."""


@dataclass(frozen=True)
class Planned:
    """What a deletion would do; `why` the shop is to be asked: shop, company, debt or balance."""

    plan: ErasurePlan
    why: str = ""
    paid_ahead: Decimal = Decimal()


def plan(member: Member) -> Planned:
    """What a deletion would do. Raises as `cards.read` does."""
    return _planned(member, cards.show(member, Purpose.ERASURE).card)


def unfinished(member: Member) -> Erasure | None:
    """The member's erasure that is under way, if one is."""
    return _erasures(member).filter(finished_at=None).first()


def all_unfinished() -> Iterator[Erasure]:
    """The configured account's erasures that are under way, oldest first."""
    mine = Erasure.objects.filter(client_code=get_settings().client_code, finished_at=None)
    yield from mine.order_by("started_at", "pk")


@sensitive_variables()
def erase(member: Member, password: str, told: str = "") -> Erasure:
    """Erases the member, or asks the shop to; `told` is the plan that the member was shown, if any.

    Raises NotProven, Throttled, PlanChanged, RequestNotSent, RecordNotFound, MemberClosed,
    ErplyUnavailable, LogUnavailable. What `unfinished` finds after any of them has begun, and the
    next call finishes it, without a password: there may be none any more.
    """
    begun = unfinished(member)
    if begun is not None:
        return _finish_now(member, begun)
    try:
        card = _proven_card(member, password)
    except RecordNotFound:
        # Of two that were sent at once, the other was faster.
        other = _erasures(member).exclude(outcome=ErasureOutcome.REQUESTED).first()
        if other is None:
            raise
        return _finish_now(member, other)
    planned = _planned(member, card)
    if told and told != planned.plan:
        raise PlanChanged
    if planned.plan == ErasurePlan.REQUEST:
        return _ask_the_shop(member, planned.why)
    return _finish_now(member, _begin(member, planned.plan, card))


def finish(erasure: Erasure, actor: str) -> None:
    """Does what is left of an erasure, all of it if need be. Raises as `erase` does."""
    if not erasure.outcome:
        erasure.outcome = emptying.erase_in_erply(erasure, actor)
        erasure.save(update_fields=["outcome", "plan"])
    erasure.refresh_from_db(fields=["finished_at"])
    if erasure.finished_at is not None:  # By whoever was at it at the same time.
        return
    mails.tell_erased(filter(None, erasure.notice_to.split(";")), erasure.outcome)
    _close(erasure)
    logger.info("Customer %d: %s", erasure.customer_id, erasure.outcome)


@sensitive_variables()
def _proven_card(member: Member, password: str) -> Card:
    with recorded(member, Activity.READ, CARD_FIELDS, Purpose.ERASURE) as access:
        card = cards.fetch(member, access)
        try:
            prove(access, card.customer, password)
        except CredentialsRejected as error:
            raise NotProven(_planned(member, card)) from error
    return card


def _finish_now(member: Member, erasure: Erasure) -> Erasure:
    try:
        finish(erasure, MEMBER)
    finally:
        cards.changed(member)
    return erasure


def _erasures(member: Member) -> QuerySet[Erasure]:
    return Erasure.objects.filter(client_code=member.client_code, customer_id=member.customer_id)


def _planned(member: Member, card: Card) -> Planned:
    conf, owed = get_settings(), card.balance.owed
    acts_for_company = member.is_contact_person or card.customer.company_id
    ahead = card.balance.paid_ahead
    if conf.erasure == "request":
        return Planned(ErasurePlan.REQUEST, "shop", ahead)
    if (card.customer.is_company or acts_for_company) and not conf.erase_companies:
        return Planned(ErasurePlan.REQUEST, "company", ahead)
    if (owed is None or owed > 0) and not conf.erase_debtors:
        # Whether somebody owes nothing must be known, not guessed.
        return Planned(ErasurePlan.REQUEST, "balance" if owed is None else "debt", ahead)
    return Planned(ErasurePlan(conf.erasure), "", ahead)


def _begin(member: Member, chosen: ErasurePlan, card: Card) -> Erasure:
    with transaction.atomic(using=router.db_for_write(Erasure), durable=True):
        erasure, _ = Erasure.objects.update_or_create(
            client_code=member.client_code,
            customer_id=member.customer_id,
            defaults={
                "plan": chosen,
                "outcome": "",
                "started_at": timezone.now(),
                "finished_at": None,
                "notice_to": ";".join(card.customer.emails),
            },
        )
    return erasure


def _ask_the_shop(member: Member, why: str) -> Erasure:
    """Mails the shop, once a day at most, and keeps the request for the admin's list."""
    now = timezone.now()
    recent = _erasures(member).filter(
        outcome=ErasureOutcome.REQUESTED, finished_at__gt=now - _ASK_AGAIN
    )
    if asked := recent.first():
        return asked
    address = get_settings().privacy_email
    if address and not mails.ask_to_erase(address, member.customer_id, why):
        raise RequestNotSent
    erasure, _ = Erasure.objects.update_or_create(
        client_code=member.client_code,
        customer_id=member.customer_id,
        defaults={
            "plan": ErasurePlan.REQUEST,
            "outcome": ErasureOutcome.REQUESTED,
            "started_at": now,
            "finished_at": now,
        },
    )
    return erasure


def _close(erasure: Erasure) -> None:
    """Closes the member: nothing personal stays on the site, and every session ends."""
    with transaction.atomic(using=router.db_for_write(Erasure), durable=True):
        members = Member.objects.select_related("user")
        member = members.filter(
            client_code=erasure.client_code, customer_id=erasure.customer_id
        ).first()
        if member is not None:
            _forget(member)
        erasure.finished_at, erasure.notice_to = timezone.now(), ""
        erasure.save(update_fields=["finished_at", "notice_to"])
    member_erased.send(
        sender=Member,
        client_code=erasure.client_code,
        customer_id=erasure.customer_id,
        member=member,
    )


def _forget(member: Member) -> None:
    member.name = member.username = ""
    member.save(update_fields=["name", "username"])
    linking.close(member)
    user, model = member.user, get_user_model()
    user.set_unusable_password()  # Changes the hash that every session is checked against.
    kept = {field.name: field for field in model._meta.concrete_fields}
    # What a host may have filled in; where the e-mail address is the user name, it is none.
    personal = {"first_name", "last_name", model.get_email_field_name()} - {model.USERNAME_FIELD}
    for name in personal & kept.keys():
        setattr(user, name, kept[name].get_default())
    user.is_active = False
    user.save()
