"""What a member calls the device that a browser's User-Agent header speaks of.

Two words are enough to tell a phone from the computer at work. Browsers have stopped saying more
than that, and a list of thousands of patterns would run on what a stranger sends.
"""

from __future__ import annotations

from typing import Final

# The first that is found counts: nearly all call themselves Safari or Chrome as well.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """Browser and system, such as `Firefox, Windows`; "" for what is neither."""
    found = (
        next((name for mark, name in marks if mark in user_agent), "")
        for marks in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(filter(None, found))
