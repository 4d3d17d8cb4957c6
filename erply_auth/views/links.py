"""What the pages around mailed links share: a limit, an answer that comes before the work, and what
is shown for a link that opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from .. import throttle
from ..outages import OUTAGES, announce
from ..services.links import LinkRefused
from ..visitors import client_address
from .base import VisitorFormView, retry_later

_SECONDS = 3600
_LOG_IN = "erply_auth:login"


class AnsweredFirst(HttpResponseRedirect):
    """A redirect that does its work once it is sent, when the server closes it.

    So the time until the answer tells nothing about the work, and no thread outlives the request.
    """

    def __init__(self, to: str, request: HttpRequest, work: Callable[[], None] | None) -> None:
        super().__init__(resolve_url(to))
        self._request = request
        self._language = translation.get_language() or "en"
        self._work = work

    def close(self) -> None:
        """Does the work, once. What fails now is the operator's to know, and nobody else's."""
        work, self._work = self._work, None
        try:
            if work is not None:
                with translation.override(self._language):
                    work()
        except OUTAGES as error:
            announce(error, type(self), self._request)
        finally:
            super().close()


class AskingView(VisitorFormView):
    """A form whose answer is the same for every e-mail address, and then perhaps a mail.

    `save` puts into `work` what is to be done after the answer.
    """

    success_url_name = _LOG_IN
    kind: str
    per_address: int
    per_place: int
    """How often an hour for one e-mail address, and from one place in the net."""

    work: Callable[[], None] | None = None

    def process(self, form: Any) -> HttpResponse:
        """As any form, but 429 for whoever has asked too often."""
        if not form.is_valid():
            return self.show(form)
        try:
            wait = self._wait(form.cleaned_data["email"])
        except OUTAGES as error:
            return self.show_unavailable(form, error)
        if wait is None:
            return super().process(form)
        form.add_error(None, _("This was asked for too often. Please try again in an hour."))
        return retry_later(self.show(form, status=429), wait)

    def succeed(self, message: Any) -> HttpResponse:
        """Sends the visitor on, and then does the work."""
        messages.success(self.request, message, fail_silently=True)
        return AnsweredFirst(self.success_url_name, self.request, self.work)

    def _wait(self, email: str) -> int | None:
        """Seconds until they may ask again, None if they may now."""
        place = client_address(self.request)
        too_many = throttle.attempt(f"{self.kind}.place", place, self.per_place, _SECONDS)
        if too_many is not None:
            return too_many
        address = throttle.key_of("address", email)
        return throttle.attempt(f"{self.kind}.address", address, self.per_address, _SECONDS)


@method_decorator(login_not_required, name="dispatch")
class LinkView(VisitorFormView):
    """The page that a mailed link opens. Opening it changes nothing."""

    success_url_name = _LOG_IN
    refused_template: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Shows the page, or that the link is not, or no longer, good for anything."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except LinkRefused:
            response = render(request, self.refused_template, status=404)
        # The address is a key: not even this site's own pages are told. (With `no-referrer`,
        # browsers would send the form without its origin, and Django would refuse it.)
        response["Referrer-Policy"] = "strict-origin"
        return response
