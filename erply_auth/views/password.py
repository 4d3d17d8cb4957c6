"""The page for a new password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ..erply.errors import CredentialsRejected, FieldRejected
from ..forms.password import PasswordChangeForm
from ..services import password
from .base import FormView
from .verdicts import add_verdict


class PasswordChangeView(FormView):
    """Old password, new password; all other sessions of the member end."""

    template_name = "erply_auth/password_change.html"
    success_url_name = "erply_auth:profile"
    success_message = _("Your password is changed. You have been logged out everywhere else.")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The empty form."""
        return self.show(PasswordChangeForm(user=self.member.user))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Changes it."""
        return self.process(PasswordChangeForm(request.POST, user=self.member.user))

    @sensitive_variables()
    def save(self, form: Any) -> None:
        """Hands both passwords to the service and keeps this session."""
        old, new = form.cleaned_data["old_password"], form.cleaned_data["new_password1"]
        try:
            password.change(self.member, old, new, self.request.session)
        except CredentialsRejected:
            form.add_error("old_password", _("This is not your current password."))
        else:
            update_session_auth_hash(self.request, self.member.user)

    def add_verdict(self, form: Any, error: FieldRejected) -> None:
        """Whatever Erply says is about the new password."""
        add_verdict(form, error, fallback="new_password1")
