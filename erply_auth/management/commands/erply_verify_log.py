"""`manage.py erply_verify_log`: proves the processing log untouched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from erply_auth import sealing, verification
from erply_auth.conf import ErplyConfigurationError
from erply_auth.verification import ExportedSeal

_MAC = re.compile(r"[0-9a-f]{64}")


class Command(BaseCommand):
    """Says that all is well, or names the first thing that is not."""

    help = (
        "Proves that no entry of the processing log was changed, removed, inserted or reordered, "
        "and seals what is final."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--seal`, `--export`."""
        parser.add_argument(
            "--seal", metavar="FILE", help="an exported seal, which must still be in the log"
        )
        parser.add_argument(
            "--export", metavar="FILE", help="write the newest seal there, to be kept elsewhere"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with 1 and the first bad entry."""
        exported = _read(Path(options["seal"])) if options["seal"] else None
        try:
            found = verification.verify(exported)
            sealed = sealing.seal()
        except (sealing.Tampered, ErplyConfigurationError) as error:
            raise CommandError(str(error)) from error
        pruned = f", {found.pruned} of them of pruned entries" if found.pruned else ""
        self.stdout.write(
            f"Untouched: {found.entries} entries, {max(0, found.unsealed - sealed)} of them not "
            f"sealed yet; {found.seals} seals{pruned}."
        )
        if options["export"]:
            _write(Path(options["export"]))


def _write(path: Path) -> None:
    newest = sealing.newest()
    if newest is None:
        raise CommandError("There is no seal to export yet.")
    seal = {"number": newest.number, "mac": newest.mac}
    try:
        path.write_text(json.dumps(seal) + "\n", encoding="ascii")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def _read(path: Path) -> ExportedSeal:
    try:
        content = json.loads(path.read_text(encoding="ascii"))
        number, mac = content["number"], content["mac"]
        if type(number) is int and number > 0 and _MAC.fullmatch(mac):
            return ExportedSeal(number, mac)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise CommandError(f"{path} is not an exported seal.")
