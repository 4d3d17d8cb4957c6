"""The signed part of a link that is mailed, and what keeps it out of log files.

A token names a row and proves, by a number that only the mail holds, that it is the row's own. The
row has no more than a fingerprint of that number: whoever reads the database cannot make a link.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from typing import Any, Final

from django.core import signing

_SHAPE = re.compile(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_LONGEST: Final = 500
LOGGERS: Final = ("django.request", "django.security.csrf", "django.server")
"""Whose lines quote the address that was asked for."""
CLIENT_LOGGERS: Final = ("urllib3.connectionpool",)
_MAIL = re.compile(r"([?&]mail=)[^&\s]*")


def new_nonce() -> str:
    """A number that nobody guesses."""
    return secrets.token_urlsafe(24)


def make(kind: str, whose: int, nonce: str) -> str:
    """The token for a link of this kind: letters, digits, `-`, `_` and one dot."""
    return _signer(kind).sign_object([whose, nonce])


def read(kind: str, token: str) -> tuple[int, str] | None:
    """Whose the token is, and its nonce; None unless we have made it, for this kind."""
    if len(token) > _LONGEST:
        return None
    try:
        whose, nonce = _signer(kind).unsign_object(token)
    except signing.BadSignature:
        return None
    return whose, nonce


def fingerprint(nonce: str, *parts: str) -> str:
    """What tells without the nonce nothing about it, nor about the parts."""
    return hmac.new(nonce.encode(), "\0".join(parts).encode(), hashlib.sha256).hexdigest()


class HideTokens(logging.Filter):
    """Takes tokens out of what Django logs about a request: a link that still works is a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every line pass, without the tokens in it, and then without the request.

        Handlers that mail the request's particulars would quote its address.
        """
        if isinstance(record.args, tuple):
            hidden = tuple(map(_hidden, record.args))
            if hidden != record.args:
                record.args = hidden
                record.__dict__.pop("request", None)
        return True


class HideAddresses(logging.Filter):
    """Takes e-mail addresses out of urllib3's lines: the CRM API is asked for one in the query."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every line pass, without the addresses in it."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                _MAIL.sub(r"\1(hidden)", one) if isinstance(one, str) else one
                for one in record.args
            )
        return True


def hide_in_logs() -> None:
    """Has other loggers hide what is nobody's to read; twice is as good as once."""
    for kind, names in ((HideTokens, LOGGERS), (HideAddresses, CLIENT_LOGGERS)):
        for name in names:
            logger = logging.getLogger(name)
            if not any(isinstance(each, kind) for each in logger.filters):
                logger.addFilter(kind())


def _hidden(value: Any) -> Any:
    return _SHAPE.sub("(token)", value) if isinstance(value, str) else value


def _signer(kind: str) -> signing.Signer:
    return signing.Signer(salt=f"erply_auth.{kind}", sep=".")
