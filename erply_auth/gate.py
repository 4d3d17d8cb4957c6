"""Who may try to log in now: guesses wait, and a guesser can keep nobody out everywhere.

A guess counts against the name, wherever it comes from, and against the address, whatever the name.
On a device that the member has logged in on before, only the device's own guesses count.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from . import throttle
from .throttle import Pace, Throttled, Ticket
from .visitors import client_address, device_of


class Passage:
    """One try at logging in, counted as a guess until it is known to be none."""

    def __init__(self, *, known_device: bool = False) -> None:
        self.known_device = known_device
        self.suspected = False
        self._tickets: list[Ticket] = []

    def enter(self, kind: str, key: str, pace: Pace) -> Ticket:
        """Counts the try in one more way. Raises Throttled, and then it counts in none."""
        try:
            ticket = throttle.enter(kind, key, pace)
        except Throttled:
            self.give_back()
            raise
        self._tickets.append(ticket)
        return ticket

    def give_back(self) -> None:
        """It was no guess: the password was right, or nobody could judge it."""
        while self._tickets:
            self._tickets.pop().give_back()


@sensitive_variables()
def enter(request: HttpRequest | None, name: str) -> Passage:
    """Lets a try at logging in through. Raises Throttled; ErplyUnavailable without the cache."""
    key = throttle.key_of("member", name)
    device = device_of(request, name) if request else ""
    passage = Passage(known_device=bool(device))
    if device:
        passage.enter("device", f"{key}\n{device}", throttle.name_pace())
        return passage
    address = client_address(request) if request else ""
    if address:
        passage.enter("address", address, throttle.address_pace())
    passage.suspected = passage.enter("name", key, throttle.name_pace()).number > 1
    return passage
