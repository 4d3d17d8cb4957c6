"""The processing log's seals: each proves a batch of entries and the seal before it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProcessingSeal(models.Model):
    """A batch of entries whose outcomes are final, proved as a whole.

    It outlives its entries: once they are pruned, it is the tombstone that still verifies.
    """

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    sealed_at = models.DateTimeField(_("sealed at"))
    ids = models.TextField(_("entries"), help_text=_("Their ids, such as 1-40,42."))
    last_id = models.BigIntegerField(_("last entry"))
    newest_at = models.DateTimeField(_("newest entry at"))
    digest = models.CharField(
        _("digest"), max_length=64, help_text=_("SHA-256 of the entries and their outcomes.")
    )
    hints = models.TextField(
        _("hints"), help_text=_("Four digits for each entry, to name the one that is wrong.")
    )
    previous_mac = models.CharField(_("code of the seal before"), max_length=64, blank=True)
    mac = models.CharField(_("authentication code"), max_length=64)
    pruned_at = models.DateTimeField(_("pruned at"), null=True, blank=True)
    pruned_mac = models.CharField(_("code of the pruning"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("seal of the processing log")
        verbose_name_plural = _("seals of the processing log")
        ordering = ["number"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.number}: {self.ids}"
