"""Session keys of the API user: made by verifyUser, good until they expire."""

import secrets
from dataclasses import dataclass

from .errors import SESSION_EXPIRED, SESSION_UNKNOWN, ErplyError

DEFAULT_LENGTH = 3600
MAX_LENGTH = 86400


@dataclass(frozen=True)
class Session:
    """One log-in of the API user."""

    key: str
    user_name: str
    peer: str
    length: int
    created: float

    @property
    def expires(self) -> float:
        return self.created + self.length


class SessionBook:
    """Every session key handed out, and whether it still opens anything."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._expired: set[str] = set()

    def open(self, user_name: str, peer: str, length: int, now: float) -> Session:
        session = Session(secrets.token_hex(22), user_name, peer, length, now)
        self._sessions[session.key] = session
        return session

    def find(self, key: str, now: float) -> Session:
        session = self._sessions.get(key)
        if session is None:
            raise ErplyError(SESSION_UNKNOWN)
        if key in self._expired or now >= session.expires:
            raise ErplyError(SESSION_EXPIRED)
        return session

    def expire_all(self) -> None:
        self._expired.update(self._sessions)

    def forget_all(self) -> None:
        self._sessions.clear()
        self._expired.clear()
