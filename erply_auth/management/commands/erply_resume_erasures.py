"""`manage.py erply_resume_erasures`: finishes deletions of accounts that were cut short."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFailure

from erply_auth.conf import ErplyConfigurationError
from erply_auth.erply.errors import ErplyUnavailable
from erply_auth.outages import remedy
from erply_auth.processing import LogUnavailable
from erply_auth.services import erasure

ACTOR = "command:erply_resume_erasures"


class Command(BaseCommand):
    """Each one is tried, whatever becomes of the others; twice is as good as once."""

    help = "Finishes the deletions of members' accounts that were begun and cut short."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """A line for each; an error where any is still unfinished."""
        left = 0
        try:
            for begun in erasure.all_unfinished():
                left += not self._is_finished(begun)
        except (ErplyConfigurationError, DatabaseFailure, LogUnavailable) as error:
            raise CommandError(str(error) or "The processing log cannot be written.") from error
        if left:
            raise CommandError(f"Unfinished: {left}. They are tried again next time.")

    def _is_finished(self, begun: Any) -> bool:
        try:
            erasure.finish(begun, ACTOR)
        except ErplyUnavailable as error:
            self.stdout.write(f"Customer {begun.customer_id}: {error}: {remedy(error)}")
            return False
        self.stdout.write(f"Customer {begun.customer_id}: {begun.outcome}")
        return True
