"""A member's data being erased: written before the first write to Erply, so that an erasure that
is cut short is known and finished later. It says who and how far, and nothing about them.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ErasurePlan(models.TextChoices):
    """What is to be done."""

    DELETE = "delete", _("delete the record")
    EMPTY = "empty", _("empty the record")
    REQUEST = "request", _("ask the shop")


class ErasureOutcome(models.TextChoices):
    """What became of it in Erply."""

    DELETED = "deleted", _("the record is deleted")
    EMPTIED = "emptied", _("the record is emptied")
    REQUESTED = "requested", _("the shop is asked")


class Erasure(models.Model):
    """A customer's erasure, the latest if there was more than one; under way until it is finished.

    Every step may be done twice, so whoever comes next takes it up where nobody knows how far it
    came.
    """

    client_code = models.CharField(_("client code"), max_length=32)
    customer_id = models.BigIntegerField(_("customer id"))
    plan = models.CharField(_("plan"), max_length=7, choices=ErasurePlan.choices)
    outcome = models.CharField(
        _("outcome"),
        max_length=9,
        choices=ErasureOutcome.choices,
        blank=True,
        help_text=_("Empty until Erply has done it."),
    )
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    notice_to = models.TextField(
        _("notice to"),
        blank=True,
        help_text=_("The e-mail addresses to be told at the end; forgotten when it is finished."),
    )

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["client_code", "customer_id"], name="erply_auth_one_erasure_per_customer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.client_code}/{self.customer_id}"
