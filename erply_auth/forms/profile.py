"""The profile form: the fields that fit the customer, checked by libraries kept for them."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import countries
from ..conf import get_settings
from . import fields
from .base import EditForm, Values, offer_too

_EARLIEST_BIRTHDAY = datetime.date(1900, 1, 1)


class ProfileForm(EditForm):
    """What members may change of their own record: the fields that `seen` has values for."""

    first_name = fields.text(_("First name"), "given-name")
    last_name = fields.text(_("Last name"), "family-name")
    company_name = fields.text(_("Company name"), "organization")
    vat_number = fields.text(_("VAT number"), "off")
    birthday = forms.DateField(
        label=_("Birthday"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
    )
    gender = forms.ChoiceField(
        label=_("Gender"),
        required=False,
        choices=[("", _("not said")), ("female", _("female")), ("male", _("male"))],
    )
    email = fields.email(_("E-mail"), required=False)
    phone = fields.text(_("Phone"), "tel", kind="tel")
    mobile = fields.text(_("Mobile"), "tel", kind="tel")
    email_opt_out = forms.BooleanField(label=_("No offers by e-mail, please"), required=False)
    current_password = fields.password(
        _("Current password"),
        "current-password",
        required=False,
        help_text=_("Only needed when you change your e-mail address."),
    )

    not_saved = ("current_password",)

    def __init__(self, data: QueryDict | None = None, *, record: str, seen: Values) -> None:
        super().__init__(data, record=record, seen=seen)
        for name in [name for name in self.fields if name not in (*seen, *self.not_saved)]:
            del self.fields[name]
        if "gender" in self.fields:
            offer_too(self.fields["gender"], self.seen["gender"], self.seen["gender"])

    def clean_first_name(self) -> str:
        """Not emptied."""
        return self._not_emptied("first_name")

    def clean_last_name(self) -> str:
        """Not emptied."""
        return self._not_emptied("last_name")

    def clean_company_name(self) -> str:
        """Not emptied."""
        return self._not_emptied("company_name")

    def clean_vat_number(self) -> str:
        """One that the country could have given out."""
        value: str = self.cleaned_data["vat_number"]
        if value and not countries.is_vat_number(value, get_settings().country):
            raise ValidationError(
                _("This is not a valid VAT number. It begins with the country, like EE100931558."),
                code="invalid",
            )
        return value

    def clean_phone(self) -> str:
        """A possible phone number."""
        return self._phone_number("phone")

    def clean_mobile(self) -> str:
        """A possible phone number."""
        return self._phone_number("mobile")

    def clean_birthday(self) -> datetime.date | None:
        """A day that a living person may have been born on."""
        value: datetime.date | None = self.cleaned_data["birthday"]
        if value and not _EARLIEST_BIRTHDAY <= value <= timezone.localdate():
            raise ValidationError(_("Enter a day between 1900 and today."), code="invalid")
        return value

    def clean(self) -> dict[str, Any]:
        """A new e-mail address needs the password."""
        cleaned = super().clean()
        if "email" in self.touched and not cleaned.get("current_password"):
            self.add_error(
                "current_password",
                ValidationError(
                    _("Enter your current password to change your e-mail address."),
                    code="required",
                ),
            )
        return cleaned

    def _not_emptied(self, name: str) -> str:
        value: str = self.cleaned_data[name]
        if not value and self.seen[name]:
            raise ValidationError(_("This cannot be left empty."), code="required")
        return value

    def _phone_number(self, name: str) -> str:
        value: str = self.cleaned_data[name]
        if value and not countries.is_phone_number(value, get_settings().country):
            raise ValidationError(
                _("This is not a phone number. Write it like +372 5555 5555."), code="invalid"
            )
        return value
