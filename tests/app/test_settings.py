"""ERPLY_AUTH: what is refused, and in which words."""

from typing import Any

import certifi
import pytest
from django.core.exceptions import ImproperlyConfigured

from erply_auth.conf import ErplyConfigurationError, ErplySettings, get_settings

GOOD = {"CLIENT_CODE": "100100", "USERNAME": "webshop", "PASSWORD": "se#cr$et 'word'"}


def read(**keys: Any) -> ErplySettings:
    return ErplySettings.from_mapping(GOOD | keys)


def test_three_keys_are_enough() -> None:
    settings = read()
    assert settings.classic_url == "https://100100.erply.com/api/"
    assert settings.password == GOOD["PASSWORD"]
    assert not settings.plain_credentials


def test_no_repr_shows_the_password() -> None:
    assert GOOD["PASSWORD"] not in repr(read())


@pytest.mark.parametrize("key", list(GOOD))
def test_a_missing_key_is_named(key: str) -> None:
    for broken in ({k: v for k, v in GOOD.items() if k != key}, GOOD | {key: ""}):
        with pytest.raises(ErplyConfigurationError, match=rf"ERPLY_AUTH\['{key}'\] is missing"):
            ErplySettings.from_mapping(broken)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("PASWORD", "PASSWORD"), ("client_code", "CLIENT_CODE"), ("API", "API_URL"), (1, "")],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(typed: Any, meant: str) -> None:
    with pytest.raises(ErplyConfigurationError, match=rf"is not a setting.*mean '{meant}"):
        ErplySettings.from_mapping({**GOOD, typed: "x"})


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("CLIENT_CODE", 100100, "must be of type str"),
        ("CLIENT_CODE", "1/../2", "must be letters and digits"),
        ("MIRROR_GROUPS", 1, "must be of type bool"),
        ("SESSION_LENGTH", True, "must be of type int"),
        ("SESSION_LENGTH", 86401, "is at most 86400"),
        ("SESSION_LENGTH", 0, "must be above 0"),
        ("CALL_TIMEOUT", "8", "must be of type float"),
        ("CALL_TIMEOUT", -1.0, "must be above 0"),
        ("CALL_TIMEOUT", float("nan"), "must be above 0"),
        ("CALL_TIMEOUT", float("inf"), "must be above 0"),
        ("POINTS_OF_SALE", 3, "must be a list of whole numbers"),
        ("POINTS_OF_SALE", ["3"], "must be a list of whole numbers"),
        ("CA_BUNDLE", "/no/such/file", "must be a file"),
        ("COUNTRY", "Estonia", "must be two capital letters"),
        ("COUNTRY_FORMAT", "iso", "must be `name` or `code`"),
        ("ERASURE", "forget", "must be `delete`, `empty` or `request`"),
        ("ERASED_NAME", "  ", "must be a name"),
        ("ERASED_NAME", "x" * 256, "must be a name"),
        ("PRIVACY_EMAIL", "somebody", "must be an e-mail address"),
        ("CARD_SECONDS", -1, "must not be negative"),
        ("API_URL", "http://erply.example/api/", "must begin with https://"),
        ("API_URL", "https://me:secret-word@erply.example/", "without credentials"),
        ("API_URL", "erply.example", "must be a complete https:// address"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_its_key_and_never_quoted(
    key: str, value: Any, words: str
) -> None:
    with pytest.raises(ErplyConfigurationError, match=words) as raised:
        read(**{key: value})
    assert f"ERPLY_AUTH['{key}']" in str(raised.value)
    assert "secret-word" not in str(raised.value)


def test_a_mapping_it_must_be() -> None:
    with pytest.raises(ImproperlyConfigured, match="must be a dict"):
        ErplySettings.from_mapping([])


def test_whole_numbers_do_for_seconds_and_lists_for_tills() -> None:
    settings = read(CALL_TIMEOUT=4, POINTS_OF_SALE=[1, 2], CA_BUNDLE=certifi.where())
    assert (settings.call_timeout, settings.points_of_sale) == (4.0, (1, 2))
    assert read(API_URL="http://localhost:8090/api/").classic_url == "http://localhost:8090/api/"


def test_a_changed_setting_is_read_anew(settings: Any) -> None:
    settings.ERPLY_AUTH = GOOD | {"REMEMBER_SECONDS": 5}
    assert get_settings().remember_seconds == 5
    settings.ERPLY_AUTH = GOOD
    assert get_settings().remember_seconds == 14 * 86400
    settings.ERPLY_AUTH = {}
    with pytest.raises(ErplyConfigurationError):
        get_settings()
