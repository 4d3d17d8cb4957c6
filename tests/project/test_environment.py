"""What the shop makes of its environment and of `.env`."""

import logging
import os
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shop import environment
from tests.project.support import PROJECT, copy_shop, run

AWKWARD = """$start #not a comment "double" 'single' back\\slash {brace} %25 $HOME \\n end"""
VARIABLES = [
    *("SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "DATABASE_URL", "CACHE_URL", "EMAIL_URL"),
    "SITE_URL",
    *("HTTPS_ONLY", "ERPLY_CLIENT_CODE", "ERPLY_USERNAME", "ERPLY_PASSWORD", "ERPLY_API_URL"),
    *("ERPLY_CARD_SECONDS", "ERPLY_CRM_URL", "ERPLY_CUSTOMER_API", "ERPLY_ADDRESS_API"),
    *("ERPLY_LOG_KEY", "ERPLY_LOG_KEY_FALLBACKS"),
    *("ERPLY_HOURLY_QUOTA", "TRUSTED_PROXIES"),
]
SECRETS = ["SECRET_KEY", "ERPLY_USERNAME", "ERPLY_PASSWORD", "ERPLY_LOG_KEY"]
PRINT_PASSWORD = (
    "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\n"
    "from django.conf import settings\n"
    "import sys; sys.stdout.write(settings.ERPLY_AUTH['PASSWORD'])"
)


class Shop:
    """Reads the shop's settings afresh under a given environment and `.env`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        (folder / "shop").mkdir()
        shutil.copy(PROJECT / "shop" / "settings.py", folder / "shop")

    def __call__(self, dotenv: str = "", **variables: str) -> dict[str, Any]:
        for name in VARIABLES:
            self.monkeypatch.setenv(name, "")
            self.monkeypatch.delenv(name)
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)
        (self.folder / ".env").write_text(dotenv, encoding="utf-8")
        return runpy.run_path(str(self.folder / "shop" / "settings.py"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def as_documented(value: str) -> str:
    """A value the way `.env.example` says to write it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return value


@pytest.mark.parametrize("name", SECRETS)
def test_an_awkward_secret_arrives_whole_from_dotenv(shop: Shop, name: str) -> None:
    settings = shop(f"{name}={AWKWARD}\n")
    assert AWKWARD in (settings["SECRET_KEY"], *settings["ERPLY_AUTH"].values())


@pytest.mark.parametrize("name", SECRETS)
def test_an_awkward_secret_arrives_whole_from_the_environment(shop: Shop, name: str) -> None:
    settings = shop(**{name: AWKWARD})
    assert AWKWARD in (settings["SECRET_KEY"], *settings["ERPLY_AUTH"].values())


def test_a_command_of_the_shop_gets_an_awkward_password_whole(tmp_path: Path) -> None:
    folder = copy_shop(tmp_path)
    from_environment = run("-c", PRINT_PASSWORD, folder=folder, ERPLY_PASSWORD=AWKWARD)
    (folder / ".env").write_text(f"ERPLY_PASSWORD={AWKWARD}\n")
    from_dotenv = run("-c", PRINT_PASSWORD, folder=folder)
    assert (from_environment.stdout, from_dotenv.stdout) == (AWKWARD, AWKWARD)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_password_written_as_documented_arrives_whole(tmp_path: Path, password: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"ERPLY_PASSWORD={as_documented(password)}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ERPLY_PASSWORD")
        environment.read(dotenv)
        assert os.environ["ERPLY_PASSWORD"] == password


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_password_between_quotation_marks_of_its_own_arrives_whole(
    shop: Shop, quote: str
) -> None:
    password = f'{quote}a "b" \\n c{quote}'
    settings = shop(f"ERPLY_PASSWORD={as_documented(password)}\n")
    assert settings["ERPLY_AUTH"]["PASSWORD"] == password


def test_the_real_environment_wins_over_dotenv(shop: Shop) -> None:
    settings = shop("ERPLY_CLIENT_CODE=1\nERPLY_USERNAME=file\n", ERPLY_USERNAME="real")
    assert settings["ERPLY_AUTH"]["CLIENT_CODE"] == "1"
    assert settings["ERPLY_AUTH"]["USERNAME"] == "real"


def test_a_byte_order_mark_hides_no_line(shop: Shop) -> None:
    assert shop("\ufeffERPLY_USERNAME=first\n")["ERPLY_AUTH"]["USERNAME"] == "first"


def test_a_line_that_is_not_understood_is_named_by_its_number_and_never_quoted(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        shop("# fine\n\n  # fine too\nERPLY_PASSWORD = secret-word\n")
    assert ".env: line 4 is not NAME=value" in caplog.text
    assert "secret-word" not in caplog.text


def test_the_example_holds_every_variable_and_turns_nothing_on(shop: Shop) -> None:
    example = (PROJECT / ".env.example").read_text()
    assert [name for name in VARIABLES if f"{name}=" not in example] == []
    with_example, with_nothing = shop(example), shop()
    for name in ("DEBUG", "SECRET_KEY", "ERPLY_AUTH", "HTTPS_ONLY", "DATABASES", "CACHES"):
        assert with_example[name] == with_nothing[name]


@pytest.mark.parametrize("key", ["API_URL", "CRM_URL", "CUSTOMER_API", "ADDRESS_API"])
def test_where_and_which_erply_is_asked_comes_from_the_environment(shop: Shop, key: str) -> None:
    assert shop(**{f"ERPLY_{key}": "as it is"})["ERPLY_AUTH"][key] == "as it is"
    assert key not in shop()["ERPLY_AUTH"]


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("90", 90)])
def test_how_long_a_card_is_kept_is_a_whole_number_of_seconds(
    shop: Shop, value: str, seconds: int
) -> None:
    assert shop(ERPLY_CARD_SECONDS=value)["ERPLY_AUTH"]["CARD_SECONDS"] == seconds
    assert "CARD_SECONDS" not in shop()["ERPLY_AUTH"]
    with pytest.raises(ImproperlyConfigured, match="ERPLY_CARD_SECONDS must be a whole number"):
        shop(ERPLY_CARD_SECONDS="a minute")


def test_the_logs_key_comes_from_the_environment_and_has_no_default(shop: Shop) -> None:
    assert shop(ERPLY_LOG_KEY="long and random")["ERPLY_AUTH"]["LOG_KEY"] == "long and random"
    assert shop(DEBUG="off")["ERPLY_AUTH"]["LOG_KEY"] == ""
    assert shop(DEBUG="on")["ERPLY_AUTH"]["LOG_KEY"] == ""
    replaced = shop(ERPLY_LOG_KEY_FALLBACKS="the one before, the first")["ERPLY_AUTH"]
    assert replaced["LOG_KEY_FALLBACKS"] == ["the one before", "the first"]
    assert shop()["ERPLY_AUTH"]["LOG_KEY_FALLBACKS"] == []


@pytest.mark.parametrize(("value", "on"), [("on", True), ("1", True), ("OFF", False), ("", True)])
def test_https_is_switched_by_on_and_off_and_an_empty_value_leaves_it_on(
    shop: Shop, value: str, on: bool
) -> None:
    assert shop(HTTPS_ONLY=value)["SECURE_SSL_REDIRECT"] is on


def test_a_slip_of_the_pen_switches_nothing_off(shop: Shop) -> None:
    with pytest.raises(ImproperlyConfigured, match="HTTPS_ONLY must be on or off"):
        shop(HTTPS_ONLY="ture")


@pytest.mark.parametrize("name", ["DATABASE_URL", "CACHE_URL", "EMAIL_URL"])
def test_a_url_that_cannot_be_read_is_named_without_its_password(shop: Shop, name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name) as raised:
        shop(**{name: "postgres://user:pa/ss-word@host/name"})
    assert "pa" not in str(raised.value).replace("password", "")
    assert raised.value.__suppress_context__


def test_the_erply_address_is_left_to_the_app_unless_it_is_set(shop: Shop) -> None:
    url = "http://127.0.0.1:8090/api/"
    assert "API_URL" not in shop()["ERPLY_AUTH"]
    assert "API_URL" not in shop(ERPLY_API_URL="")["ERPLY_AUTH"]
    assert shop(ERPLY_API_URL=url)["ERPLY_AUTH"]["API_URL"] == url


def test_mails_are_printed_unless_a_mail_server_is_named(shop: Shop) -> None:
    assert shop()["EMAIL_BACKEND"].endswith(".console.EmailBackend")
    settings = shop(EMAIL_URL="smtp+tls://me:p%24ss@mail.example.com:587")
    assert settings["EMAIL_BACKEND"].endswith(".smtp.EmailBackend")
    assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"]) == ("mail.example.com", 587)
    assert (settings["EMAIL_HOST_USER"], settings["EMAIL_HOST_PASSWORD"]) == ("me", "p$ss")
    assert settings["EMAIL_USE_TLS"]
