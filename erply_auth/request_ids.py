"""The id of the request at hand, so that all that it did stands together in the processing log."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("erply_request_id", default="")


def current() -> str:
    """The request's id; "" outside of one, as in a command."""
    return _current.get()


@contextlib.contextmanager
def assigned() -> Iterator[None]:
    """Gives the request an id of ours: one from a header would be the visitor's to choose."""
    token = _current.set(uuid.uuid4().hex)
    try:
        yield
    finally:
        _current.reset(token)
