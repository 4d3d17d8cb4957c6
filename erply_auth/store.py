"""Django's cache as the store that all processes share; its failures are translated here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from django.core.cache import caches
from django.db import Error as DatabaseFailure
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from .erply.errors import ErplyUnavailable, Reason

_CALL: Final = "shared cache"
_CLIENTS: Final = (
    "redis.exceptions.RedisError",
    "pymemcache.exceptions.MemcacheError",
    "pylibmc.Error",
)


def _failures() -> tuple[type[Exception], ...]:
    """What the backends that come with Django raise when their server is away."""
    kinds: list[type[Exception]] = [OSError, DatabaseFailure]
    for path in _CLIENTS:
        with contextlib.suppress(ImportError):  # A host installs one of them at most.
            kinds.append(import_string(path))
    return tuple(kinds)


_FAILURES: Final = _failures()


class CacheStore:
    """Values by name, in one of Django's caches. Raises ErplyUnavailable when it is away.

    Names are hashed with the project's secret and the scope: no key tells what it holds, two
    accounts never meet, and new credentials start with nothing kept.
    """

    def __init__(self, alias: str, scope: str) -> None:
        self._alias = alias
        self._scope = scope

    def get(self, name: str) -> Any:
        """The value, None where there is none."""
        with _translated():
            return caches[self._alias].get(self._key(name))

    def set(self, name: str, value: Any, seconds: int) -> None:
        """Keeps the value."""
        with _translated():
            caches[self._alias].set(self._key(name), value, seconds)

    def add(self, name: str, value: Any, seconds: int) -> bool:
        """Keeps the value if there is none yet; says whether it did."""
        with _translated():
            return bool(caches[self._alias].add(self._key(name), value, seconds))

    def incr(self, name: str, amount: int, seconds: int) -> int:
        """Adds to a number, from 0 where there is none yet; the sum. `seconds` count from then."""
        key = self._key(name)
        with _translated():
            while True:
                with contextlib.suppress(ValueError):  # Django's word for a key that is not there.
                    return int(caches[self._alias].incr(key, amount))
                if caches[self._alias].add(key, amount, seconds):
                    return amount

    def delete(self, name: str) -> None:
        """Forgets the value."""
        with _translated():
            caches[self._alias].delete(self._key(name))

    def _key(self, name: str) -> str:
        digest = salted_hmac("erply_auth.store", f"{self._scope}\n{name}", algorithm="sha256")
        return f"erply_auth:{digest.hexdigest()}"


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise ErplyUnavailable(_CALL, reason=Reason.STORE) from error
