"""What Erply's own log has been told: a table of its own, since an entry never changes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .log import ErplyState, ProcessingEntry


class ProcessingDelivery(models.Model):
    """An entry on its way to Erply's log.

    Whoever delivers it holds a lease on it, so that no other does so at the same time.
    """

    STATES = tuple(choice for choice in ErplyState.choices if choice[0] != ErplyState.NOT_NEEDED)
    UNDELIVERED = (ErplyState.WAITING.value, ErplyState.FAILED.value)

    entry = models.OneToOneField(
        ProcessingEntry, on_delete=models.PROTECT, primary_key=True, related_name="delivery"
    )
    state = models.CharField(_("state"), max_length=14, choices=STATES, default=ErplyState.WAITING)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    refusals = models.PositiveIntegerField(
        _("refusals"), default=0, help_text=_("How many tries Erply itself refused.")
    )
    tried_at = models.DateTimeField(_("last tried at"), null=True, blank=True)
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=100, blank=True)
    lease = models.UUIDField(_("lease"), null=True, blank=True)
    leased_until = models.DateTimeField(_("leased until"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery to Erply")
        verbose_name_plural = _("deliveries to Erply")
        default_permissions = ()
        indexes = [
            models.Index(fields=["state", "entry"], name="erply_auth_delivery_state"),
            models.Index(fields=["lease"], name="erply_auth_delivery_lease"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.state}"
