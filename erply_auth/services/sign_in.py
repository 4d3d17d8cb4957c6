"""Log-in: whose credentials these are, and whether that customer may come in."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence

from django.db import Error as DatabaseFailure
from django.db import router, transaction
from django.views.decorators.debug import sensitive_variables

from .. import connection, linking, processing
from ..conf import get_settings
from ..erply.errors import VERIFY_CUSTOMER_USER, CredentialsRejected
from ..erply.records import CustomerGroup, CustomerIdentity
from ..models import Activity, Member, Outcome

MAX_LENGTH = 255
"""The longest user name or password that is worth asking Erply about."""

logger = logging.getLogger(__name__)


class QuotaReserved(Exception):
    """What is left of Erply's quota is kept for members who have been here before.

    `retry_after` is the time until the full hour in seconds; `asked` says whether Erply was asked,
    and said no.
    """

    def __init__(self, retry_after: int, *, asked: bool) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after
        self.asked = asked


@sensitive_variables()
def sign_in(
    username: str, password: str, *, known_device: bool = False, suspected: bool = False
) -> Member:
    """The member whose credentials these are, linked, with their entry written.

    While the quota runs low, only members go on who have been here before: on this device, or with
    this user name if nobody is guessing at it (`suspected`). Whoever else is refused then, and
    whoever is wrong, gets the same QuotaReserved, so that it tells nobody who has been here.

    Raises CredentialsRejected, in the same words whatever the cause: wrong pair, walk-in customer,
    closed member, inactive user. Raises ErplyUnavailable or LogUnavailable when it cannot be told.
    """
    if not (_is_plausible(username) and _is_plausible(password)):
        raise CredentialsRejected(VERIFY_CUSTOMER_USER)
    quota = connection.quota()
    is_favoured = known_device or not quota.runs_low()
    if not is_favoured and (suspected or not _has_been_here(username)):
        raise QuotaReserved(quota.seconds_left(), asked=False)
    try:
        return _signed_in(username, password)
    except CredentialsRejected:
        if is_favoured:
            raise
        raise QuotaReserved(quota.seconds_left(), asked=True) from None


@sensitive_variables()
def _signed_in(username: str, password: str) -> Member:
    registry = connection.registry()
    # Asked first, so that nothing personal is fetched while it cannot be told who may come in.
    walk_in_ids = registry.walk_in_ids()
    ancestors = get_settings().group_ancestors
    if ancestors:
        registry.groups()
    identity = registry.verify_credentials(username, password)
    above = registry.group_path(identity.group_id)[1:] if ancestors else ()
    groups = linking.groups_of(identity, above)
    try:
        with transaction.atomic(using=router.db_for_write(Member)):
            member = _admit(identity, groups, walk_in=identity.customer_id in walk_in_ids)
    except DatabaseFailure as error:
        raise processing.LogUnavailable from error
    if member is None:
        raise CredentialsRejected(VERIFY_CUSTOMER_USER)
    return member


def _is_plausible(value: object) -> bool:
    """Whether Erply need be asked: a string, not empty, not absurdly long, nothing invisible."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_LENGTH
        and not any(unicodedata.category(character) in ("Cc", "Cs") for character in value)
    )


def _has_been_here(username: str) -> bool:
    members = Member.objects.filter(client_code=get_settings().client_code, closed_at=None)
    try:
        return members.filter(username=username).exists()
    except DatabaseFailure as error:
        raise processing.LogUnavailable from error


def _admit(
    identity: CustomerIdentity, groups: Sequence[CustomerGroup], *, walk_in: bool
) -> Member | None:
    """Links the customer and writes the entry; None if they may not come in."""
    member = None if walk_in else linking.link(identity, groups)
    admitted = member is not None and linking.is_open(member)
    processing.write(
        get_settings().client_code,
        identity.customer_id,
        Activity.READ,
        processing.IDENTITY_FIELDS,
        processing.Purpose.SIGN_IN,
        Outcome.DONE if admitted else Outcome.FAILED,
    )
    if not admitted:
        logger.info("Log-in refused: customer %d may not log in", identity.customer_id)
        return None
    return member
