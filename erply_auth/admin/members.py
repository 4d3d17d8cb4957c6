"""The operator's view of members, accepted policies, and accounts being deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .. import processing
from ..erply.errors import ErplyError
from ..erply.records import with_depth
from ..models import Erasure, Member, PolicyAcceptance
from .base import ReadOnlyAdmin


class ErplyGroupFilter(admin.SimpleListFilter):
    """The Erply group, from a drop-down that shows the tree; without Erply, from a plain list."""

    title = _("Erply group")
    parameter_name = "group"
    template = "erply_auth/admin/drop_down_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """Erply's groups, or those that the members have where Erply cannot tell."""
        try:
            groups = [(g.group_id, depth, g.name) for depth, g in with_depth(processing.groups())]
        except ErplyError:
            had = Member.objects.exclude(group_id=0).order_by("group_name", "group_id")
            names = dict(had.values_list("group_id", "group_name"))
            groups = [(group_id, 0, name) for group_id, name in names.items()]
        # Browsers drop plain spaces in front of an option.
        return [(str(group_id), "\u00a0" * 4 * depth + name) for group_id, depth, name in groups]

    def has_output(self) -> bool:
        """Even with a single group, which a member need not be in."""
        return bool(self.lookup_choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Members whose own group it is."""
        chosen = dict(self.lookup_choices).keys() & {self.value()}
        return queryset.filter(group_id=int(*chosen)) if chosen else queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """The options; the first one, for all, brings along what else the list is narrowed by."""
        yield {
            "display": _("All"),
            "value": "",
            "selected": not self.value(),
            "others": [pair for pair in changelist.params.items() if pair[0] != "group"],
        }
        for value, display in self.lookup_choices:
            yield {"display": display, "value": value, "selected": self.value() == value}


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    """Who is linked to which customer. Names and groups are Erply's: they are changed there.

    A link can be deleted, with its user or alone; the customer's next log-in makes a new one.
    """

    list_display = ("name", "customer_id", "group_name", "client_code", "is_open", "linked_at")
    list_filter = ("client_code", ErplyGroupFilter, ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("=customer_id", "name", "username")
    ordering = ("-linked_at",)
    list_select_related = ("user",)

    @admin.display(boolean=True, description=_("can log in"))
    def is_open(self, member: Member) -> bool:
        """Neither closed nor inactive."""
        return member.closed_at is None and member.user.is_active


@admin.register(PolicyAcceptance)
class PolicyAcceptanceAdmin(ReadOnlyAdmin):
    """Who has accepted which version of the shop's policy, and when."""

    list_display = ("accepted_at", "customer_id", "version", "client_code")
    list_filter = ("version",)
    search_fields = ("=customer_id",)
    ordering = ("-accepted_at",)


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """Who had their account deleted, whose deletion is still under way, and who asks the shop."""

    list_display = ("customer_id", "client_code", "plan", "outcome", "started_at", "finished_at")
    list_filter = ("outcome", ("finished_at", admin.EmptyFieldListFilter))
    search_fields = ("=customer_id",)
    ordering = ("-started_at",)
    fields = ("client_code", "customer_id", "plan", "outcome", "started_at", "finished_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: what is under way would be forgotten."""
        return False
