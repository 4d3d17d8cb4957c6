"""Coming and going: log-in and log-out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.contrib.auth.views import RedirectURLMixin
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables
from django.views.generic import TemplateView

from ..access import member_of
from ..backend import remember
from ..conf import ErplyConfigurationError, get_settings
from ..forms.login import LoginForm
from ..judgement import retry_after_of
from ..outages import announce
from ..services import sessions
from ..visitors import remember_device
from .base import RETRY_AFTER_SECONDS


@method_decorator(sensitive_variables(), name="dispatch")
class LoginView(DjangoLoginView):
    """Django's log-in view with Erply's form; 503 when Erply cannot tell."""

    form_class = LoginForm  # type: ignore[assignment]
    template_name = "erply_auth/login.html"
    next_page = "erply_auth:overview"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form; whoever is logged in already is sent on."""
        if member_of(request.user):
            return HttpResponseRedirect(self.get_success_url())
        return super().get(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Logs the member in, for as long as they asked; whoever was here before is out.

        The device is known from then on.
        """
        remembered = form.cleaned_data["remember_me"]
        if remembered:
            remember(self.request)
        if sessions.leave(self.request.session):
            self.request.session.cycle_key()
        try:
            response = super().form_valid(form)
        except DatabaseFailure as error:
            # The row that every request asks for is missing, and a 503 saves no session.
            self.request.user = AnonymousUser()
            form.failure = error
            form.add_error(None, form.unavailable())
            return self.form_invalid(form)
        self.request.session.set_expiry(get_settings().remember_seconds if remembered else 0)
        remember_device(self.request, response, form.cleaned_data["username"])
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form with its errors and all that was typed but the password."""
        if form.failure:
            announce(form.failure, type(self), self.request)
        response = super().form_invalid(form)
        if form.has_error("__all__", "unavailable"):
            response.status_code = 503
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        elif form.has_error("__all__", "throttled"):
            response.status_code = 429
            response["Retry-After"] = str(retry_after_of(self.request))
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds `registration_open`, and `unavailable`: whether the form is shown again because
        nobody has judged it.
        """
        context = super().get_context_data(**kwargs)
        form = context["form"]
        reasons = ("unavailable", "throttled")
        context["unavailable"] = form.is_bound and any(
            form.has_error("__all__", reason) for reason in reasons
        )
        context["registration_open"] = _registration_is_open()
        return context


def log_out(request: HttpRequest, target: str) -> HttpResponse:
    """Ends this session and goes on to `target`.

    What other sites of the host have stored in the browser is not ours: the cache is all that is
    cleared.
    """
    logout(request)
    return HttpResponseRedirect(target, headers={"Clear-Site-Data": '"cache"'})


def _registration_is_open() -> bool:
    try:
        return get_settings().registration
    except ErplyConfigurationError:  # E001 tells; the page says 503 to whoever logs in.
        return False


@method_decorator([login_not_required, csrf_protect], name="dispatch")
class LogoutView(RedirectURLMixin, TemplateView):
    """Asks on GET, which changes nothing; logs out on POST."""

    template_name = "erply_auth/logout.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The question; whoever is not logged in is sent to the log-in page."""
        if not request.user.is_authenticated:
            return redirect("erply_auth:login")
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ends the session, on the server too, and leaves no page behind in the browser."""
        return log_out(request, self.get_success_url())

    def get_default_redirect_url(self) -> str:
        """Where to go without a valid `next`."""
        return resolve_url(settings.LOGOUT_REDIRECT_URL or "erply_auth:login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds a `next` that was checked."""
        return super().get_context_data(
            **{self.redirect_field_name: self.get_redirect_url(), **kwargs}
        )
