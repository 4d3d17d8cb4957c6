"""Where members are logged in: the list that every request of a member's session is held against.

A row is known to its session by the row's own id. The table holds nothing of the session key, so
whoever reads it can become nobody.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..conf import get_settings
from .member import Member


def session_limits(remembered: bool) -> tuple[datetime.timedelta, datetime.timedelta]:
    """How long a session may be unused and how long it may last, by the settings in force now.

    Raises ErplyConfigurationError.
    """
    conf = get_settings()
    idle, longest = conf.session_idle_seconds, conf.session_max_seconds
    if remembered:
        idle, longest = conf.remember_idle_seconds, conf.remember_seconds
    return datetime.timedelta(seconds=idle), datetime.timedelta(seconds=longest)


class MemberSessionQuerySet(models.QuerySet["MemberSession"]):
    """Sessions, by whether their time is up."""

    def alive(self) -> MemberSessionQuerySet:
        """Those within their limits."""
        return self.exclude(_past())

    def old(self) -> MemberSessionQuerySet:
        """The others."""
        return self.filter(_past())


def _past() -> models.Q:
    now, past = timezone.now(), models.Q()
    for remembered in (False, True):
        idle, longest = session_limits(remembered)
        too_long = models.Q(last_seen__lte=now - idle) | models.Q(started__lte=now - longest)
        past |= models.Q(remembered=remembered) & too_long
    return past


class MemberSession(models.Model):
    """One device that a member has logged in with. Without its row, a session is nobody's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="sessions")
    device = models.CharField(
        _("device"),
        max_length=100,
        blank=True,
        help_text=_("Browser and system; empty where the browser did not say."),
    )
    remembered = models.BooleanField(_("stay logged in"), default=False)
    started = models.DateTimeField(_("started"), default=timezone.now)
    last_seen = models.DateTimeField(_("last seen"), default=timezone.now)

    objects = MemberSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("member's session")
        verbose_name_plural = _("members' sessions")
        ordering = ["-last_seen"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
