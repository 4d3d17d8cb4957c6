"""`manage.py erply_sync_members`: one pass over all linked members, in bulk requests."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFailure

from erply_auth.conf import ErplyConfigurationError
from erply_auth.erply.errors import ErplyError
from erply_auth.outages import remedy
from erply_auth.processing import LogUnavailable
from erply_auth.services.sync import Doubted, Report, sync_members

REFUSED = 2


class Command(BaseCommand):
    """Names nobody: what it prints may stand in any log."""

    help = "Brings members' names and groups up to date and closes those gone in Erply."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line; what was updated before something went wrong stays so."""
        report, trouble = Report(), ""
        try:
            sync_members(report)
        except ErplyConfigurationError as error:
            raise CommandError(str(error)) from error
        except ErplyError as error:
            trouble = f"{error}: {remedy(error)}"
        except Doubted as error:
            trouble = f"{error}: see what Erply answers, then run this again"
        except (LogUnavailable, DatabaseFailure) as error:
            cause = error.__cause__ or error
            trouble = f"the database refused ({type(cause).__name__})"
        self.stdout.write(
            f"Members checked: {report.checked}, updated: {report.updated}, closed: {report.closed}"
        )
        if trouble:
            raise CommandError(f"Nobody was closed: {trouble}", returncode=REFUSED)
