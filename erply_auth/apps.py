"""The app's place in Django: its label, its checks, its receivers."""

from django.apps import AppConfig


class ErplyAuthConfig(AppConfig):
    """Members of an Erply shop."""

    name = "erply_auth"
    verbose_name = "Erply members"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Registers the checks and what happens when a member logs out or is closed."""
        from . import checks, tokens  # noqa: F401
        from .services import cards  # noqa: F401

        tokens.hide_in_logs()
