"""The processing log: entries and their outcomes, written once. Field names only, never a value."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ..conf import ErplyConfigurationError, get_settings
from .seals import ProcessingSeal


class Immutable(TypeError):
    """The processing log is evidence: it is written once and neither changed nor deleted."""


class _WriteOnce(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Inserts. Raises Immutable for a row that exists."""
        if not self._state.adding:
            raise Immutable
        # Without it Django would overwrite the row that a new object's id already names.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises Immutable."""
        raise Immutable


class WriteOnceQuerySet(models.QuerySet[Any]):
    """Reads and inserts, nothing else."""

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Inserts. Raises Immutable for an insert that would update what exists."""
        if any(args[3:]) or kwargs.get("update_conflicts"):
            raise Immutable
        return super().bulk_create(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """Raises Immutable."""
        raise Immutable

    def prune(self) -> int:
        """Deletes for good what has been sealed; how many rows. For `verification.prune` alone."""
        return self._raw_delete(self.db)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Raises Immutable."""
        raise Immutable


class Outcome(models.TextChoices):
    """How a processing ended. An entry without an outcome is of a process that died: unknown."""

    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("unknown")


class Activity(models.TextChoices):
    """What was done, said of the thing touched."""

    CREATE = "create", _("create")
    READ = "read", _("read")
    UPDATE = "update", _("update")
    DELETE = "delete", _("delete")


class ErplyState(models.TextChoices):
    """What Erply's own log knows of an entry."""

    WAITING = "waiting", _("waiting")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed, will be tried again")
    NOT_NEEDED = "not_needed", _("not needed")
    NOT_APPLICABLE = "not_applicable", _("not applicable")


# What is created, updated or deleted over the classic API, Erply logs by itself, and of a change
# that failed there is nothing to tell. A search names nobody whom Erply could be told of.
_UNKNOWN_TO_ERPLY = {
    "none": models.Q(pk__in=[]),
    "reads": models.Q(activity="read", customer_id__isnull=False),
    "all": models.Q(customer_id__isnull=False)
    & (
        models.Q(activity="read")
        | models.Q(outcome_row__api="crm", outcome_row__outcome="done")
        | models.Q(outcome_row__isnull=True)
    ),
}


def to_be_delivered() -> models.Q:
    """Which entries Erply must be told of, by the settings and the entries' outcomes."""
    try:
        return _UNKNOWN_TO_ERPLY[get_settings().log_delivery]
    except ErplyConfigurationError:  # E001 tells; the log can be read all the same.
        return _UNKNOWN_TO_ERPLY["all"]


class ProcessingLog(models.Manager["ProcessingEntry"]):
    """Entries with their `outcome` and `erply_state`, which live outside the entry itself."""

    def get_queryset(self) -> models.QuerySet[ProcessingEntry]:
        """All entries, annotated."""
        entries: models.QuerySet[ProcessingEntry] = WriteOnceQuerySet(self.model, using=self._db)
        # What has been sealed without being queued was not needed then and never will be.
        sealed = ProcessingSeal.objects.order_by("-number").values("last_id")[:1]
        waiting = to_be_delivered() & models.Q(
            pk__gt=Coalesce(models.Subquery(sealed), models.Value(0))
        )
        return entries.annotate(
            outcome=Coalesce("outcome_row__outcome", models.Value(Outcome.UNKNOWN.value)),
            erply_state=Coalesce(
                "delivery__state",
                models.Case(
                    models.When(waiting, then=models.Value(ErplyState.WAITING.value)),
                    default=models.Value(ErplyState.NOT_NEEDED.value),
                ),
            ),
        )


class ProcessingEntry(_WriteOnce):
    """One touch of a customer's personal data: what, whose, why, by whom. Never a value."""

    uid = models.UUIDField(
        _("unique id"), default=uuid.uuid4, unique=True, help_text=_("So that no two are alike.")
    )
    at = models.DateTimeField(_("at"), db_index=True)
    client_code = models.CharField(_("client code"), max_length=32)
    customer_id = models.BigIntegerField(
        _("customer id"),
        null=True,
        blank=True,
        db_index=True,
        help_text=_("Empty for a search, which names nobody yet."),
    )
    activity = models.CharField(_("activity"), max_length=6, choices=Activity.choices)
    fields = models.CharField(
        _("fields"), max_length=255, help_text=_("Erply's names of the fields, with commas.")
    )
    purpose = models.CharField(_("purpose"), max_length=255)
    actor = models.CharField(_("actor"), max_length=100)
    request_id = models.CharField(
        _("request"), max_length=64, blank=True, help_text=_("What a request did stands together.")
    )
    mac = models.CharField(
        _("authentication code"),
        max_length=64,
        help_text=_("HMAC-SHA256 of all of the above under ERPLY_AUTH['LOG_KEY']."),
    )

    objects = ProcessingLog()
    rows = models.Manager.from_queryset(WriteOnceQuerySet)()

    class Meta:
        verbose_name = _("processing entry")
        verbose_name_plural = _("processing log")
        ordering = ["pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.pk}: {self.activity} {self.customer_id}"


class ProcessingOutcome(_WriteOnce):
    """How an entry's processing ended; a row of its own, so that the entry never changes."""

    entry = models.OneToOneField(
        ProcessingEntry, on_delete=models.PROTECT, primary_key=True, related_name="outcome_row"
    )
    outcome = models.CharField(_("outcome"), max_length=7, choices=Outcome.choices)
    api = models.CharField(
        _("API"),
        max_length=7,
        blank=True,
        help_text=_("Which of Erply's APIs a change was sent to; empty where none was."),
    )
    at = models.DateTimeField(_("at"))
    mac = models.CharField(_("authentication code"), max_length=64)

    objects = models.Manager.from_queryset(WriteOnceQuerySet)()

    class Meta:
        verbose_name = _("processing outcome")
        verbose_name_plural = _("processing outcomes")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}: {self.outcome}"
