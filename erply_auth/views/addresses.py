"""The address book's pages. Whose address it is, the service decides, each time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from .. import countries
from ..erply.records import AddressType
from ..forms.address import AddressDeleteForm, AddressForm, new_address_values
from ..forms.base import opened_values
from ..outages import OUTAGES
from ..processing import address_types
from ..services import addresses
from ..services.profile import ChangedMeanwhile
from .base import FormView, MemberView

_LONGEST_ID = 19
_AS_CHOSEN: Any = _("as you chose")


class AddressesView(MemberView):
    """The list."""

    template_name = "erply_auth/addresses.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds `book`, an addresses.AddressBook, and `may_edit`."""
        book = addresses.show(self.member)
        may_edit = addresses.may_edit(self.member)
        return super().get_context_data(book=book, may_edit=may_edit, **kwargs)


class _EditingView(FormView):
    success_url_name = "erply_auth:addresses"

    def show(self, form: Any, status: int = 200, **context: Any) -> HttpResponse:
        """The page; `address_id` tells an address to edit from a new one."""
        address_id = self.kwargs.get("address_id")
        return super().show(form, status, address_id=address_id, **context)

    @property
    def record(self) -> str:
        """Whose form it is: no other address's values pass for this one's."""
        return f"address:{self.member}/{self.kwargs.get('address_id', 'new')}"

    @staticmethod
    def types() -> tuple[AddressType, ...]:
        """What addresses can be for, in the member's language."""
        return address_types(get_language() or "en")


class AddressAddView(_EditingView):
    """A new address."""

    template_name = "erply_auth/address_form.html"
    success_message = _("The address is in your address book.")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The empty form."""
        addresses.refuse_viewers(self.member)
        return self.show(self._form(None))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Adds it."""
        addresses.refuse_viewers(self.member)
        try:
            form = self._form(request)
        except OUTAGES as error:
            return self.show_unavailable(_as_posted(request), error)
        return self.process(form)

    def save(self, form: Any) -> None:
        """Hands all values to the service."""
        try:
            addresses.add(self.member, form.values)
        except addresses.AlreadyThere:
            form.add_error(None, _("This address is in your address book already."))

    def _form(self, request: HttpRequest | None) -> AddressForm:
        types = self.types()
        data = request.POST if request else None
        seen = new_address_values(types)
        return AddressForm(data, record=self.record, seen=seen, types=types)


class AddressEditView(_EditingView):
    """An address that is there."""

    template_name = "erply_auth/address_form.html"

    def get(self, request: HttpRequest, address_id: int, **kwargs: Any) -> HttpResponse:
        """The form, opened on the address as Erply has it now."""
        seen = addresses.values_of(addresses.read(self.member, address_id))
        return self.show(self._form(None, seen))

    def post(self, request: HttpRequest, address_id: int, **kwargs: Any) -> HttpResponse:
        """Saves what was changed, and nothing else."""
        addresses.refuse_viewers(self.member)
        seen = opened_values(request.POST, self.record)
        try:
            if seen is None:
                seen = addresses.values_of(addresses.read(self.member, address_id))
            form = self._form(request, seen)
        except OUTAGES as error:
            return self.show_unavailable(_as_posted(request, self.record, seen), error)
        return self.process(form)

    def save(self, form: Any) -> None:
        """Hands the changes to the service."""
        try:
            addresses.save(self.member, self.kwargs["address_id"], form.seen, form.changes)
        except ChangedMeanwhile as conflict:
            form.show_conflict(conflict.fields, conflict.values)

    def is_changed(self, form: Any) -> bool:
        """Whether a field has another value than it was opened on."""
        return bool(form.changes)

    def _form(self, request: HttpRequest | None, seen: dict[str, str]) -> AddressForm:
        data = request.POST if request else None
        return AddressForm(data, record=self.record, seen=seen, types=self.types())


class AddressDeleteView(_EditingView):
    """Asks first; GET changes nothing."""

    template_name = "erply_auth/address_delete.html"
    success_message = _("The address is removed.")

    def get(self, request: HttpRequest, address_id: int, **kwargs: Any) -> HttpResponse:
        """The question, with the address in it."""
        seen = addresses.values_of(addresses.read(self.member, address_id))
        return self.show(AddressDeleteForm(record=self.record, seen=seen))

    def post(self, request: HttpRequest, address_id: int, **kwargs: Any) -> HttpResponse:
        """Removes it."""
        seen = opened_values(request.POST, self.record) or {}
        return self.process(AddressDeleteForm(request.POST, record=self.record, seen=seen))

    def show(self, form: Any, status: int = 200, **context: Any) -> HttpResponse:
        """The page; `address` are the values that it asks about, empty if nobody knows."""
        address = dict(form.seen)
        code = address.get("country", "")
        if code:
            address["country"] = countries.names(get_language() or "en").get(code, code)
        return super().show(form, status, address=address, **context)

    def save(self, form: Any) -> None:
        """Hands the id to the service."""
        try:
            addresses.delete(self.member, self.kwargs["address_id"], form.seen)
        except ChangedMeanwhile as conflict:
            form.show_conflict((), conflict.values)
            form.add_error(None, _("This address was changed meanwhile. It is now as you see it."))


def _as_posted(
    request: HttpRequest, record: str = "", seen: dict[str, str] | None = None
) -> AddressForm:
    """The form as it was sent, when not even the types can be read."""
    if seen is None:
        record, seen = "", {name: "" for name in AddressForm.base_fields if name in request.POST}
    chosen = request.POST.get("type_id", "")
    is_id = chosen.isascii() and chosen.isdecimal() and len(chosen) < _LONGEST_ID
    types = [AddressType(int(chosen), _AS_CHOSEN, in_use=True)] if is_id else []
    return AddressForm(request.POST, record=record, seen=seen, types=types)
