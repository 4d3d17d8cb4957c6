import dataclasses
import math
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from hypothesis import given
from hypothesis import strategies as st

from erply_auth.conf import ErplyConfigurationError, ErplySettings, get_settings

from .conftest import Authority

NEEDED = {"CLIENT_CODE": "100100", "USERNAME": "webshop", "PASSWORD": "canary"}
FIELDS = {field.name.upper(): field for field in dataclasses.fields(ErplySettings)}
BAD: dict[str, list[Any]] = {
    "str": [1, None, b"x", ["x"], True, Path("x")],
    "int": ["1", 1.0, None, True, 0, -1, 10**9],
    "float": ["1", None, True, 0, -0.1, 0.0, math.nan, math.inf, [1]],
    "bool": [1, 0, "yes", None],
    "tuple[int, ...]": [1, "12", ["1"], [True], None, {1: 2}],
    "tuple[str, ...]": [1, "key", [1], [b"key"], None, {"a": "b"}, [""], ["key", ""]],
}


def refused(**values: Any) -> str:
    with pytest.raises(ErplyConfigurationError) as caught:
        ErplySettings.from_mapping({**NEEDED, **values})
    message = str(caught.value)
    assert "canary" not in f"{message} {caught.value.__cause__!r}"
    return message


@pytest.mark.parametrize(
    "url",
    ["shop.example.com", "ftp://x", "https://", "https://x/?y", "https://x/#y", "https://a b"],
)
def test_what_links_begin_with_is_an_address(url: str) -> None:
    assert "SITE_URL" in refused(SITE_URL=url)


def test_the_policys_version_fits_its_column() -> None:
    assert "POLICY_VERSION" in refused(POLICY_VERSION="x" * 65)
    ErplySettings.from_mapping(NEEDED | {"POLICY_VERSION": "x" * 64, "SITE_URL": "https://x/y/"})


def test_three_keys_are_enough() -> None:
    conf = ErplySettings.from_mapping(NEEDED)
    assert (conf.client_code, conf.username, conf.password) == ("100100", "webshop", "canary")
    assert conf.classic_url == "https://100100.erply.com/api/"


def test_every_key_can_be_set_to_its_own_default() -> None:
    defaults = {
        key: field.default
        for key, field in FIELDS.items()
        if field.default is not dataclasses.MISSING
    }
    assert ErplySettings.from_mapping({**NEEDED, **defaults}) == ErplySettings.from_mapping(NEEDED)


def test_every_key_has_a_line_for_the_documentation() -> None:
    for field in FIELDS.values():
        assert re.fullmatch(r"[A-Z].*[.]", field.metadata["help"]), field.name


WRONG = [
    (key, value)
    for key, field in FIELDS.items()
    for value in BAD[str(field.type)]
    if not (field.metadata["zero"] and type(value) is int and value == 0)
]


@pytest.mark.parametrize(("key", "value"), WRONG, ids=repr)
def test_a_value_of_another_type_or_size_is_refused_by_its_key(key: str, value: Any) -> None:
    assert f"ERPLY_AUTH[{key!r}]" in refused(**{key: value})


def test_whole_numbers_do_for_seconds() -> None:
    conf = ErplySettings.from_mapping({**NEEDED, "CALL_TIMEOUT": 4})
    assert (conf.call_timeout, type(conf.call_timeout)) == (4.0, float)


def test_0_means_never_where_that_makes_sense() -> None:
    assert ErplySettings.from_mapping({**NEEDED, "CARD_SECONDS": 0}).card_seconds == 0
    assert refused(CARD_SECONDS=-1) == "ERPLY_AUTH['CARD_SECONDS'] must not be negative."


@pytest.mark.parametrize("tills", [(1, 2), [1, 2]])
def test_tills_may_be_a_list_or_a_tuple(tills: Any) -> None:
    assert ErplySettings.from_mapping({**NEEDED, "POINTS_OF_SALE": tills}).points_of_sale == (1, 2)


@pytest.mark.parametrize("key", NEEDED)
def test_a_needed_key_that_is_missing_or_empty_is_named(key: str) -> None:
    message = f"ERPLY_AUTH[{key!r}] is missing."
    assert refused(**{key: ""}) == message
    with pytest.raises(ErplyConfigurationError, match=re.escape(message)):
        ErplySettings.from_mapping({name: value for name, value in NEEDED.items() if name != key})


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("PASWORD", "PASSWORD"),
        ("client_code", "CLIENT_CODE"),
        ("CALL_TIME_OUT", "CALL_TIMEOUT"),
        ("API_UR", "API_URL"),
    ],
)
def test_an_unknown_key_is_refused_and_the_nearest_one_named(key: str, near: str) -> None:
    assert refused(**{key: "x"}) == f"ERPLY_AUTH[{key!r}] is not a setting. Did you mean {near!r}?"


@given(
    st.one_of(st.text(), st.integers(), st.none(), st.booleans()).filter(
        lambda key: key not in FIELDS
    )
)
def test_any_key_that_is_no_setting_is_refused(key: Any) -> None:
    with pytest.raises(ErplyConfigurationError, match="is not a setting"):
        ErplySettings.from_mapping({**NEEDED, key: "x"})


@pytest.mark.parametrize("mapping", [None, [], "x", 1, [("CLIENT_CODE", "1")]])
def test_the_setting_is_a_dict(mapping: Any) -> None:
    with pytest.raises(ErplyConfigurationError, match="must be a dict"):
        ErplySettings.from_mapping(mapping)


@pytest.mark.parametrize("code", ["a.b", "x/y", "a@b", " 1", "1\n", "x" * 33, "Õ", "evil.com#"])
def test_a_client_code_cannot_lead_to_another_host(code: str) -> None:
    assert refused(CLIENT_CODE=code) == "ERPLY_AUTH['CLIENT_CODE'] must be letters and digits."


@pytest.mark.parametrize(
    "url",
    [
        "http://erply.example/api/",
        "https://webshop:canary@erply.example/",
        "https://erply.example/?password=canary",
        "https://erply.example:canary/",
        "https://[canary]/",
        "canary",
    ],
)
def test_an_address_that_secrets_must_not_travel_to_is_refused_unrepeated(url: str) -> None:
    assert refused(API_URL=url).startswith("ERPLY_AUTH['API_URL'] must ")


def test_an_address_may_be_set() -> None:
    conf = ErplySettings.from_mapping({**NEEDED, "API_URL": "http://127.0.0.1:8000/api/"})
    assert conf.classic_url == "http://127.0.0.1:8000/api/"


def test_a_ca_bundle_holds_certificates(authority: Authority, tmp_path: Path) -> None:
    assert ErplySettings.from_mapping({**NEEDED, "CA_BUNDLE": authority.bundle}).ca_bundle
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "other.pem").write_text("not a certificate")
    for path in (
        tmp_path,
        tmp_path / "gone.pem",
        tmp_path / "empty.pem",
        tmp_path / "other.pem",
        "a\0b",
    ):
        message = refused(CA_BUNDLE=str(path))
        assert message == "ERPLY_AUTH['CA_BUNDLE'] must be a file of CA certificates."


def test_a_session_lasts_a_day_at_most() -> None:
    assert refused(SESSION_LENGTH=86401) == "ERPLY_AUTH['SESSION_LENGTH'] is at most 86400."


@pytest.mark.parametrize("country", ["ee", "EST", "E", "Estonia", "E1"])
def test_a_country_is_an_iso_code(country: str) -> None:
    assert refused(COUNTRY=country) == "ERPLY_AUTH['COUNTRY'] must be two capital letters."


def test_a_country_is_stored_in_one_of_two_ways() -> None:
    assert (
        ErplySettings.from_mapping({**NEEDED, "COUNTRY_FORMAT": "code", "COUNTRY": "EE"}).country
        == "EE"
    )
    assert refused(COUNTRY_FORMAT="iso") == "ERPLY_AUTH['COUNTRY_FORMAT'] must be `name` or `code`."


@pytest.mark.parametrize("keys", [("first", "second"), ["first", "second"]])
def test_replaced_keys_of_the_log_may_be_a_list_or_a_tuple(keys: Any) -> None:
    conf = ErplySettings.from_mapping({**NEEDED, "LOG_KEY_FALLBACKS": keys})
    assert conf.log_key_fallbacks == ("first", "second")
    assert refused(LOG_KEY_FALLBACKS=["first", ""]).endswith("must not hold an empty key.")


@pytest.mark.parametrize("told", ["none", "reads", "all"])
def test_what_erplys_log_is_told_is_one_of_three(told: str) -> None:
    assert ErplySettings.from_mapping({**NEEDED, "LOG_DELIVERY": told}).log_delivery == told
    message = "ERPLY_AUTH['LOG_DELIVERY'] must be `none`, `reads` or `all`."
    assert refused(LOG_DELIVERY=f"{told}s") == refused(LOG_DELIVERY="") == message


def test_settings_are_frozen_and_hide_the_password_and_the_logs_keys() -> None:
    keys = {"LOG_KEY": "canary-1", "LOG_KEY_FALLBACKS": ["canary-2"]}
    conf = ErplySettings.from_mapping(NEEDED | keys)
    assert "canary" not in repr(conf)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(conf, "password", "x")  # noqa: B010 - mypy knows that it is frozen


def test_a_changed_setting_is_read_anew(settings: Any) -> None:
    assert get_settings() is get_settings()
    settings.ERPLY_AUTH = {**NEEDED, "CLIENT_CODE": "4711"}
    assert get_settings().client_code == "4711"
    settings.LANGUAGE_CODE = "et"
    assert get_settings().client_code == "4711"


def test_without_the_setting_the_first_needed_key_is_named(settings: Any) -> None:
    del settings.ERPLY_AUTH
    get_settings.cache_clear()  # A deletion, unlike a change, is told to nobody.
    assert not hasattr(django_settings, "ERPLY_AUTH")
    with pytest.raises(ErplyConfigurationError, match="CLIENT_CODE"):
        get_settings()


def test_a_proxy_is_an_address_a_network_or_a_unix_socket() -> None:
    proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "unix"]
    assert ErplySettings.from_mapping({**NEEDED, "TRUSTED_PROXIES": proxies}).trusted_proxies == (
        *proxies,
    )


def test_a_reserve_leaves_something_to_be_spent() -> None:
    assert "QUOTA_RESERVE" in refused(HOURLY_QUOTA=100, QUOTA_RESERVE=100)
    assert ErplySettings.from_mapping({**NEEDED, "QUOTA_RESERVE": 0}).quota_reserve == 0
