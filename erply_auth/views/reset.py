"""A forgotten password: the page that asks for the address, and the one that the link opens."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ..erply.errors import FieldRejected
from ..forms.reset import NewPasswordForm, ResetForm
from ..services import reset
from .links import AskingView, LinkView
from .verdicts import add_verdict


class PasswordResetView(AskingView):
    """Asks for the address, and says the same whoever has it."""

    template_name = "erply_auth/password_reset.html"
    success_message = _(
        "If this is the e-mail address of a customer, a mail is on its way to it. It says how to "
        "go on."
    )
    kind = "reset"
    per_address, per_place = 5, 30

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The empty form."""
        return self.show(ResetForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Asks Erply, answers, and then mails whoever there is to mail."""
        return self.process(ResetForm(request.POST))

    def save(self, form: Any) -> None:
        """Hands the address to the service."""
        self.work = reset.ask(form.cleaned_data["email"])


class PasswordResetConfirmView(LinkView):
    """The new password, twice."""

    template_name = "erply_auth/password_reset_confirm.html"
    refused_template = "erply_auth/password_reset_refused.html"
    success_message = _("Your new password is set. Log in with it.")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The empty form, for a link that works."""
        reset.open_link(self.kwargs["token"])
        return self.show(NewPasswordForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sets the password."""
        reset.open_link(self.kwargs["token"])
        return self.process(NewPasswordForm(request.POST))

    def save(self, form: Any) -> None:
        """Hands link and password to the service."""
        reset.set_password(self.kwargs["token"], form.cleaned_data["new_password1"])

    def add_verdict(self, form: Any, error: FieldRejected) -> None:
        """Whatever Erply says is about the new password."""
        add_verdict(form, error, fallback="new_password1")
