"""Whose user is which customer, and the mirrored groups.

No personal value is stored but the member's name and user name, to be told apart in the admin.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _


class Member(models.Model):
    """A customer of an Erply account and their Django user.

    A customer is the account's client code and the customer id, never a name or an e-mail address.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="erply_member"
    )
    client_code = models.CharField(_("client code"), max_length=32)
    customer_id = models.BigIntegerField(_("customer id"))
    company_id = models.BigIntegerField(
        _("employer's customer id"),
        default=0,
        help_text=_("Set where the customer is a company's contact person, else 0."),
    )
    name = models.CharField(_("name"), max_length=255, blank=True)
    username = models.CharField(_("web-shop user name"), max_length=255, blank=True)
    group_id = models.BigIntegerField(_("Erply group id"), default=0)
    group_name = models.CharField(_("Erply group"), max_length=255, blank=True)
    group_path = models.JSONField(
        _("Erply groups"),
        default=list,
        blank=True,
        help_text=_("[id, name] of the group and, where the settings say so, of those above it."),
    )
    card_version = models.PositiveBigIntegerField(
        _("card version"),
        default=0,
        help_text=_("Raised with every change; what was read before it is shown no more."),
    )
    linked_at = models.DateTimeField(_("linked at"), auto_now_add=True)
    closed_at = models.DateTimeField(
        _("closed at"),
        null=True,
        blank=True,
        help_text=_("A closed member cannot log in; their sessions have ended."),
    )

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(
                fields=["client_code", "customer_id"], name="erply_auth_one_user_per_customer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.client_code}/{self.customer_id}"

    @property
    def is_contact_person(self) -> bool:
        """Whether the member acts for a company."""
        return self.company_id != 0

    def in_groups(self, groups: tuple[int | str, ...]) -> bool:
        """Whether one of the groups, each an Erply id or exact name, is the member's own or, where
        the settings count those above it, above it. No groups: no."""
        if isinstance(groups, str):
            raise TypeError("groups must be a list: a string would mean the groups of each letter")
        mine = {key for pair in self.group_path for key in pair}
        return any(group in mine for group in groups if group != "")


class MirroredGroup(models.Model):
    """An Erply customer group and the Django group that mirrors it.

    The pair is found by id: a host's group that happens to have the name is never adopted.
    """

    client_code = models.CharField(_("client code"), max_length=32)
    erply_id = models.BigIntegerField(_("Erply group id"))
    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="erply_group")

    class Meta:
        verbose_name = _("mirrored group")
        verbose_name_plural = _("mirrored groups")
        constraints = [
            models.UniqueConstraint(
                fields=["client_code", "erply_id"], name="erply_auth_one_group_per_erply_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.client_code}/{self.erply_id}"
