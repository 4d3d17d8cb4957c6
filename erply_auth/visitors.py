"""Who is asking, as far as that can be told before anybody is logged in: an address, a device.

A device is known for a member once that member has logged in on it: its cookie is signed, bound to
the name that was typed, and opens nothing. Guesses that others make at the name do not slow it.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables

from .conf import UNIX_SOCKET, ErplyConfigurationError, get_settings
from .throttle import key_of

_COOKIE: Final = "erply_device"
_KEPT_SECONDS: Final = 365 * 86400
_MOST_MEMBERS: Final = 5
"""How many members one device is remembered for, the last ones: a cookie must stay short."""
_BETWEEN: Final = "."
_IPV6_SITE: Final = 64
"""Bits of an IPv6 address that its holder cannot choose."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: HttpRequest) -> str:
    """The address that a request comes from; "" where it cannot be told.

    An IPv6 address stands for its /64, of which one customer has the whole. X-Forwarded-For counts
    only as far as it was written by ERPLY_AUTH['TRUSTED_PROXIES'].
    """
    sender = str(request.META.get("REMOTE_ADDR", ""))
    address = _parsed(sender)
    if sender and address is None:
        return ""
    for hop in _forwarded(request):
        if not _is_trusted(address) or (named := _parsed(hop)) is None:
            break
        address = named
    if isinstance(address, ipaddress.IPv6Address):
        site = ipaddress.IPv6Network((int(address), _IPV6_SITE), strict=False)
        return str(site.network_address)
    return str(address or "")


@sensitive_variables()
def device_of(request: HttpRequest, name: str) -> str:
    """The device's mark if the member of this name has logged in on it before, else ""."""
    signer = _signer(name)
    for token in _tokens(request):
        try:
            return signer.unsign(token, max_age=_KEPT_SECONDS)
        except signing.BadSignature:
            continue
    return ""


def remember_device(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """Has the browser keep that the member of this name has logged in on it.

    Call it when the member has just proven who they are, by password or by a mailed link.
    """
    device = device_of(request, name) or secrets.token_urlsafe(12)
    others = [token for token in _tokens(request) if not _is_of(token, device)]
    tokens = [_signer(name).sign(device), *others][:_MOST_MEMBERS]
    response.set_cookie(
        _cookie_name(),
        _BETWEEN.join(tokens),
        max_age=_KEPT_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _forwarded(request: HttpRequest) -> Iterator[str]:
    """X-Forwarded-For from its end, which the nearest proxy wrote."""
    header = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return reversed(header.split(",")) if header else iter(())


def _is_trusted(address: _Address | None) -> bool:
    try:
        proxies = get_settings().trusted_proxies
    except ErplyConfigurationError:  # E001 tells; staff log in all the same.
        return False
    if address is None:
        return UNIX_SOCKET in proxies
    return any(address in ipaddress.ip_network(proxy) for proxy in proxies if proxy != UNIX_SOCKET)


def _parsed(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _tokens(request: HttpRequest) -> list[str]:
    # As many as are ever set: whoever sends more wants us to compute.
    return request.COOKIES.get(_cookie_name(), "").split(_BETWEEN)[:_MOST_MEMBERS]


def _is_of(token: str, device: str) -> bool:
    return not token or token.startswith(f"{device}:")


def _signer(name: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"erply_auth.device.{key_of('member', name)}")


def _cookie_name() -> str:
    # With this prefix no other host of the domain can set it, nor anybody over plain HTTP.
    return f"__Host-{_COOKIE}" if settings.SESSION_COOKIE_SECURE else _COOKIE
