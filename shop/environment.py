"""How the shop reads its environment: `.env` first, the real environment always winning.

An empty variable counts as one that is not set. Secrets are taken from `os.environ` as they are:
`environ.Env()` would read a value that begins with `$` as the name of another variable.
"""

import io
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

_LINE = re.compile(r"\s*(#|\Z)|(export )?\w+=")
_ON = frozenset({"1", "on", "true", "yes"})
_OFF = frozenset({"0", "off", "false", "no"})
_WAIT_FOR_LOCK = 20  # seconds; SQLite lets one writer in at a time
_KEEP_CONNECTION = 600  # seconds
_REDIS_TIMEOUT = 2  # seconds; a page must not hang on its cache

_DATABASE_OPTIONS: dict[str, dict[str, object]] = {
    "sqlite3": {
        # A transaction that begins as a reader and then wants to write fails at once when another
        # writer came first; one that begins as a writer waits its turn.
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        "timeout": _WAIT_FOR_LOCK,
    },
    "mysql": {"charset": "utf8mb4", "init_command": "SET sql_mode='STRICT_TRANS_TABLES'"},
}


def read(path: Path) -> None:
    """Put the lines of `path`, where there is such a file, under the real environment."""
    if not path.exists():
        return
    content = path.read_text(encoding="utf-8-sig")
    for number, line in enumerate(content.splitlines(), start=1):
        if not _LINE.match(line):
            logger.warning("%s: line %d is not NAME=value and is not read.", path.name, number)
    # The reader has a warning of its own, which quotes the whole line, secret and all.
    logging.getLogger("environ.environ").setLevel(logging.ERROR)
    environ.Env.read_env(io.StringIO(content))


def text(name: str, default: str = "") -> str:
    """The variable as it is, unaltered."""
    return os.environ.get(name) or default


def names(name: str, default: list[str]) -> list[str]:
    """A list written with commas."""
    return [item.strip() for item in text(name).split(",") if item.strip()] or default


def number(name: str) -> int | None:
    """A whole number, None where it is not set."""
    value = text(name).strip()
    if value and not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number.")
    return int(value) if value else None


def flag(name: str, *, default: bool) -> bool:
    """`on` or `off`; a slip of the pen stops the shop instead of switching something off."""
    value = text(name).strip().lower()
    if value and value not in _ON | _OFF:
        raise ImproperlyConfigured(f"{name} must be on or off.")
    return value in _ON if value else default


def database(project: Path) -> dict[str, Any]:
    """DATABASE_URL as Django's DATABASES entry; SQLite in the project's folder by default."""
    config: dict[str, Any] = _parsed("DATABASE_URL", environ.Env.db_url_config) or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "db.sqlite3",
    }
    vendor = config["ENGINE"].rpartition(".")[2]
    config["OPTIONS"] = _DATABASE_OPTIONS.get(vendor, {}) | config.get("OPTIONS", {})
    if vendor == "sqlite3":
        if config["NAME"] != ":memory:":
            # The same file from whatever folder a command is started in.
            config["NAME"] = project / config["NAME"]
        return config
    if vendor == "mysql":
        config["TEST"] = {"CHARSET": "utf8mb4"}
    return {"CONN_MAX_AGE": _KEEP_CONNECTION, "CONN_HEALTH_CHECKS": True} | config


def cache() -> dict[str, Any]:
    """CACHE_URL as Django's CACHES entry; inside this process by default."""
    config = _parsed("CACHE_URL", environ.Env.cache_url_config)
    if not config:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if config["BACKEND"].endswith(".RedisCache"):
        timeouts = {"socket_timeout": _REDIS_TIMEOUT, "socket_connect_timeout": _REDIS_TIMEOUT}
        config["OPTIONS"] = timeouts | config.get("OPTIONS", {})
    return config


def email() -> dict[str, Any]:
    """EMAIL_URL as Django's EMAIL_ settings; mails are printed to the console by default."""
    return _parsed("EMAIL_URL", environ.Env.email_url_config) or {
        "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"
    }


def _parsed(name: str, parse: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    url = text(name)
    if not url:
        return {}
    try:
        return dict(parse(url))
    except (ValueError, ImproperlyConfigured):
        # The parser's own words may hold a piece of the password, hence `from None`.
        raise ImproperlyConfigured(
            f"{name} is not a URL the shop understands; in its user name and password, "
            "special characters must be percent-encoded."
        ) from None
