"""`manage.py erply_setup`: the members' customer group, made in Erply where it is missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from erply_auth import connection
from erply_auth.conf import ErplyConfigurationError, get_settings
from erply_auth.erply.errors import ErplyError
from erply_auth.erply.records import with_depth
from erply_auth.outages import remedy


class Command(BaseCommand):
    """Twice is as good as once."""

    help = "Makes the members' customer group in Erply unless it is there, and prints its id."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Looks in Erply itself, not in what is kept: another may have made it meanwhile."""
        try:
            registry = connection.registry()
            name = get_settings().members_group.strip()  # As Erply's names are read.
            ids = [group.group_id for group in registry.groups_now() if group.name == name]
            group_id = min(ids) if ids else registry.add_group(name)
        except ErplyConfigurationError as error:
            raise CommandError(str(error)) from error
        except ErplyError as error:
            raise CommandError(f"{error}: {remedy(error)}") from error
        done = "is there" if ids else "made"
        self.stdout.write(f"Customer group {name!r}: {group_id} ({done})")
        for depth, group in with_depth(registry.groups_now()):
            self.stdout.write(f"{'  ' * depth}{group.group_id}  {group.name}")
