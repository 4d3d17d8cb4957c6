"""Database routers as host projects write them."""

from typing import Any


class ReadsFromReplica:
    """Writes go to the main database; whatever asks a router for reading gets the replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "second"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        return True


class EverythingElsewhere:
    """The default database is not the one that the users are in."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "second"

    db_for_write = db_for_read
