"""Links that are mailed: what must be kept for one to work once and not for long.

There may be no Django user yet, so a link belongs to a customer or to somebody who wants to be one.
"""

from __future__ import annotations

from typing import Any, Self

from django.db import models, router
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class _MailedLink(models.Model):
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    expires_at = models.DateTimeField(_("expires at"), db_index=True)
    used = models.BooleanField(_("used"), default=False)

    class Meta:
        abstract = True

    @classmethod
    def rows(cls) -> models.QuerySet[Self]:
        """All of them, where they are written: a copy may not know yet that one is used."""
        return cls._default_manager.using(router.db_for_write(cls))

    @classmethod
    def forget_expired(cls) -> None:
        """Deletes what can be of no use any more."""
        cls.rows().filter(expires_at__lte=timezone.now()).delete()

    def take(self) -> bool:
        """Uses the link up: True for one caller, however many try at the same moment."""
        mine = self._this().filter(used=False, expires_at__gt=timezone.now())
        return mine.update(used=True) == 1

    def give_back(self) -> None:
        """Makes the link work again, since nothing came of its use."""
        self._this().update(used=False)

    def _this(self) -> models.QuerySet[Any]:
        # By its fingerprint too: a newer link may have taken the row over.
        return type(self).rows().filter(pk=self.pk, fingerprint=self.fingerprint)


class ResetLink(_MailedLink):
    """The one link with which a customer may set a new password now; a new one replaces it."""

    client_code = models.CharField(_("client code"), max_length=32)
    customer_id = models.BigIntegerField(_("customer id"))
    address_fingerprint = models.CharField(
        _("fingerprint of the address"),
        max_length=64,
        help_text=_("Of the e-mail address that it was sent to, readable with the link alone."),
    )

    class Meta:
        verbose_name = _("link for a new password")
        verbose_name_plural = _("links for a new password")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["client_code", "customer_id"], name="erply_auth_one_reset_per_customer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.client_code}/{self.customer_id}"


class PendingRegistration(_MailedLink):
    """What somebody typed to become a customer, until they confirm their address or it expires.

    Erply knows nothing of it. It is deleted when it is confirmed.
    """

    client_code = models.CharField(_("client code"), max_length=32)
    username = models.CharField(_("user name"), max_length=255)
    email = models.CharField(_("e-mail"), max_length=255)
    first_name = models.CharField(_("first name"), max_length=255, blank=True)
    last_name = models.CharField(_("last name"), max_length=255, blank=True)
    company_name = models.CharField(_("company name"), max_length=255, blank=True)
    policy_version = models.CharField(_("policy version"), max_length=64, blank=True)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("pending registration")
        verbose_name_plural = _("pending registrations")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class PolicyAcceptance(models.Model):
    """Which version of the shop's policy a customer accepted when they registered, and when."""

    client_code = models.CharField(_("client code"), max_length=32)
    customer_id = models.BigIntegerField(_("customer id"), db_index=True)
    version = models.CharField(_("version"), max_length=64, blank=True)
    accepted_at = models.DateTimeField(_("accepted at"))

    class Meta:
        verbose_name = _("acceptance of the policy")
        verbose_name_plural = _("acceptances of the policy")
        default_permissions = ("view", "delete")

    def __str__(self) -> str:
        return f"{self.client_code}/{self.customer_id}: {self.version}"
