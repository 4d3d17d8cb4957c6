"""Fields that several forms have."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from .base import refuse_invisible

_LONGEST = 255


def text(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    """One line that may be left empty."""
    kind = options.pop("kind", "text")
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, "type": kind})
    return forms.CharField(
        label=label,
        max_length=_LONGEST,
        required=False,
        widget=widget,
        validators=[refuse_invisible],
        **options,
    )


def email(label: Any, **options: Any) -> forms.EmailField:
    """A single e-mail address."""
    return forms.EmailField(
        label=label,
        max_length=_LONGEST,
        # Not of the type `email`: browsers rewrite a domain like võru.example in those.
        widget=forms.TextInput(
            attrs={
                "autocomplete": "email",
                "inputmode": "email",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        validators=[refuse_invisible, _refuse_several],
        **options,
    )


def password(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    """A password, outer space and all."""
    return forms.CharField(
        label=label,
        max_length=_LONGEST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        **options,
    )


def new_password(label: Any) -> forms.CharField:
    """The first of two times that a new password is typed."""
    return password(
        label,
        "new-password",
        validators=[_refuse_control],
        help_text=_("At least 8 characters, with letters and digits."),
    )


@sensitive_variables()
def check_twice(form: forms.Form, first_name: str, second_name: str, user: Any = None) -> None:
    """Adds errors unless both are the same and good enough for Django's validators.

    `user` is whose names and address the password must not resemble.
    """
    first, second = form.cleaned_data.get(first_name), form.cleaned_data.get(second_name)
    if first and second and first != second:
        error = ValidationError(_("The two new passwords differ."), code="mismatch")
        form.add_error(second_name, error)
    elif first:
        try:
            password_validation.validate_password(first, user)
        except ValidationError as error:
            form.add_error(first_name, error)


def _refuse_control(value: str) -> None:
    """Raises ValidationError for what no log-in takes: line ends and tabs, too."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise ValidationError(_("Remove the characters that cannot be seen."), code="invisible")


def _refuse_several(value: str) -> None:
    """Raises ValidationError for the character that parts two addresses in Erply's one field."""
    if ";" in value:
        raise ValidationError(_("Enter a single e-mail address."), code="several")
