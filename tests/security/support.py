"""What the tests of threats share: every address there is, and all that may not change."""

from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.urls import reverse

from erply_auth import urls
from erply_auth.sandbox import Sandbox

MARIS, KALLES = 101, 131
_AGES = {"expire_date", "session_data", "last_seen"}
_LOG = {"ProcessingEntry", "ProcessingOutcome"}


def addresses(address_id: int = MARIS) -> dict[str, str]:
    """Every page of the members' area by name, those included that nobody has written yet."""
    given = {"address_id": address_id}
    return {
        page.name: reverse(
            f"erply_auth:{page.name}",
            kwargs={key: given.get(key, "a-token") for key in page.pattern.converters},
        )
        for page in urls.urlpatterns
    }


AREA = [page.name for page in urls.urlpatterns]


def state(erply: Sandbox) -> dict[str, Any]:
    """All that a GET may not change: every row but the log's, and everything at Erply's.

    Of a session its age may change.
    """
    kept: dict[str, Any] = {}
    for model in apps.get_models():
        if model.__name__ not in _LOG:
            rows = model._default_manager.values()
            kept[model.__name__] = sorted(
                repr({name: value for name, value in row.items() if name not in _AGES})
                for row in rows
            )
    kept["sessions"] = sorted(repr(sorted(one.get_decoded())) for one in Session.objects.all())
    kept["Erply"] = repr([erply.customers, erply.addresses, erply.groups])
    return kept
