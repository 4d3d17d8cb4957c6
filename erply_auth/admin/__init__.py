"""The operator's view: members, and the processing log, which nobody can change."""

from . import log, members

__all__ = ["log", "members"]
