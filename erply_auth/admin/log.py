"""The operator's view of the processing log: narrowed, looked at, exported, never changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from ..models import ErplyState, Outcome, ProcessingEntry
from ..processing import MEMBER, VISITOR, Purpose
from ..services import log_export
from .base import ReadOnlyAdmin


class _Filter(admin.SimpleListFilter):
    """One of a few known values. Django's own filters would first look for all in the log."""

    options: ClassVar[Iterable[tuple[str, Any]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The values."""
        return self.options

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The entries that have the chosen value; all where it is none."""
        value = self.value()
        known = value in dict(self.options)
        return queryset.filter(self.chosen(str(value))) if known else queryset

    def chosen(self, value: str) -> Q:
        """The condition."""
        return Q(**{str(self.parameter_name): value})


class PurposeFilter(_Filter):
    """Why."""

    title = _("purpose")
    parameter_name = "purpose"
    options = tuple((value, value) for value in Purpose.values)


class OutcomeFilter(_Filter):
    """How it ended; an entry without an outcome is of a process that died."""

    title = _("outcome")
    parameter_name = "outcome"
    options = Outcome.choices


class ErplyStateFilter(_Filter):
    """What Erply's own log knows."""

    title = _("state in Erply's log")
    parameter_name = "erply_state"
    options = ErplyState.choices


class ActorFilter(_Filter):
    """Who, by kind."""

    title = _("actor")
    parameter_name = "actor_kind"
    options = (
        (MEMBER, _("the customer")),
        ("other", _("another customer")),
        ("staff", _("staff")),
        ("command", _("a command")),
        (VISITOR, _("a visitor")),
    )

    def chosen(self, value: str) -> Q:
        """The actor, or how it begins where it says which one."""
        if value in (MEMBER, VISITOR):
            return Q(actor=value)
        kind = MEMBER if value == "other" else value
        return Q(actor__startswith=f"{kind}:")


@admin.register(ProcessingEntry)
class ProcessingEntryAdmin(ReadOnlyAdmin):
    """Every touch of personal data, newest first. Nobody deletes any of it here.

    Looking at it and exporting it has no entry: it holds ids and names of fields, no personal data.
    """

    list_display = ("at", "customer_id", "activity", "purpose", "actor", "outcome", "fields_read")
    list_filter = ("activity", PurposeFilter, OutcomeFilter, ErplyStateFilter, ActorFilter)
    date_hierarchy = "at"
    search_fields = ("=customer_id",)
    search_help_text = _("The whole customer number.")
    ordering = ("-pk",)
    show_full_result_count = False
    actions = ("export_csv", "export_json")
    change_list_template = "erply_auth/admin/log.html"
    fields = (
        *("id", "at", "client_code", "customer_id", "activity", "fields_read", "purpose", "actor"),
        *("outcome", "erply_state"),
    )
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProcessingEntry]:
        """Entries with their outcomes."""
        return ProcessingEntry.objects.all()

    def get_urls(self) -> list[URLPattern]:
        """The export of all that the list is narrowed to."""
        view = self.admin_site.admin_view(self.export_all)
        name = "erply_auth_processingentry_export"
        return [path("export/<str:kind>/", view, name=name), *super().get_urls()]

    def export_all(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """Everything that the list shows with these filters, on all its pages."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if kind not in log_export.KINDS:
            raise Http404
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise Http404 from error
        return _download(shown.get_queryset(request), kind)

    @admin.action(description=_("Export as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        """The chosen entries."""
        return _download(queryset, "csv")

    @admin.action(description=_("Export as JSON"), permissions=["view"])
    def export_json(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        """The chosen entries."""
        return _download(queryset, "json")

    @admin.display(description=_("outcome"))
    def outcome(self, entry: Any) -> str:
        """How it ended."""
        return str(entry.outcome)

    @admin.display(description=_("state in Erply's log"))
    def erply_state(self, entry: Any) -> str:
        """What Erply's own log knows of it."""
        return str(entry.erply_state)

    @admin.display(description=_("fields"))
    def fields_read(self, entry: ProcessingEntry) -> str:
        """Which fields."""
        return entry.fields.replace(",", ", ")


def _download(entries: QuerySet[Any], kind: str) -> HttpResponseBase:
    """The entries, oldest first, sent as they are read: a log of years does not fit into memory."""
    answer = StreamingHttpResponse(
        log_export.lines(entries, kind), content_type=log_export.KINDS[kind]
    )
    answer["Content-Disposition"] = f'attachment; filename="processing-log.{kind}"'
    answer["Cache-Control"] = "no-store, private"
    return answer
