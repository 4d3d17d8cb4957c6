"""The log-in form. Django's own cuts names to the host's field length and rewrites them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import Error as DatabaseFailure
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ..judgement import outage_of, retry_after_of

_MAX_LENGTH = 255


class LoginForm(forms.Form):
    """User name and password of the shop's web shop, as the customer has them in Erply."""

    username = forms.CharField(
        label=_("User name"),
        max_length=_MAX_LENGTH,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=_MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    remember_me = forms.BooleanField(label=_("Stay logged in on this device"), required=False)

    error_messages = {
        "invalid_login": _("The user name and the password do not fit together. Try again."),
        "throttled": _("There have been too many attempts. Please wait a little and try again."),
        "unavailable": _("We cannot check your password just now. Please try again in a moment."),
    }

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        self._user: AbstractBaseUser | None = None
        self.failure: DatabaseFailure | None = None

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Logs nobody in yet; raises the one error that says no, or one that says not now."""
        username = self.cleaned_data.get("username")
        password = self.cleaned_data.get("password")
        if username and password:
            try:
                self._user = authenticate(
                    self._request, erply_username=username, erply_password=password
                )
            except DatabaseFailure as error:  # Not ours: of the lock-out's tables, for instance.
                self.failure = error
            if self._user is None:
                code = self._refusal()
                raise ValidationError(self.error_messages[code], code=code)
        return self.cleaned_data

    def unavailable(self) -> ValidationError:
        """The error that says not now."""
        return ValidationError(self.error_messages["unavailable"], code="unavailable")

    def _refusal(self) -> str:
        if self.failure or outage_of(self._request):
            return "unavailable"
        return "invalid_login" if retry_after_of(self._request) is None else "throttled"

    def get_user(self) -> AbstractBaseUser | None:
        """Whose credentials these were."""
        return self._user
