"""What the pages share: who may see them, and what is shown when Erply cannot serve."""

from __future__ import annotations

import abc
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import TemplateView

from ..access import MemberRequiredMixin
from ..erply.errors import FieldRejected, RecordInUse, RecordNotFound
from ..models import Member
from ..outages import OUTAGES, Outage, announce
from ..services.cards import MemberClosed
from ..throttle import Throttled
from .verdicts import add_verdict

RETRY_AFTER_SECONDS = 10
TOO_MANY = _("There have been too many attempts. Please wait a little and try again.")


@method_decorator(sensitive_variables(), name="dispatch")
class _NeverBroken:
    """Nothing that Erply does makes the page a 500, and a report about one quotes no variable of
    the page, nor of anything that it calls."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Shows the page, and what is wrong when it cannot be shown."""
        try:
            response: HttpResponseBase = super().dispatch(  # type: ignore[misc]
                request, *args, **kwargs
            )
        except OUTAGES as error:
            announce(error, type(self), request)
            return retry_later(render(request, "erply_auth/unavailable.html", status=503))
        except RecordNotFound:
            return render(request, "erply_auth/record_not_found.html", status=404)
        except MemberClosed:
            logout(request)
            return redirect("erply_auth:login")
        return response


class MemberView(_NeverBroken, MemberRequiredMixin, TemplateView):
    """A page of the members' area."""

    @property
    def member(self) -> Member:
        """The logged-in member."""
        member: Member = self.request.member  # type: ignore[attr-defined]
        return member


class _Form(TemplateView, abc.ABC):
    """A page with one form: bad input comes back filled in, and so does input during an outage."""

    success_url_name: str
    success_message: Any = _("Saved.")

    @abc.abstractmethod
    def save(self, form: Any) -> None:
        """Does what a valid form asks for; may add errors to it, or raise what services raise."""

    def process(self, form: Any) -> HttpResponse:
        """302 after success, 200 with the errors, 503 with the form when Erply cannot serve.

        429 with the form after too many wrong passwords.
        """
        if not form.is_valid():
            return self.show(form)
        if not self.is_changed(form):
            return self.succeed(_("Nothing was changed."))
        try:
            self.save(form)
        except FieldRejected as error:
            self.add_verdict(form, error)
        except RecordInUse:
            form.add_error(None, _("Something else still refers to this. Please ask the shop."))
        except Throttled as refusal:
            form.add_error(None, TOO_MANY)
            return retry_later(self.show(form, status=429), refusal.retry_after)
        except OUTAGES as error:
            return self.show_unavailable(form, error)
        return self.succeed(self.success_message) if form.is_valid() else self.show(form)

    def is_changed(self, form: Any) -> bool:
        """Whether there is anything to save."""
        return True

    def add_verdict(self, form: Any, error: FieldRejected) -> None:
        """Puts Erply's no at the form field that it is about."""
        add_verdict(form, error)

    def succeed(self, message: Any) -> HttpResponse:
        """Sends the member on with a message."""
        messages.success(self.request, message, fail_silently=True)
        return redirect(self.success_url_name)

    def show(self, form: Any, status: int = 200, **context: Any) -> HttpResponse:
        """The page with the form."""
        context = self.get_context_data(form=form, **context)
        return self.render_to_response(context, status=status)

    def show_unavailable(self, form: Any, error: Outage) -> HttpResponse:
        """The page with the form as it was sent, and a button to send it again."""
        announce(error, type(self), self.request)
        return retry_later(self.show(form, status=503, unavailable=True))


@method_decorator(sensitive_post_parameters(), name="dispatch")
class FormView(_Form, MemberView):
    """A member's form."""


@method_decorator([login_not_required, csrf_protect, sensitive_post_parameters()], name="dispatch")
class VisitorFormView(_Form, _NeverBroken, TemplateView):
    """A form for whoever comes."""


def retry_later(response: HttpResponse, seconds: int = RETRY_AFTER_SECONDS) -> HttpResponse:
    """The answer, with the seconds after which to try again."""
    response["Retry-After"] = str(seconds)
    return response
