"""The shop as a Django app: it brings static files and two checks."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from shop.checks import account_is_named, secret_key_is_set


class ShopConfig(AppConfig):
    """Registers the shop's checks."""

    name = "shop"

    def ready(self) -> None:
        """Add them once the apps are there."""
        register(account_is_named, Tags.security)
        register(secret_key_is_set, Tags.security, deploy=True)
