"""Who has an e-mail address: a search, and then a second look that believes nothing of it.

Erply's search has answered with the first hit of a prefix before. So each hit is read again by its
id, and the addresses in its field are compared one by one. Nobody is ever logged in after this.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from ..erply.records import Customer
from ..processing import RECORD_FIELDS, Access

_MOST: Final = 20
_NOBODY: Final = 2_147_483_647
"""A customer id that no account has."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Match:
    """A customer, and which of their stored addresses it is."""

    customer: Customer
    address: str


def search(access: Access, email: str) -> tuple[int, ...]:
    """The ids that Erply's search names: as many calls for an unknown address as for a known one.

    Raises ErplyUnavailable.
    """
    found: dict[int, None] = {}
    for spelling in dict.fromkeys((email, _with_plain_domain(email))):
        found |= dict.fromkeys(access.registry.ids_with_email(spelling, _MOST))
    if len(found) >= _MOST:
        logger.warning("An e-mail address has %d customers or more; the first count", _MOST)
    return tuple(found)[:_MOST]


def read_again(access: Access, customer_ids: tuple[int, ...], email: str) -> list[Match]:
    """Those of the customers who have the address, walk-in customers never.

    Asks Erply once, for nobody where the search found nobody: the same work for all. Raises
    ErplyUnavailable, LogUnavailable.
    """
    access.also(customer_ids, RECORD_FIELDS)
    walk_in_ids = access.registry.walk_in_ids()
    matches = []
    for customer in access.registry.customers(customer_ids or (_NOBODY,)):
        address = next((one for one in customer.emails if is_same_address(one, email)), None)
        is_walk_in = customer.is_default or customer.customer_id in walk_in_ids
        if address is not None and not is_walk_in:
            matches.append(Match(customer, address))
    return matches


def is_same_address(one: str, other: str) -> bool:
    """Whether both surely are one mailbox: the same before the @, and the same domain to DNS.

    No case folding of Unicode, under which other people's addresses become alike.
    """
    return _with_plain_domain(one) == _with_plain_domain(other)


def _with_plain_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{'.'.join(map(_plain, domain.split('.')))}"


def _plain(label: str) -> str:
    if not label.isascii():
        label = f"xn--{label.encode('punycode').decode('ascii')}"
    return label.lower()
