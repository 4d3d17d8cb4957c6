"""The address form: labels, order, required fields and postal codes by the rules of the country."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from .. import countries
from ..conf import get_settings
from ..erply.records import AddressType
from .base import EditForm, Values, offer_too, refuse_invisible

_POSTAL_CODE_LABELS = {"zip": _("ZIP code"), "pin": _("PIN code"), "eircode": _("Eircode")}
_STATE_LABELS = {
    "state": _("State"),
    "county": _("County"),
    "province": _("Province"),
    "prefecture": _("Prefecture"),
    "island": _("Island"),
    "emirate": _("Emirate"),
}
_REQUIRED = _("This is needed for an address in this country.")


class CountryField(forms.ChoiceField):
    """A country by its ISO code; takes names too, and whatever was there before."""

    def to_python(self, value: Any) -> str:
        """The code of a country that is recognized, else the value as it is."""
        text = super().to_python(value)
        return countries.recognized(text) or text


def _text(label: Any, autocomplete: str, max_length: int) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(
        label=label,
        max_length=max_length,
        required=False,
        widget=widget,
        validators=[refuse_invisible],
    )


class AddressForm(EditForm):
    """One address. `types` are Erply's; those out of use are offered only where already chosen."""

    type_id = forms.ChoiceField(label=_("What the address is for"))
    country = CountryField(
        label=_("Country"), widget=forms.Select(attrs={"autocomplete": "country"})
    )
    street = forms.CharField(
        label=_("Street and house"),
        max_length=65535,
        required=False,
        widget=forms.Textarea(attrs={"autocomplete": "street-address", "rows": 2}),
        validators=[refuse_invisible],
    )
    address2 = _text(_("Flat, floor or building"), "address-line2", 255)
    city = _text(_("Town or city"), "address-level2", 255)
    postal_code = _text(_("Postal code"), "postal-code", 16)
    state = _text(_("State or region"), "address-level1", 255)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        record: str,
        seen: Values,
        types: Iterable[AddressType],
    ) -> None:
        super().__init__(data, record=record, seen=seen)
        self.is_new = "street" not in self.seen
        chosen = self.seen.get("type_id", "")
        self._field("type_id").choices = [
            (str(kind.type_id), kind.name)
            for kind in types
            if kind.in_use or str(kind.type_id) == chosen
        ]
        if not self.is_new:
            offer_too(self._field("type_id"), chosen, _("as it is"))
        language = get_language() or "en"
        names = sorted(countries.names(language).items(), key=lambda pair: pair[1])
        old = self.seen.get("country", "")
        known = dict(names)
        self._field("country").choices = [
            ("", _("Choose a country")) if not old or old in known else (old, old),
            *names,
        ]
        self._follow(countries.address_rules(self._country()))

    def clean(self) -> dict[str, Any]:
        """What the country asks for: of a new address all, of an old one what was touched."""
        cleaned = super().clean()
        rules = countries.address_rules(str(cleaned.get("country", "")))
        moved = self.is_new or "country" in self.touched
        judged = set(self.fields) if moved else set(self.touched)
        for name in sorted(rules.required & judged - set(self.errors)):
            if not cleaned.get(name):
                self.add_error(name, ValidationError(_REQUIRED, code="required"))
        code = str(cleaned.get("postal_code", ""))
        if "postal_code" in judged and code and not rules.accepts_postal_code(code):
            error = _("This is not a postal code of this country. Write it like %(example)s.")
            params = {"example": rules.postal_code_example}
            self.add_error("postal_code", ValidationError(error, "invalid", params))
        return cleaned

    def _follow(self, rules: countries.AddressRules) -> None:
        """Labels and order as in the country the form is shown for."""
        self.fields["state"].label = _STATE_LABELS.get(rules.state_kind, _("State or region"))
        self.fields["postal_code"].label = _POSTAL_CODE_LABELS.get(
            rules.postal_code_kind, _("Postal code")
        )
        order = [name for name in rules.order if name != "street"]
        self.order_fields(["type_id", "country", "street", "address2", *order])

    def _country(self) -> str:
        posted = self.data.get("country") if self.is_bound else None
        return countries.recognized(posted or self.seen.get("country", ""))

    def _field(self, name: str) -> Any:
        return self.fields[name]


class AddressDeleteForm(EditForm):
    """Nothing to fill in: it only knows which address was shown."""


def new_address_values(types: Iterable[AddressType]) -> dict[str, str]:
    """What the form for a new address is opened on: the first type, the shop's country."""
    first = next((str(kind.type_id) for kind in types if kind.in_use), "")
    return {"type_id": first, "country": get_settings().country}
