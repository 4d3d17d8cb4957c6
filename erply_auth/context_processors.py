"""Who is logged in, for templates."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def member(request: HttpRequest) -> dict[str, Any]:
    """`member`: the logged-in member, false if there is none; no query until it is used."""
    return {"member": getattr(request, "member", None)}
