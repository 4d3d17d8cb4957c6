"""Members' sessions: begun at log-in, held against a row at every request, ended by deleting it.

Django's session keeps the id of its row and no more. So ending one works with every session
engine, and nothing can bring it back: neither a request that was under way nor a cache that still
has the session. The row comes with the user and the member, in the one query of `user_of`.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.db import Error as DatabaseFailure
from django.db import router, transaction
from django.db.models import F
from django.utils import timezone

from .. import linking
from ..models import Member, MemberSession, MemberSessionQuerySet, session_limits
from .devices import device

KEY: Final = "erply_auth.session"
"""Where a session keeps the id of its row."""
_SEEN_SECONDS: Final = 300
"""How exact `last_seen` is: a page viewed need not be a row written."""

logger = logging.getLogger(__name__)


@dataclass
class Visit:
    """A request's session on its way through Django's `get_user`, which knows no request."""

    session: SessionBase
    checked: bool = False
    ended: bool = False


_visit: ContextVar[Visit | None] = ContextVar("erply_auth.visit", default=None)


@contextlib.contextmanager
def visiting(session: SessionBase) -> Iterator[Visit]:
    """Has `user_of` hold this session against its row for as long as the block lasts."""
    visit = Visit(session)
    token = _visit.set(visit)
    try:
        yield visit
    finally:
        _visit.reset(token)


def user_of(user_id: Any) -> Any:
    """The session's user, None if the session is nobody's; one query.

    Raises ErplyConfigurationError.
    """
    visit = _visit.get()
    if visit is None:
        users = get_user_model()._default_manager.select_related("erply_member")
        return _admitted(users.filter(pk=user_id).first())
    visit.checked = True
    row_id, now = visit.session.get(KEY), timezone.now()
    user = _user_with_row(user_id, row_id) if row_id else None
    if user is None or not _is_alive(user, now):
        visit.ended = True
        return None
    if _admitted(user) is None:
        return None
    _note_seen(user, row_id, now)
    return user


def _user_with_row(user_id: Any, row_id: str) -> Any:
    # Of the main database: a copy may not have heard of a session that has just begun or ended.
    users = get_user_model()._default_manager.using(router.db_for_write(MemberSession))
    found = users.select_related("erply_member").filter(
        pk=user_id, erply_member__sessions__pk=row_id
    )
    return found.annotate(
        erply_remembered=F("erply_member__sessions__remembered"),
        erply_started=F("erply_member__sessions__started"),
        erply_last_seen=F("erply_member__sessions__last_seen"),
    ).first()


def begin(
    member: Member, session: SessionBase, user_agent: str = "", *, remembered: bool = False
) -> None:
    """Enters a log-in that Django has just made a session for."""
    rows = _rows()
    if getattr(member, "has_old_sessions", True):
        rows.filter(member=member).old().delete()
    row = rows.create(member=member, device=device(user_agent), remembered=remembered)
    session[KEY] = str(row.pk)


def leave(session: SessionBase) -> bool:
    """Ends the member's session that this one is, if any; whether it was one.

    Whoever goes, goes: a database that fails now is told to the operator.
    """
    row_id = session.pop(KEY, None)
    if row_id is None:
        return False
    try:
        with transaction.atomic(using=router.db_for_write(MemberSession)):
            _rows().filter(pk=row_id).delete()
    except DatabaseFailure as error:
        logger.error("The database refused (%s): a session is listed still", type(error).__name__)  # noqa: TRY400
    return True


def listed(member: Member, session: SessionBase) -> list[tuple[MemberSession, bool]]:
    """The member's sessions, last seen first, each with whether it is this one, which leads."""
    rows = _rows().filter(member=member).alive()
    mine = session.get(KEY)
    return sorted(((row, str(row.pk) == mine) for row in rows), key=lambda pair: not pair[1])


def is_this(session: SessionBase, row_id: uuid.UUID) -> bool:
    """Whether it is the row of this session."""
    return session.get(KEY) == str(row_id)


def end(member: Member, row_id: uuid.UUID) -> bool:
    """Ends one of the member's sessions; False if it is none of theirs, or not any more."""
    return bool(_rows().filter(member=member, pk=row_id).delete()[0])


def end_others(member: Member, session: SessionBase | None) -> None:
    """Ends all sessions of the member but this one."""
    rows = _rows().filter(member=member)
    keep = session.get(KEY) if session is not None else None
    (rows.exclude(pk=keep) if keep else rows).delete()


def clear_old() -> None:
    """Removes what is past its time, for all members."""
    _rows().old().delete()


def _rows() -> MemberSessionQuerySet:
    return MemberSession.objects.using(router.db_for_write(MemberSession))


def _admitted(user: Any) -> Any:
    """The user, who knows then for which member the session is; None if they may not be here."""
    member = getattr(user, "erply_member", None)
    return linking.logged_in(member) if member and linking.is_open(member) else None


def _is_alive(user: Any, now: datetime.datetime) -> bool:
    idle, longest = session_limits(user.erply_remembered)
    return bool(now - user.erply_last_seen < idle and now - user.erply_started < longest)


def _note_seen(user: Any, row_id: Any, now: datetime.datetime) -> None:
    idle, _ = session_limits(user.erply_remembered)
    if now - user.erply_last_seen < min(datetime.timedelta(seconds=_SEEN_SECONDS), idle / 10):
        return
    try:
        with transaction.atomic(using=router.db_for_write(MemberSession)):
            # Never by saving the row: one that has ended meanwhile must not come back.
            _rows().filter(pk=row_id).update(last_seen=now)
    except DatabaseFailure as error:
        logger.error("The database refused (%s): a visit is not noted", type(error).__name__)  # noqa: TRY400
