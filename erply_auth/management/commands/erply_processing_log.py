"""`manage.py erply_processing_log`: the local processing log, oldest first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from erply_auth.models import ProcessingEntry
from erply_auth.services import log_export


class Command(BaseCommand):
    """Prints the log as one JSON array or as CSV."""

    help = "Prints the processing log, oldest first: who touched which customer's data, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--format`."""
        parser.add_argument("--format", choices=("json", "csv"), default="json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes entry by entry: a log of years does not fit into memory."""
        for line in log_export.lines(ProcessingEntry.objects.all(), options["format"]):
            self.stdout.write(line, ending="")
