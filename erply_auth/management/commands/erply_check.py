"""`manage.py erply_check`: tries the configured account, one line for each thing tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from erply_auth import connection
from erply_auth.conf import ErplyConfigurationError, get_settings
from erply_auth.erply.errors import ErplyError, ErplyUnavailable, Reason
from erply_auth.erply.registry import CustomerRegistry
from erply_auth.outages import remedy


@dataclass(frozen=True)
class _Trial:
    """One thing to try; `needed` if no member can log in without it."""

    name: str
    run: Callable[[CustomerRegistry], str]
    needed: bool = False


def _reach(registry: CustomerRegistry) -> str:
    registry.crm_url()
    return get_settings().classic_url


def _log_in(registry: CustomerRegistry) -> str:
    registry.api_user_is_accepted()
    return "accepted"


def _verify(registry: CustomerRegistry) -> str:
    registry.may_verify_customers()
    return "granted"


def _read(registry: CustomerRegistry) -> str:
    registry.may_read_customers()
    return "granted"


def _groups(registry: CustomerRegistry) -> str:
    return f"granted, {len(registry.groups())} groups"


def _walk_in(registry: CustomerRegistry) -> str:
    ids = sorted(registry.walk_in_ids())
    return "customer " + ", ".join(map(str, ids)) + " can never log in" if ids else "none defined"


def _crm(registry: CustomerRegistry) -> str:
    return registry.crm_url() or "none"


def _api(registry: CustomerRegistry) -> str:
    needed = "classic" if registry.classic_serves() else "crm"
    customers, addresses = registry.apis_in_use()
    used = customers if customers == addresses else f"{customers} ({addresses} for addresses)"
    return f"the account needs {needed}, {used} is used"


def _log(registry: CustomerRegistry) -> str:
    try:
        registry.may_log_processing()
    except ErplyUnavailable as error:
        if error.reason is Reason.OUTSIDE_EU:
            return "none: the account is outside the EU, the local log is the only one"
        raise
    return "available"


def _types(registry: CustomerRegistry) -> str:
    in_use = [kind.name for kind in registry.address_types("en") if kind.in_use]
    return ", ".join(in_use) or "none in use"


TRIALS = (
    _Trial("Erply reachable", _reach, needed=True),
    _Trial("API user", _log_in, needed=True),
    _Trial("Right to check members' passwords", _verify, needed=True),
    _Trial("Default customer", _walk_in, needed=True),
    _Trial("Right to read customers", _read),
    _Trial("Right to read customer groups", _groups),
    _Trial("Address types", _types),
    _Trial("CRM endpoint", _crm),
    _Trial("API for customers", _api),
    _Trial("Erply's own processing log", _log),
)


class Command(BaseCommand):
    """Exit 0 only if members can log in."""

    help = "Tries the configured Erply account and says, line by line, what works."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Tries everything, also after a failure, and raises CommandError if log-in would fail."""
        try:
            registry = connection.registry()
        except ErplyConfigurationError as error:
            raise CommandError(str(error)) from error
        failed = [trial for trial in TRIALS if not self._try(trial, registry)]
        if any(trial.needed for trial in failed):
            raise CommandError("Members cannot log in.")
        self.stdout.write(self.style.SUCCESS("Members can log in."))

    def _try(self, trial: _Trial, registry: CustomerRegistry) -> bool:
        try:
            result = trial.run(registry)
        except ErplyError as error:
            failure = self.style.ERROR("FAILED")
            self.stdout.write(f"{trial.name}: {failure} ({error}): {remedy(error)}")
            return False
        self.stdout.write(f"{trial.name}: {result}")
        return True
