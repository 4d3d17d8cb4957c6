"""Registration: nothing is made in Erply, and no password asked for, before the address is
confirmed. Whether a user name is taken is said on the page; whether an address is, by mail alone.
"""

from __future__ import annotations

import contextlib
import functools
import hmac
import logging
from collections.abc import Callable, Mapping

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from .. import tokens
from ..conf import ErplyConfigurationError, get_settings
from ..erply.errors import TAKEN, FieldRejected
from ..models import Activity, PendingRegistration, PolicyAcceptance
from ..processing import RECORD_FIELDS, VISITOR, Access, Purpose, recorded_for
from . import links, lookup, mails

Values = Mapping[str, str]
"""username, email, and either company_name or first_name and last_name."""

logger = logging.getLogger(__name__)

_KIND = "registration"
_FIELDS = ("name", "email", "username", "password")


class Taken(Exception):
    """The user name is somebody else's, or the address has become a customer's meanwhile."""


class AlreadyThere(Exception):
    """It has happened before: this very customer is in Erply, with the password chosen first."""


def apply(values: Values) -> Callable[[], None]:
    """Asks Erply about user name and address; what comes back does the rest, mails included.

    Call that once the answer is out: it does not do the same for a known address as for an unknown
    one. Raises Taken, FieldRejected, ErplyUnavailable, LogUnavailable, ErplyConfigurationError.
    """
    mails.link("register")
    fields = ("username", *RECORD_FIELDS)
    with contextlib.ExitStack() as stack:
        access = stack.enter_context(
            recorded_for(None, Activity.READ, fields, Purpose.REGISTRATION, VISITOR)
        )
        _group_id(access)
        if not access.registry.username_is_free(values["username"]):
            raise Taken
        found = lookup.search(access, values["email"])
        still_open = stack.pop_all()
    return functools.partial(_mail_link, still_open, access, found, values)


def open_link(token: str) -> PendingRegistration:
    """The registration that a link ends. Asks Erply nothing. Raises LinkRefused."""
    told = tokens.read(_KIND, token)
    if told is None:
        raise links.LinkRefused
    pk, nonce = told
    row = PendingRegistration.rows().filter(pk=pk, client_code=get_settings().client_code).first()
    if row is None or not links.is_current(row):
        raise links.LinkRefused
    if not hmac.compare_digest(row.fingerprint, tokens.fingerprint(nonce)):
        raise links.LinkRefused
    return row


@sensitive_variables()
def confirm(token: str, password: str) -> None:
    """Makes the customer, once: whether it happened before is looked at before anything else.

    Raises LinkRefused, AlreadyThere, Taken, FieldRejected, ErplyUnavailable, LogUnavailable,
    ErplyConfigurationError.
    """
    row = open_link(token)
    with contextlib.ExitStack() as afterwards, links.taken(row):
        there = _customer_id(row)
        if there is not None:
            _keep_acceptance(row, there)
            _forget(row)
            raise AlreadyThere
        with recorded_for(None, Activity.CREATE, _FIELDS, Purpose.REGISTRATION, VISITOR) as access:
            try:
                customer_id = _add(access, row, password)
            except FieldRejected as error:
                if error.code == TAKEN:
                    raise Taken from error
                raise
            # What is done is done, even if its outcome cannot be noted.
            afterwards.callback(_forget, row)
            afterwards.callback(_keep_acceptance, row, customer_id)
            access.also((customer_id,), _FIELDS)


def _mail_link(
    still_open: contextlib.ExitStack, access: Access, found: tuple[int, ...], values: Values
) -> None:
    email = values["email"]
    with still_open:
        links.forget_expired()
        matches = lookup.read_again(access, found, email)
        if not matches:
            mails.send_registration_link(email, _new_link(values))
        names = [match.customer.username for match in matches if match.customer.username]
        for address in dict.fromkeys(match.address for match in matches):
            if names:
                mails.tell_already_registered(address, names)
            else:
                mails.tell_username_missing(address)


def _new_link(values: Values) -> str:
    conf, nonce = get_settings(), tokens.new_nonce()
    row = PendingRegistration.rows().create(
        client_code=conf.client_code,
        fingerprint=tokens.fingerprint(nonce),
        expires_at=links.expiry(conf.registration_seconds),
        policy_version=conf.policy_version,
        made_at=timezone.now(),
        **values,
    )
    return tokens.make(_KIND, row.pk, nonce)


def _customer_id(row: PendingRegistration) -> int | None:
    """Who has both the address and the user name, None if nobody has either.

    Raises Taken where somebody has the address under another name or none.
    """
    with recorded_for(None, Activity.READ, RECORD_FIELDS, Purpose.REGISTRATION, VISITOR) as access:
        matches = lookup.read_again(access, lookup.search(access, row.email), row.email)
    for match in matches:
        if match.customer.username == row.username:
            return match.customer.customer_id
    if matches:
        raise Taken
    return None


@sensitive_variables()
def _add(access: Access, row: PendingRegistration, password: str) -> int:
    if not access.registry.username_is_free(row.username):
        raise Taken
    group_id = _group_id(access)
    values = {"username": row.username, "password": password, "email": row.email}
    names = ("company_name",) if row.company_name else ("first_name", "last_name")
    values |= {name: getattr(row, name) for name in names}

    def write() -> int:
        return access.registry.add_customer(
            values, is_company=bool(row.company_name), group_id=group_id
        )

    return access.settle(write, lambda: _customer_id(row))


def _group_id(access: Access) -> int:
    """The group of those who register; 0, which is Erply's own choice, where none is made yet.

    Raises ErplyConfigurationError where the settings name one by its id and there is none.
    """
    conf = get_settings()
    for groups in (access.registry.groups, access.registry.groups_now):
        for group in sorted(groups(), key=lambda one: one.group_id):
            name = "" if conf.registration_group else conf.members_group.strip()
            if group.group_id == conf.registration_group or (name and group.name == name):
                return group.group_id
    if conf.registration_group:
        raise ErplyConfigurationError(
            "Erply has no customer group of the id in ERPLY_AUTH['REGISTRATION_GROUP']."
        )
    logger.warning("Erply has no group for those who register: run `manage.py erply_setup`")
    return 0


def _forget(row: PendingRegistration) -> None:
    """Deletes it, and others for the same address, which are of no use now."""
    rows = PendingRegistration.rows()
    alike = rows.filter(client_code=row.client_code, email=row.email)
    # Compared here as well: a database may take `Mari@` for `mari@`.
    others = [other.pk for other in alike if other.email == row.email]
    rows.filter(pk__in=[row.pk, *others]).delete()


def _keep_acceptance(row: PendingRegistration, customer_id: int) -> None:
    PolicyAcceptance.objects.get_or_create(
        client_code=row.client_code,
        customer_id=customer_id,
        version=row.policy_version,
        accepted_at=row.made_at,
    )
