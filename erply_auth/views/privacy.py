"""The member's rights: the log of their data, a copy of all of it, and its deletion."""

from __future__ import annotations

from typing import IO, Any, cast

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from ..conf import get_settings
from ..erply.errors import CredentialsRejected
from ..forms.privacy import EraseForm, PasswordForm
from ..models import Erasure, ErasureOutcome
from ..outages import Outage, announce
from ..services import erasure, export, privacy
from .base import FormView, MemberView, retry_later

_LONGEST_ID = 19
_WRONG_PASSWORD = _("This is not your current password.")
_TOLD = {
    ErasureOutcome.DELETED: _(
        "Your customer record is deleted, with all that was in it, and you are logged out."
    ),
    ErasureOutcome.EMPTIED: _(
        "Your account is closed and you are logged out. Your record had to stay, but your name, "
        "contact details, other personal details and addresses have been removed from it."
    ),
}


class PrivacyView(MemberView):
    """The member's processing log in plain words, and what they can ask for."""

    template_name = "erply_auth/privacy.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds `history`, a privacy.History, and the shop's address for such questions."""
        asked = self.request.GET.get("before", "")
        is_id = asked.isascii() and asked.isdecimal() and len(asked) < _LONGEST_ID
        before = int(asked) if is_id else None
        return super().get_context_data(
            history=privacy.history(self.member, before),
            before=before,
            privacy_email=get_settings().privacy_email,
            **kwargs,
        )


class ExportView(FormView):
    """The password, then everything in one file."""

    template_name = "erply_auth/export_data.html"
    archive: IO[bytes]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The question for the password."""
        return self.show(PasswordForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The download."""
        return self.process(PasswordForm(request.POST))

    def save(self, form: Any) -> None:
        """Has the archive made; nothing is changed."""
        try:
            self.archive = export.make(self.member, form.cleaned_data["password"])
        except CredentialsRejected:
            form.add_error("password", _WRONG_PASSWORD)

    def succeed(self, message: Any) -> HttpResponse:
        """Hands it over."""
        answer = FileResponse(
            self.archive, as_attachment=True, filename="my-data.zip", content_type="application/zip"
        )
        return cast(HttpResponse, answer)  # All that is done with it holds for both.


class DeleteAccountView(FormView):
    """What a deletion would do, and the password; then it is done, or the shop is asked."""

    template_name = "erply_auth/delete_account.html"
    done: Erasure
    planned: erasure.Planned | None = None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What would happen."""
        if erasure.unfinished(self.member):
            return self._show_unfinished()
        return self._tell()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Does it, unless it is not what the member was told."""
        finishing = erasure.unfinished(self.member) is not None
        try:
            return self.process(EraseForm(request.POST, finishing=finishing))
        except erasure.PlanChanged:
            return self._tell(changed=True)

    def save(self, form: Any) -> None:
        """Hands the password to the service."""
        given = form.cleaned_data
        try:
            self.done = erasure.erase(self.member, given.get("password", ""), given.get("told", ""))
        except erasure.NotProven as refusal:
            self.planned = refusal.planned
            form.add_error("password", _WRONG_PASSWORD)
        except erasure.RequestNotSent:
            error = _("Your request could not be sent just now. Please try again.")
            form.add_error(None, ValidationError(error, code="not_sent"))

    def show(self, form: Any, status: int = 200, **context: Any) -> HttpResponse:
        """The page, which says again what the form was told."""
        if form.is_bound and form.has_error("__all__", "not_sent"):
            status = 503
        told = form["told"].value() if "told" in form.fields else ""
        said = {
            "plan": told,
            "planned": self.planned,
            "privacy_email": get_settings().privacy_email,
        }
        return super().show(form, status, **{**said, **context})

    def show_unavailable(self, form: Any, error: Outage) -> HttpResponse:
        """What has begun says so; otherwise nothing has happened, and the form is filled in."""
        if erasure.unfinished(self.member) is None:
            return super().show_unavailable(form, error)
        announce(error, type(self), self.request)
        return retry_later(self._show_unfinished(status=503))

    def _tell(self, *, changed: bool = False) -> HttpResponse:
        planned = erasure.plan(self.member)
        return self.show(EraseForm(told=planned.plan), planned=planned, changed=changed)

    def _show_unfinished(self, status: int = 200) -> HttpResponse:
        return self.show(EraseForm(finishing=True), status, unfinished=True)

    def succeed(self, message: Any) -> HttpResponse:
        """To the log-in page after a deletion; a request leaves the member where they were."""
        if self.done.outcome == ErasureOutcome.REQUESTED:
            sent = _("Your request is noted, and the shop has been told. It will answer you.")
            noted = _("Your request is noted. Please also contact the shop yourself.")
            told = sent if get_settings().privacy_email else noted
            messages.success(self.request, told, fail_silently=True)
            return redirect("erply_auth:privacy")
        logout(self.request)
        told = _TOLD[ErasureOutcome(self.done.outcome)]
        messages.success(self.request, told, fail_silently=True)
        return redirect("erply_auth:login")
