"""The forms with which a visitor becomes a customer: who they are, and then their password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from . import fields

_PERSON = ("first_name", "last_name")


class RegistrationForm(forms.Form):
    """A person by first and last name, or a company by its name."""

    username = UsernameField(
        label=_("User name"),
        help_text=_("You log in with it. Letters, digits and @ . + - _"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
        validators=[UnicodeUsernameValidator()],
    )
    email = fields.email(_("E-mail"))
    first_name = fields.text(_("First name"), "given-name")
    last_name = fields.text(_("Last name"), "family-name")
    company_name = fields.text(
        _("Company name"),
        "organization",
        help_text=_("Only if you register a company. It needs no first and last name."),
    )

    def clean(self) -> dict[str, Any]:
        """Names enough for one or the other; a company's record has no person's names."""
        cleaned: dict[str, Any] = self.cleaned_data
        if cleaned.get("company_name"):
            cleaned.update(dict.fromkeys(_PERSON, ""))
        elif not self.has_error("company_name"):
            for name in _PERSON:
                if not cleaned.get(name) and not self.has_error(name):
                    error = ValidationError(
                        _("Enter your first and last name, or a company's name."), code="required"
                    )
                    self.add_error(name, error)
        return cleaned


class FirstPasswordForm(forms.Form):
    """The password, twice. `applicant` is whose names and address it must not resemble."""

    password1 = fields.new_password(_("Password"))
    password2 = fields.password(_("Password, again"), "new-password")

    def __init__(self, data: Any = None, *, applicant: Any) -> None:
        super().__init__(data)
        self._applicant = applicant

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Both the same, and good enough for Django's validators."""
        fields.check_twice(self, "password1", "password2", self._applicant)
        return self.cleaned_data
