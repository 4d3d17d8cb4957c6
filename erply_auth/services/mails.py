"""Mails: notices and links, to the address that Erply has, never to one that somebody has just
typed. The one exception is the link that asks whoever registers whether the address is theirs; it
quotes nothing that was typed, so that nobody can have us mail their words to others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.urls import reverse

from ..conf import ErplyConfigurationError, get_settings

_AT_HOME = "http://127.0.0.1:8000"

logger = logging.getLogger(__name__)


def tell_email_changed(addresses: Iterable[str]) -> None:
    """Tells the old addresses that they have been replaced."""
    _send("email_changed", addresses)


def tell_password_changed(addresses: Iterable[str]) -> None:
    """Tells the stored addresses that the password is a new one."""
    _send("password_changed", addresses)


def tell_erased(addresses: Iterable[str], outcome: str) -> None:
    """Tells the addresses that the record had what became of it: deleted or emptied."""
    _send(f"account_{outcome}", addresses)


def ask_to_erase(address: str, customer_id: int, why: str) -> bool:
    """Asks the shop to erase a customer who may not do it alone; says whether the mail went out."""
    return _send("erasure_request", [address], {"customer_id": customer_id, "why": why})


def send_reset_link(address: str, username: str, token: str) -> None:
    """Sends the link for a new password of the customer with this web-shop user name."""
    url = link("password_reset_confirm", token)
    _send("password_reset", [address], {"username": username, "url": url})


def tell_username_missing(address: str) -> None:
    """Tells a customer who has no web-shop user name how to get one."""
    _send("username_missing", [address])


def tell_already_registered(address: str, usernames: Iterable[str]) -> None:
    """Tells whoever registers with a customer's address that there is no need to."""
    url = link("password_reset")
    _send("already_registered", [address], {"usernames": list(usernames), "url": url})


def send_registration_link(address: str, token: str) -> None:
    """Asks whether the address is theirs who registered with it."""
    _send("registration", [address], {"url": link("register_confirm", token)})


def link(name: str, *arguments: str) -> str:
    """The whole address of a page, by the settings and never by what a request says of its host.

    Raises ErplyConfigurationError where they do not say.
    """
    base = get_settings().site_url or (_AT_HOME if settings.DEBUG else "")
    if not base:
        raise ErplyConfigurationError(
            "ERPLY_AUTH['SITE_URL'] is not set: no link can be mailed, so nothing is."
        )
    return base.rstrip("/") + reverse(f"erply_auth:{name}", args=arguments)


def _send(name: str, addresses: Iterable[str], context: dict[str, object] | None = None) -> bool:
    """Sends one mail each; says whether none failed.

    What is done is done: a mail that fails is logged, not raised.
    """
    subject = render_to_string(f"erply_auth/mails/{name}_subject.txt", context).strip()
    body = render_to_string(f"erply_auth/mails/{name}.txt", context)
    sent = True
    for address in filter(_is_address, addresses):
        try:
            send_mail(subject, body, None, [address])
        except Exception as error:  # noqa: BLE001 - a host's mail backend raises what it likes
            logger.error("The notice %s could not be mailed: %s", name, type(error).__name__)  # noqa: TRY400
            sent = False
    return sent


def _is_address(value: str) -> bool:
    try:
        validate_email(value)
    except ValidationError:
        return False
    return True
