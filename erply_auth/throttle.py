"""Counters that slow guessing down, kept in the cache that all processes share.

For a form of your own, `attempt` is all there is to know:

    wait = throttle.attempt("reset", throttle.key_of("address", client_address(request)), 5, 3600)
    if wait is not None:
        response.status_code, response["Retry-After"] = 429, str(wait)

It counts before the work is done, so that what comes at the same moment is counted as well. Count
what a stranger typed (`key_of` makes variants of it one key) as well as where it came from, and
answer 429 in the same words whether or not there is such a member. A cache that is away raises
ErplyUnavailable: nobody passes uncounted.
"""

from __future__ import annotations

import math
import time
import unicodedata
from dataclasses import dataclass
from typing import Final

from django.utils.crypto import salted_hmac

from .conf import get_settings
from .store import CacheStore

_HOUR: Final = 3600
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn"})
"""Categories of characters that make a variant of a name look, or be taken for, the same."""


class Throttled(Exception):
    """Too many tries. `retry_after` says for how many seconds there is no use in another."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Pace:
    """How fast guesses may come: so many within a window of seconds, then one after each wait,
    which doubles from the first to the longest."""

    free: int
    window: int
    first_wait: int
    longest_wait: int

    def wait(self, number: int) -> int:
        """Seconds to wait after the window's n-th guess."""
        doublings = min(number - self.free - 1, self.longest_wait.bit_length())
        return min(self.first_wait << doublings, self.longest_wait)


@dataclass(frozen=True)
class Ticket:
    """A guess that was let through; `number` says which one it is within the window."""

    store: CacheStore
    counter: str
    window: int
    number: int
    gate: str = ""
    until: float = 0.0

    def give_back(self) -> None:
        """It was no guess: nothing is counted, nobody has to wait for it."""
        self.store.incr(self.counter, -1, self.window)
        if self.gate and self.store.get(self.gate) == self.until:
            self.store.delete(self.gate)


def name_pace() -> Pace:
    """For one member's name, device or password."""
    return Pace(get_settings().guesses_per_name, window=_HOUR, first_wait=10, longest_wait=300)


def address_pace() -> Pace:
    """For an address, behind which there may be many people."""
    free = get_settings().guesses_per_address
    return Pace(free, window=_HOUR // 4, first_wait=5, longest_wait=30)


def attempt(kind: str, key: str, limit: int, seconds: int) -> int | None:
    """Counts a try; None if it may go on, else the seconds until there is room again.

    `limit` tries may go on in each stretch of so many seconds. `kind` names what is counted, `key`
    whose it is.
    """
    now = time.time()
    stretch = int(now // seconds)
    if _store().incr(f"{kind}\n{key}\n{stretch}", 1, seconds) <= limit:
        return None
    return _whole((stretch + 1) * seconds - now)


def enter(kind: str, key: str, pace: Pace) -> Ticket:
    """Lets a guess through, counted before it is made. Raises Throttled, which counts nothing.

    What has been let through counts until its ticket is given back, so of guesses that come all at
    once no more get through than of those that come one by one.
    """
    store, now = _store(), time.time()
    gate = f"{kind}.gate\n{key}"
    closed_until: float | None = store.get(gate)
    if closed_until is not None:
        raise Throttled(_whole(closed_until - now))
    # The window is in the name: a counter can outlive it, and still ends with it.
    counter = f"{kind}.count\n{key}\n{int(now // pace.window)}"
    number = store.incr(counter, 1, pace.window)
    if number <= pace.free:
        return Ticket(store, counter, pace.window, number)
    wait = pace.wait(number)
    if not store.add(gate, now + wait, wait):
        store.incr(counter, -1, pace.window)
        raise Throttled(wait)
    return Ticket(store, counter, pace.window, number, gate, now + wait)


def folded(name: str) -> str:
    """What is left of a name when case, width, accents, invisible characters and the amount of
    space make no difference."""
    spaced = " ".join(name.split())
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", spaced).casefold())
    seen = "".join(one for one in bare if unicodedata.category(one) not in _UNSEEN)
    return " ".join(seen.split())


def key_of(kind: str, name: str) -> str:
    """A name as a key that does not tell it: people type passwords where names belong."""
    return salted_hmac(f"erply_auth.{kind}", folded(name), algorithm="sha256").hexdigest()


def _store() -> CacheStore:
    conf = get_settings()
    return CacheStore(conf.cache_alias, f"throttle\n{conf.classic_url}\n{conf.client_code}")


def _whole(seconds: float) -> int:
    return max(math.ceil(seconds), 1)
