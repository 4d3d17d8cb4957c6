"""System checks: everything that can be set wrong, told before the first member notices.

The catalogue is in `docs/reference/checks.md`; a test keeps the two in step.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.cache import InvalidCacheBackendError, caches
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from .backend import ErplyBackend
from .conf import ErplyConfigurationError, get_settings
from .middleware import MemberMiddleware

AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
_LOCAL_CACHE = "django.core.cache.backends.locmem.LocMemCache"
_DUMMY_CACHE = "django.core.cache.backends.dummy.DummyCache"
_LOG_KEY_LENGTH = 32
_LOG_KEY_HINT = "Set a long random key, kept apart from SECRET_KEY and the database's backups."
_COOKIE_SESSIONS = "django.contrib.sessions.backends.signed_cookies"


@register(Tags.security)
def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E001: ERPLY_AUTH can be read."""
    try:
        get_settings()
    except ErplyConfigurationError as error:
        hint = "The documentation's page on settings has every key and its default."
        return [Error(str(error), hint=hint, id="erply_auth.E001")]
    return []


@register(Tags.security)
def check_backend(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E002: the backend is among Django's."""
    if _listed(settings.AUTHENTICATION_BACKENDS, ErplyBackend) is None:
        return [
            Error(
                "AUTHENTICATION_BACKENDS does not list the Erply backend: nobody can log in.",
                hint="Add 'erply_auth.backend.ErplyBackend'.",
                id="erply_auth.E002",
            )
        ]
    return []


@register(Tags.security)
def check_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E003: the middleware is there, below Django's authentication."""
    own = _listed(settings.MIDDLEWARE, MemberMiddleware)
    hint = f"Add 'erply_auth.middleware.MemberMiddleware' below '{AUTHENTICATION}'."
    if own is None:
        message = "MIDDLEWARE lacks MemberMiddleware: members' pages would be cached and fail."
        return [Error(message, hint=hint, id="erply_auth.E003")]
    if _listed(settings.MIDDLEWARE[:own], AuthenticationMiddleware) is None:
        message = "MemberMiddleware must stand below AuthenticationMiddleware."
        return [Error(message, hint=hint, id="erply_auth.E003")]
    return []


@register(Tags.urls)
def check_urls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E004: the members' area is somewhere."""
    try:
        reverse("erply_auth:login")
    except NoReverseMatch:
        return [
            Error(
                "The members' area has no address.",
                hint="Add path('account/', include('erply_auth.urls')) to the project's urls.",
                id="erply_auth.E004",
            )
        ]
    return []


@register(Tags.caches)
def check_cache(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E005, E006: the shared cache exists and is as shared as the processes are many."""
    alias = _cache_alias()
    try:
        kind = settings.CACHES[alias]["BACKEND"] if caches[alias] is not None else ""
    except InvalidCacheBackendError:
        hint = "Name a cache of CACHES in ERPLY_AUTH['CACHE_ALIAS']."
        return [Error(f"There is no cache {alias!r}.", hint=hint, id="erply_auth.E005")]
    hint = "Use a cache that all processes share, such as Redis."
    if kind == _DUMMY_CACHE:
        message = "The dummy cache forgets the session key: every call would authenticate anew."
        return [Error(message, hint=hint, id="erply_auth.E006")]
    if kind == _LOCAL_CACHE and os.environ.get("WEB_CONCURRENCY", "1") not in ("", "0", "1"):
        message = "Several processes, but each has a cache of its own: each would authenticate."
        return [Error(message, hint=hint, id="erply_auth.E006")]
    return []


@register(Tags.security)
def check_log_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E007: the processing log has a key of its own."""
    try:
        missing = not get_settings().log_key and not settings.DEBUG
    except ErplyConfigurationError:  # E001 tells.
        return []
    if not missing:
        return []
    message = "ERPLY_AUTH['LOG_KEY'] is missing: the log would prove nothing, nobody can log in."
    return [Error(message, hint=_LOG_KEY_HINT, id="erply_auth.E007")]


@register(Tags.security, deploy=True)
def check_log_key_strength(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """W004: the log's key is long enough and nothing else's."""
    try:
        key = get_settings().log_key
    except ErplyConfigurationError:  # E001 tells.
        return []
    if not key or (len(key) >= _LOG_KEY_LENGTH and key != settings.SECRET_KEY):
        return []
    message = "ERPLY_AUTH['LOG_KEY'] is short, or the SECRET_KEY: it proves less than it could."
    return [Warning(message, hint=_LOG_KEY_HINT, id="erply_auth.W004")]


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E008, W001, W002, W003: what is fine on a developer's machine and not in a shop."""
    messages: list[CheckMessage] = []
    if not settings.DEBUG and not _site_url():
        messages.append(
            Error(
                "SITE_URL is not set: no link can be mailed, so nobody can register or reset a "
                "password.",
                hint="Set ERPLY_AUTH['SITE_URL'] to what your site's addresses begin with.",
                id="erply_auth.E008",
            )
        )
    cache = settings.CACHES.get(_cache_alias(), {})
    if cache.get("BACKEND") == _LOCAL_CACHE:
        messages.append(
            Warning(
                "The cache lives in one process: a second one authenticates for itself.",
                hint="Use a cache that all processes share, such as Redis.",
                id="erply_auth.W001",
            )
        )
    if settings.SESSION_ENGINE == _COOKIE_SESSIONS:
        messages.append(
            Warning(
                "Sessions live in cookies: a log-out cannot end them on the server.",
                hint="Keep sessions in the database or in the cache.",
                id="erply_auth.W002",
            )
        )
    if getattr(settings, "AXES_USERNAME_CALLABLE", None) is None:
        messages.append(
            Warning(
                "No lock-out is set up: names and addresses are slowed, no pair of them is locked.",
                hint="Install django-axes as the documentation's page on installing says.",
                id="erply_auth.W003",
            )
        )
    return messages


def _cache_alias() -> str:
    try:
        return get_settings().cache_alias
    except ErplyConfigurationError:  # E001 tells.
        return "default"


def _site_url() -> str:
    try:
        return get_settings().site_url
    except ErplyConfigurationError:  # E001 tells.
        return "unknown"


def _listed(paths: Sequence[str], wanted: type) -> int | None:
    """The place of the class, or of a subclass, in a list of dotted paths."""
    for place, path in enumerate(paths):
        try:
            found = import_string(path)
        except ImportError:  # Django itself tells, where it matters.
            continue
        if isinstance(found, type) and issubclass(found, wanted):
            return place
    return None
