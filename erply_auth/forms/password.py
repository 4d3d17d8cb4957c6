"""The form for a new password: Django's validators here, Erply's own verdict from the service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from . import fields


class PasswordChangeForm(forms.Form):
    """Old password, and the new one twice."""

    old_password = fields.password(_("Current password"), "current-password")
    new_password1 = fields.new_password(_("New password"))
    new_password2 = fields.password(_("New password, again"), "new-password")

    def __init__(self, data: Any = None, *, user: Any) -> None:
        super().__init__(data)
        self._user = user

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Both new ones the same, and good enough for Django's validators."""
        fields.check_twice(self, "new_password1", "new_password2", self._user)
        return self.cleaned_data
