"""A cache that notes how long it is told to keep things."""

from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache


class Noting(LocMemCache):
    timeouts: ClassVar[dict[str, Any]] = {}

    def set(self, key: str, value: Any, timeout: Any = None, **kwargs: Any) -> None:
        self.timeouts[key] = timeout
        super().set(key, value, timeout, **kwargs)
