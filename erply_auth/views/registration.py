"""Becoming a customer: the page that asks who, and the one that the mailed link opens."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ..conf import get_settings
from ..erply.errors import FieldRejected, PasswordRefused
from ..forms.registration import FirstPasswordForm, RegistrationForm
from ..services import registration
from .links import AskingView, LinkView
from .verdicts import add_verdict

_TRAP = "website"
"""A field that people do not see. What fills it in is no person."""


class RegisterView(AskingView):
    """User name, e-mail address, and who it is."""

    template_name = "erply_auth/register.html"
    success_message = _("A mail is on its way to the address that you gave. It says how to go on.")
    kind = "registration"
    per_address, per_place = 10, 30

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The empty form."""
        _refuse_where_closed()
        return self.show(RegistrationForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Asks Erply, answers, and then mails; a bot gets the answer alone."""
        _refuse_where_closed()
        if request.POST.get(_TRAP):
            return self.succeed(self.success_message)
        return self.process(RegistrationForm(request.POST))

    def save(self, form: Any) -> None:
        """Hands what was typed to the service."""
        try:
            self.work = registration.apply(form.cleaned_data)
        except registration.Taken:
            error = ValidationError(_("This user name is taken. Please choose another."), "taken")
            form.add_error("username", error)

    def add_verdict(self, form: Any, error: FieldRejected) -> None:
        """The one value that Erply is asked about is the user name."""
        add_verdict(form, error, fallback="username")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds `policy_url`, `policy_version` and the name of the `trap`."""
        conf = get_settings()
        policy = {"policy_url": conf.policy_url, "policy_version": conf.policy_version}
        return super().get_context_data(trap=_TRAP, **policy, **kwargs)


class RegisterConfirmView(LinkView):
    """The password, twice; then the customer is made."""

    template_name = "erply_auth/register_confirm.html"
    refused_template = "erply_auth/register_refused.html"
    success_message = _("You are registered. Log in with your user name and password.")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The empty form, for a link that works."""
        return self.show(self._form(None))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Makes the customer."""
        return self.process(self._form(request.POST))

    def save(self, form: Any) -> None:
        """Hands link and password to the service."""
        try:
            registration.confirm(self.kwargs["token"], form.cleaned_data["password1"])
        except registration.AlreadyThere:
            self.success_message = _(
                "You are registered already. Log in with the password that you chose first."
            )
        except registration.Taken:
            message = _("This user name or e-mail address was taken meanwhile. Please begin anew.")
            form.add_error(None, ValidationError(message, "taken"))

    def add_verdict(self, form: Any, error: FieldRejected) -> None:
        """Erply's rules for passwords stand at the password."""
        is_password = isinstance(error, PasswordRefused) or error.field == "password"
        add_verdict(form, error, fallback="password1" if is_password else None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds the `username`."""
        return super().get_context_data(username=self._pending.username, **kwargs)

    def _form(self, posted: Any) -> FirstPasswordForm:
        _refuse_where_closed()
        self._pending = registration.open_link(self.kwargs["token"])
        return FirstPasswordForm(posted, applicant=self._pending)


def _refuse_where_closed() -> None:
    """Raises Http404 where the shop makes its customers itself."""
    if not get_settings().registration:
        raise Http404
