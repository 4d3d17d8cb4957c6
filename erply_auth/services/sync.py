"""All members compared with Erply: names and groups follow, and who is gone is closed.

An empty or thin answer looks just like everybody gone. So nobody is closed before Erply has said
twice that this customer is not there and in the same breath that another one is, and nobody at all
when too many seem gone or when anything went wrong.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import router, transaction

from .. import linking
from ..conf import get_settings
from ..erply.records import Customer
from ..models import Activity, Member
from ..processing import RECORD_FIELDS, Access, Purpose, recorded_for
from . import sessions

ACTOR: Final = "command:erply_sync_members"
_AT_ONCE: Final = 1000
_FEW: Final = 3
_SHARE: Final = 0.05

logger = logging.getLogger(__name__)


class Doubted(Exception):
    """Erply's answers cannot be meant: says why, in an operator's words. Nobody was closed."""


@dataclass
class Report:
    """How many members were compared with Erply, were changed, were closed."""

    checked: int = 0
    updated: int = 0
    closed: int = 0


def sync_members(report: Report) -> None:
    """One pass over all open members of the account; `report` is filled in on the way.

    Raises Doubted, ErplyUnavailable, LogUnavailable or a database's error; then nobody was closed.
    """
    sessions.clear_old()
    members = Member.objects.using(router.db_for_write(Member)).filter(
        client_code=get_settings().client_code, closed_at__isnull=True
    )
    versions = dict(members.order_by("customer_id").values_list("customer_id", "card_version"))
    found: dict[int, bool] = {}
    for ids in _parts(list(versions)):
        found |= _compare(ids, versions, report)
        report.checked += len(ids)
    missing = [customer_id for customer_id in versions if customer_id not in found]
    walk_ins = [customer_id for customer_id, is_walk_in in found.items() if is_walk_in]
    leaving = len(missing) + len(walk_ins)
    if leaving > max(_FEW, _SHARE * len(versions)):
        raise Doubted(f"{leaving} of {len(versions)} members seem gone")
    for ids in _parts(missing):
        _make_sure(ids, is_answering=bool(found))
    _close([*missing, *walk_ins])
    report.closed = leaving


def _parts(customer_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(customer_ids), _AT_ONCE):
        yield customer_ids[start : start + _AT_ONCE]


def _compare(
    customer_ids: Sequence[int], versions: Mapping[int, int], report: Report
) -> dict[int, bool]:
    """Updates these members; whom Erply has, and whether they are a walk-in customer now."""
    with _read(customer_ids, lambda access: access.registry.customers(customer_ids)) as (
        access,
        customers,
    ):
        for link in linking.find_all(customers):
            member, customer = link.member, customers[link.member.customer_id]
            # What the member has changed here meanwhile is newer than what was read.
            is_news = member.card_version == versions[member.customer_id]
            if is_news and not customer.is_default:
                report.updated += _update(link, customer, access)
    return {customer_id: customer.is_default for customer_id, customer in customers.items()}


def _update(link: linking.Link, customer: Customer, access: Access) -> bool:
    identity = customer.identity
    counts_above = get_settings().group_ancestors
    above = access.registry.group_path(identity.group_id)[1:] if counts_above else ()
    with transaction.atomic(using=router.db_for_write(Member)):
        return linking.update(link, identity, linking.groups_of(identity, above))


def _make_sure(customer_ids: Sequence[int], *, is_answering: bool) -> None:
    """Asks for each alone, and for a till's walk-in customer, who is there and is nobody.

    Raises Doubted unless none of them is there and it is certain that Erply finds others.
    """

    def look(access: Access) -> tuple[Customer, ...]:
        known = sorted(access.registry.walk_in_ids() - set(customer_ids))[:1]
        found = access.registry.customers_one_by_one([*customer_ids, *known])
        if not (known or is_answering) or not {one.customer_id for one in found} >= set(known):
            raise Doubted("Erply finds nobody at all")
        return found

    with _read(customer_ids, look) as (_access, customers):
        if customers:
            raise Doubted(f"{len(customers)} members were gone and are there again")


@contextlib.contextmanager
def _read(
    customer_ids: Sequence[int], read: Callable[[Access], tuple[Customer, ...]]
) -> Iterator[tuple[Access, dict[int, Customer]]]:
    """Lends what was read of these customers, by id, once it is in the log."""
    with recorded_for(None, Activity.READ, RECORD_FIELDS, Purpose.SYNC, ACTOR) as access:
        wanted = set(customer_ids)
        found = {one.customer_id: one for one in read(access) if one.customer_id in wanted}
        access.also(found, RECORD_FIELDS)
        yield access, found


def _close(customer_ids: Sequence[int]) -> None:
    with transaction.atomic(using=router.db_for_write(Member)):
        for link in linking.find_all(customer_ids):
            linking.close(link.member)
    for customer_id in customer_ids:
        logger.info("Customer %d may not log in any more: closed", customer_id)
