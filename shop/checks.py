"""What a web server needs and most commands do not: a SECRET_KEY and the name of an account."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.core.exceptions import ImproperlyConfigured

_MISSING = "SECRET_KEY is not set: without DEBUG the shop does not start until it is."
_HINT = "Put a long random SECRET_KEY into the environment or into .env (see .env.example)."


def secret_key_is_set(**_options: Any) -> list[CheckMessage]:
    """shop.E001, part of `check --deploy`."""
    return [Error(_MISSING, hint=_HINT, id="shop.E001")] if _secret_key_is_missing() else []


def account_is_named(**_options: Any) -> list[CheckMessage]:
    """shop.W001: with nothing set, the commands work and nobody can log in."""
    if any(settings.ERPLY_AUTH.get(key) for key in ("CLIENT_CODE", "USERNAME", "PASSWORD")):
        return []
    message = "No Erply account is named: nobody can log in."
    hint = "Set ERPLY_CLIENT_CODE, ERPLY_USERNAME and ERPLY_PASSWORD (see .env.example)."
    return [Warning(message, hint=hint, id="shop.W001")]


def require_secret_key() -> None:
    """Stop a web server that has just begun to start."""
    if _secret_key_is_missing():
        raise ImproperlyConfigured(f"{_MISSING} {_HINT}")


def _secret_key_is_missing() -> bool:
    try:
        return not settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's answer to an empty one
        return True
