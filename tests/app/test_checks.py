"""The system checks: each is silent in a good project and speaks in one that is set wrong."""

from typing import Any

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core import checks
from django.test import override_settings

from erply_auth.backend import ErplyBackend

MIDDLEWARE = "erply_auth.middleware.MemberMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
LOCAL = "django.core.cache.backends.locmem.LocMemCache"
DUMMY = "django.core.cache.backends.dummy.DummyCache"
FILES = "django.core.cache.backends.filebased.FileBasedCache"


class OwnBackend(ErplyBackend):
    """What a host makes of the backend."""


class OwnAuthentication(AuthenticationMiddleware):
    """What a host makes of Django's middleware."""


def told(*, deploy: bool = False) -> dict[str, checks.CheckMessage]:
    messages = checks.run_checks(include_deployment_checks=deploy)
    return {str(m.id): m for m in messages if str(m.id).startswith("erply_auth.")}


def account(**keys: Any) -> Any:
    good = {"CLIENT_CODE": "100100", "USERNAME": "webshop", "PASSWORD": "secret-word"}
    good |= {"LOG_KEY": "a key of its own, long and random"}
    return override_settings(ERPLY_AUTH=good | {"SITE_URL": "https://shop.example.com"} | keys)


def without(settings: Any, *middleware: str) -> list[str]:
    return [path for path in settings.MIDDLEWARE if path not in middleware]


def test_a_good_project_hears_nothing(settings: Any, tmp_path: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": FILES, "LOCATION": str(tmp_path)}}
    with account():
        assert told(deploy=True) == {}


@pytest.mark.parametrize(
    "wrong", [{"PASSWORD": ""}, {"USER": "x"}, {"API_URL": "http://erply.com/"}, {"CA_BUNDLE": "?"}]
)
def test_e001_settings_that_cannot_be_read(wrong: dict[str, str]) -> None:
    with account(**wrong):
        message = told(deploy=True)["erply_auth.E001"]
    assert isinstance(message, checks.Error)
    assert repr(next(iter(wrong))) in str(message.msg)
    assert "secret-word" not in str(message)
    assert "page on settings" in str(message.hint)


def test_e002_a_backend_that_is_not_listed(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    assert isinstance(told()["erply_auth.E002"], checks.Error)
    settings.AUTHENTICATION_BACKENDS = ["tests.app.test_checks.OwnBackend"]
    assert "erply_auth.E002" not in told()


def test_e003_a_middleware_that_is_not_there_or_too_early(settings: Any) -> None:
    everything = list(settings.MIDDLEWARE)
    rest = without(settings, MIDDLEWARE)
    settings.MIDDLEWARE = rest
    assert "lacks MemberMiddleware" in str(told()["erply_auth.E003"].msg)
    settings.MIDDLEWARE = [MIDDLEWARE, *rest]
    assert "below AuthenticationMiddleware" in str(told()["erply_auth.E003"].msg)
    settings.MIDDLEWARE = everything
    assert told() == {}


def test_e003_knows_a_hosts_own_authentication_middleware(settings: Any) -> None:
    own = "tests.app.test_checks.OwnAuthentication"
    settings.MIDDLEWARE = [own if path == AUTHENTICATION else path for path in settings.MIDDLEWARE]
    assert "erply_auth.E003" not in told()


def test_a_middleware_that_is_a_function_or_cannot_be_imported_is_somebody_elses(
    settings: Any,
) -> None:
    settings.MIDDLEWARE = ["tests.app.test_checks.told", "no.such.thing", *settings.MIDDLEWARE]
    assert told() == {}


def test_e004_a_members_area_without_an_address(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.app.test_checks"
    assert "erply_auth.E004" in told()


def test_e005_a_cache_that_is_not_there() -> None:
    with account(CACHE_ALIAS="nowhere"):
        message = told(deploy=True)
    assert "'nowhere'" in str(message["erply_auth.E005"].msg)
    assert "erply_auth.W001" not in message


def test_e006_a_cache_that_keeps_nothing(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": DUMMY}}
    assert "forgets the session key" in str(told()["erply_auth.E006"].msg)


@pytest.mark.parametrize(
    ("processes", "speaks"), [("4", True), ("1", False), ("", False), ("0", False)]
)
def test_e006_several_processes_each_with_a_cache_of_its_own(
    settings: Any, monkeypatch: pytest.MonkeyPatch, processes: str, speaks: bool
) -> None:
    settings.CACHES = {"default": {"BACKEND": LOCAL}}
    monkeypatch.setenv("WEB_CONCURRENCY", processes)
    assert ("erply_auth.E006" in told()) is speaks


def test_w001_a_cache_of_one_process_is_told_at_deployment(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": LOCAL}}
    assert isinstance(told(deploy=True)["erply_auth.W001"], checks.Warning)
    assert told() == {}


def test_w002_sessions_in_cookies_are_told_at_deployment(settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert isinstance(told(deploy=True)["erply_auth.W002"], checks.Warning)
    assert told() == {}


def test_e007_a_log_without_a_key_of_its_own(settings: Any) -> None:
    with account(LOG_KEY=""):
        message = told()["erply_auth.E007"]
        assert isinstance(message, checks.Error)
        assert "nobody can log in" in str(message.msg)
        settings.DEBUG = True
        assert "erply_auth.E007" not in told()
    settings.DEBUG = False
    with account(LOG_KEY="", USER="x"):
        assert set(told()) == {"erply_auth.E001"}


def test_w004_a_key_of_the_log_that_is_short_or_the_secret_key(settings: Any) -> None:
    for key in ("x" * 31, settings.SECRET_KEY):
        with account(LOG_KEY=key):
            message = told(deploy=True)["erply_auth.W004"]
            assert isinstance(message, checks.Warning)
            assert key not in str(message)
            assert "erply_auth.W004" not in told()
    for key in ("x" * 32, ""):
        with account(LOG_KEY=key):
            assert "erply_auth.W004" not in told(deploy=True)


@pytest.mark.parametrize(("debug", "speaks"), [(False, True), (True, False)])
def test_e008_links_in_mails_that_lead_nowhere(settings: Any, debug: bool, speaks: bool) -> None:
    settings.DEBUG = debug
    with account(SITE_URL=""):
        assert ("erply_auth.E008" in told(deploy=True)) is speaks
        assert told() == {}


def test_every_message_has_a_hint(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = []
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = "tests.app.test_checks"
    settings.CACHES = {"default": {"BACKEND": LOCAL}, "sessions": {"BACKEND": DUMMY}}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    with account(USER="x"):
        messages = told(deploy=True)
    assert set(messages) == {
        f"erply_auth.{i}" for i in ("E001", "E002", "E003", "E004", "W001", "W002")
    }
    assert all(message.hint for message in messages.values())


urlpatterns: list[Any] = []


def test_w003_a_project_without_a_lock_out(settings: Any) -> None:
    settings.AXES_USERNAME_CALLABLE = None
    assert isinstance(told(deploy=True)["erply_auth.W003"], checks.Warning)
    assert "erply_auth.W003" not in told()
