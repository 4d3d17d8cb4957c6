"""Where the member is logged in, and the buttons that end it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext_lazy as _

from ..services import sessions
from .base import MemberView
from .session import log_out


class SessionsView(MemberView):
    """The member's sessions; each has a button, and all but this one have one together."""

    template_name = "erply_auth/sessions.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list."""
        return self._show()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ends one session, or all others. Another member's, and one that is gone, is a 404."""
        if "others" in request.POST:
            sessions.end_others(self.member, request.session)
            return self._succeed(_("You are logged out everywhere else."))
        if "session" not in request.POST:
            return self._show(unsaid=True)
        row_id = _row_id(request.POST["session"])
        if sessions.is_this(request.session, row_id):
            return log_out(request, resolve_url("erply_auth:login"))
        if not sessions.end(self.member, row_id):
            raise Http404
        return self._succeed(_("You are logged out there."))

    def _show(self, *, unsaid: bool = False) -> HttpResponse:
        listed = sessions.listed(self.member, self.request.session)
        return self.render_to_response(self.get_context_data(sessions=listed, unsaid=unsaid))

    def _succeed(self, message: Any) -> HttpResponse:
        messages.success(self.request, message, fail_silently=True)
        return redirect("erply_auth:sessions")


def _row_id(posted: str) -> uuid.UUID:
    try:
        return uuid.UUID(posted)
    except ValueError:
        raise Http404 from None
