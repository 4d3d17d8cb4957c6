"""A password hasher that counts what it is asked to do."""

from typing import Any

from django.contrib.auth.hashers import MD5PasswordHasher


class CountingHasher(MD5PasswordHasher):
    algorithm = "counting"
    runs = 0

    def encode(self, *args: Any, **kwargs: Any) -> str:
        type(self).runs += 1
        return super().encode(*args, **kwargs)
