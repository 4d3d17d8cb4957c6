"""The shared cache is away: members read that, nothing breaks, and log-out still logs out."""

from typing import Any

import pytest
from django.test import Client

from erply_auth.sandbox import Sandbox

from .support import ADDRESSES, OVERVIEW, PROFILE, form_of, writes

pytestmark = pytest.mark.django_db

AWAY = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:9/0",
    }
}


@pytest.mark.parametrize("path", [OVERVIEW, PROFILE, ADDRESSES, "/account/privacy/delete/"])
def test_a_page_that_needs_erply_says_not_now(
    mari: Client, erply: Sandbox, settings: Any, path: str
) -> None:
    mari.get(path)
    settings.CACHES = AWAY
    erply.calls.clear()
    answer = mari.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    # Without the session key that all share there is no call to be made.
    assert erply.calls == []


def test_a_page_that_needs_no_erply_is_there(mari: Client, settings: Any) -> None:
    settings.CACHES = AWAY
    assert mari.get("/account/privacy/").status_code == 200
    assert mari.get("/account/sessions/").status_code == 200


def test_a_form_keeps_what_was_typed(mari: Client, erply: Sandbox, settings: Any) -> None:
    form = form_of(mari.get(PROFILE))
    settings.CACHES = AWAY
    answer = mari.post(PROFILE, form.fields | {"last_name": "Mets"})
    assert answer.status_code == 503
    assert form_of(answer).fields["last_name"] == "Mets"
    assert writes(erply) == []


def test_log_out_ends_the_session_all_the_same(
    mari: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caches = settings.CACHES
    mari.get(OVERVIEW)
    settings.CACHES = AWAY
    assert mari.post("/account/logout/").status_code == 302
    assert "Cards are not kept" in caplog.text
    settings.CACHES = caches
    assert mari.get(OVERVIEW)["Location"].startswith("/account/login/")
