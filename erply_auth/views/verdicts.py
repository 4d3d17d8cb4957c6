"""Erply's no, in words for the member, at the form field that it is about."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..erply.errors import FieldRejected

_MESSAGES = {
    1010: _("This is needed."),
    1011: _("This cannot be chosen any more. Please choose again."),
    1012: _("This is taken already. Please choose something else."),
    1014: _("This has not the right form. Please check it."),
    1016: _("The shop's system does not accept this. Please check it."),
    1100: _("This password is too short."),
    1101: _("This password needs letters as well."),
    1102: _("This password is too simple: use letters, digits and other characters."),
    1103: _("The password was changed too recently. Please try again later."),
    1156: _("This is too long."),
    1196: _("This password has been used before. Please choose a new one."),
}
_OTHERWISE = _("The shop's system does not accept this. Please check what you entered.")


def add_verdict(form: forms.Form, error: FieldRejected, fallback: str | None = None) -> None:
    """Puts the verdict at the field that Erply blames, else at `fallback`, else on the form."""
    field = error.field if error.field in form.fields else fallback
    message: Any = _MESSAGES.get(error.code, _OTHERWISE)
    form.add_error(field, forms.ValidationError(message, code=f"erply_{error.code}"))
