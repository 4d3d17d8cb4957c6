"""The member's own record: overview, and the profile with its form."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ..erply.errors import CredentialsRejected
from ..forms.base import opened_values
from ..forms.profile import ProfileForm
from ..outages import OUTAGES
from ..processing import Purpose
from ..services import cards, profile
from .base import FormView, MemberView


class OverviewView(MemberView):
    """The first page after log-in: who, which group, what balance."""

    template_name = "erply_auth/overview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds `shown`, a cards.ShownCard, and its `card`."""
        shown = cards.show(self.member, Purpose.OVERVIEW)
        return super().get_context_data(shown=shown, card=shown.card, **kwargs)


class ProfileView(FormView):
    """All that the shop knows about the member, and the form for what they may change."""

    template_name = "erply_auth/profile.html"
    success_url_name = "erply_auth:profile"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The profile as Erply has it now."""
        card = cards.read(self.member, Purpose.PROFILE)
        seen = profile.values_of(card.customer)
        return self.show(ProfileForm(record=self._record, seen=seen), card=card)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Saves what was changed, and nothing else."""
        seen = opened_values(request.POST, self._record)
        if seen is None:
            try:
                card = cards.read(self.member, Purpose.PROFILE)
            except OUTAGES as error:
                posted = {name: "" for name in ProfileForm.base_fields if name in request.POST}
                form = ProfileForm(request.POST, record="", seen=posted)
                return self.show_unavailable(form, error)
            seen = profile.values_of(card.customer)
        return self.process(ProfileForm(request.POST, record=self._record, seen=seen))

    def save(self, form: Any) -> None:
        """Hands the changes to the service."""
        password = form.cleaned_data["current_password"]
        try:
            profile.save(self.member, form.seen, form.changes, password)
        except CredentialsRejected:
            form.add_error("current_password", _("This is not your current password."))
        except profile.ChangedMeanwhile as conflict:
            form.show_conflict(conflict.fields, conflict.values)

    def is_changed(self, form: Any) -> bool:
        """Whether a field has another value than it was opened on."""
        return bool(form.changes)

    @property
    def _record(self) -> str:
        return f"profile:{self.member}"
