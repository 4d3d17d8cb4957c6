"""A cache that breaks down at the n-th look, and a look into the one in use."""

import pickle
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache


class BreakingCache(LocMemCache):
    looks_left = 10**9

    def get(self, *args: Any, **kwargs: Any) -> Any:
        type(self).looks_left -= 1
        if type(self).looks_left < 0:
            raise RuntimeError("the cache broke down")
        return super().get(*args, **kwargs)


def kept() -> dict[str, Any]:
    """What this test has put into the default cache, in Redis or in the process, by full key."""
    backend: Any = caches["default"]._cache
    if isinstance(caches["default"], LocMemCache):
        return {key: pickle.loads(value) for key, value in backend.items()}  # noqa: S301
    own = f"{caches['default'].key_prefix}:*"
    keys = [key.decode() for key in backend.get_client().scan_iter(match=own, count=1000)]
    return {key: backend.get(key, None) for key in keys}


class HastyCache(LocMemCache):
    """A cache in which somebody else is always a moment faster."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        super().add(*args, **kwargs)
        return super().add(*args, **kwargs)
