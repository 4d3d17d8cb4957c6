"""The forms for a forgotten password: who asks, and then the new one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from . import fields


class ResetForm(forms.Form):
    """The address to which the shop may already write."""

    email = fields.email(_("E-mail"))


class NewPasswordForm(forms.Form):
    """The new password, twice."""

    new_password1 = fields.new_password(_("New password"))
    new_password2 = fields.password(_("New password, again"), "new-password")

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Both the same, and good enough for Django's validators."""
        fields.check_twice(self, "new_password1", "new_password2")
        return self.cleaned_data
