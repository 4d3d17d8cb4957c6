"""`manage.py erply_prune_log`: removes what need not be kept any longer, provably."""

from __future__ import annotations

import argparse
import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from erply_auth import sealing, verification
from erply_auth.conf import ErplyConfigurationError


class Command(BaseCommand):
    """Whole sealed batches go; their seals stay and still verify."""

    help = "Removes sealed batches of the processing log that are older, and leaves their seals."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--older-than`."""
        parser.add_argument(
            "--older-than", type=_days, required=True, metavar="DAYS", help="the age in days"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with 1, and removes nothing, where the log has been tampered with."""
        before = timezone.now() - datetime.timedelta(days=options["older_than"])
        try:
            sealing.seal()
            pruned = verification.prune(before)
        except (sealing.Tampered, ErplyConfigurationError) as error:
            raise CommandError(f"Nothing was removed. {error}") from error
        self.stdout.write(f"Removed {pruned.entries} entries of {pruned.seals} sealed batches.")
        if pruned.waiting:
            self.stdout.write(
                f"The batch of entries {pruned.kept} stays, and so does all after it: Erply has "
                f"not been told of {pruned.waiting} of its entries; erply_deliver_log tells it."
            )


def _days(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or int(value) > 36500:
        raise argparse.ArgumentTypeError("a whole number of days is needed, 36500 at most")
    return int(value)
