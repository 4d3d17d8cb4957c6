"""What the forms for a member's own data share: what they were opened on, and validation of the
changed fields only, so that an odd old value never blocks an unrelated edit.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

OPENED = "opened"
"""The hidden field with the values that the form was opened on, signed."""

Values = Mapping[str, str]


def opened_values(posted: QueryDict, record: str) -> dict[str, str] | None:
    """The values that a posted form was opened on; None if it does not say, or not credibly.

    `record` names whose form it is, so that one record's values never pass for another's.
    """
    try:
        values: dict[str, str] = signing.loads(posted.get(OPENED, ""), salt=_salt(record))
    except signing.BadSignature:
        return None
    return values


def _salt(record: str) -> str:
    return f"erply_auth.opened:{record}"


def refuse_invisible(value: str) -> None:
    """Raises ValidationError for control characters, which no field of Erply's is for."""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\r\n\t" for c in value):
        raise ValidationError(_("Remove the characters that cannot be seen."), code="invisible")


class EditForm(forms.Form):
    """A form that knows what it was opened on (`seen`) and what the member changed (`changes`).

    All values are strings, dates as yyyy-mm-dd, booleans as 0 and 1. A field that was not posted
    is not changed.
    """

    not_saved: Iterable[str] = ()
    """Fields that are no part of the record."""

    is_new = False
    """Whether there is no record yet, so that every field counts."""

    changed_meanwhile = _("This was changed meanwhile. It is now: %(value)s")

    def __init__(self, data: QueryDict | None = None, *, record: str, seen: Values) -> None:
        self.seen = dict(seen)
        self._record = record
        super().__init__(data, initial=self._initial())
        if data is not None:
            self.data = self._completed(data)

    @property
    def token(self) -> str:
        """The value for the hidden field `opened`; empty where nothing could be read."""
        if not self._record:
            return ""
        return signing.dumps(self.seen, salt=_salt(self._record), compress=True)

    @property
    def touched(self) -> list[str]:
        """The fields whose posted value is not the one the form was opened on."""
        return [
            name
            for name in self.fields
            if name not in self.not_saved
            and self._sent_back(name, self._posted(name))
            != self._sent_back(name, self.seen.get(name, ""))
        ]

    @property
    def changes(self) -> dict[str, str]:
        """The values to be saved, of a valid form. Empty if the member changed nothing."""
        cleaned = {name: _as_text(self.cleaned_data.get(name)) for name in self.touched}
        return {name: value for name, value in cleaned.items() if value != self.seen.get(name)}

    @property
    def values(self) -> dict[str, str]:
        """All values of a valid form, changed or not."""
        return {name: _as_text(self.cleaned_data.get(name)) for name in self.fields}

    def clean(self) -> dict[str, Any]:
        """Forgets what is wrong with fields that the member did not touch."""
        cleaned: dict[str, Any] = self.cleaned_data
        untouched = set(self.fields) - set(self.touched) - set(self.not_saved)
        for name in set() if self.is_new else untouched & set(self.errors):
            del self.errors[name]
            cleaned[name] = self.seen.get(name, "")
        return cleaned

    def show_conflict(self, fields: Iterable[str], current: Values) -> None:
        """Shows, beside what the member typed, what the fields hold by now.

        Sending the form once more saves what was typed, this time knowingly.
        """
        untouched = set(self.fields) - set(self.touched) - set(self.not_saved)
        self.seen = dict(current)
        for name in untouched & set(current):
            # Or what others changed here meanwhile would be sent back as the member's own change.
            self._refill(name, current[name])
        for name in fields:
            value = self._in_words(name, current.get(name, ""))
            error = ValidationError(self.changed_meanwhile, "changed", {"value": value})
            self.add_error(name, error)

    def _initial(self) -> dict[str, Any]:
        boxes = {name for name, field in self.base_fields.items() if _is_box(field)}
        return {name: value == "1" if name in boxes else value for name, value in self.seen.items()}

    def _completed(self, data: QueryDict) -> QueryDict:
        """What was posted, and for fields that were not, what they were opened on.

        An empty box is never posted: where the rest of our form is there, its silence means no.
        """
        completed = data.copy()
        for name, value in self.seen.items():
            box = name in self.fields and _is_box(self.fields[name])
            if not box or (OPENED not in data and value == "1"):
                completed.setdefault(name, value)
        return completed

    def _refill(self, name: str, value: str) -> None:
        data: Any = self.data  # Our own copy, see `_completed`.
        data[name] = "" if _is_box(self.fields[name]) and value != "1" else value

    def _in_words(self, name: str, value: str) -> Any:
        # A box cannot come here: changed on both sides, it is the same on both.
        choices = dict(getattr(self.fields[name], "choices", ()))
        return choices.get(value, value) or _("nothing")

    def _sent_back(self, name: str, value: str) -> str:
        """A value as a browser sends it back unasked: without outer space, in one line or many."""
        value = value.replace("\r", "").strip()
        several = isinstance(self.fields[name].widget, forms.Textarea)
        return value if several else value.replace("\n", "")

    def _posted(self, name: str) -> str:
        value = self.fields[name].widget.value_from_datadict(self.data, self.files, name)
        return _as_text(value)


def offer_too(field: Any, value: str, label: Any) -> None:
    """Has a choice offer an old value, however odd: a browser would choose another unasked."""
    if value not in dict(field.choices):
        field.choices = [(value, label), *field.choices]


def _is_box(field: forms.Field) -> bool:
    return isinstance(field, forms.BooleanField)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value).replace("\r\n", "\n")
