"""One pool of connections to a Redis for the whole run.

Each test has cache settings of its own, and Django's cache would leave a pool behind for each.
"""

import functools
from typing import Any, Self

import redis


class OnePool(redis.ConnectionPool):
    @classmethod
    @functools.cache
    def from_url(cls, url: str, **options: Any) -> Self:
        return super().from_url(url, **options)
