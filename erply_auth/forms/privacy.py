"""The forms that ask for the password before everything is handed out or taken away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class PasswordForm(forms.Form):
    """The member's current password."""

    password = forms.CharField(
        label=_("Your password"),
        max_length=255,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class EraseForm(PasswordForm):
    """The password, and what the member was told would happen.

    What has begun (`finishing`) needs neither: the password was right then, and may be gone.
    """

    told = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, told: str = "", finishing: bool = False) -> None:
        super().__init__(data, initial={"told": told})
        if finishing:
            self.fields.clear()
