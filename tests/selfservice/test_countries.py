"""Countries: stored as the shop stores them, recognized in several languages, with their rules."""

from typing import Any

import pytest
from django.test import Client

from erply_auth import countries
from erply_auth.sandbox import Sandbox
from tests.app.support import configure

from .support import (
    ADD,
    ADDRESSES,
    EDIT,
    NEW_ADDRESS,
    NOTHING_CHANGED,
    errors,
    form_of,
    only_write,
    opened,
    page,
    said,
    send,
    writes,
)

OLD_VALUES = [
    "Atlantis",
    "Eesti Vabariik",
    "all",
    "ALL",
    "ZZ",
    "E" * 255,
    "<b>EE</b>",
    "../EE",
    "🇪🇪",
]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("EE", "EE"),
        (" ee ", "EE"),
        ("Estonia", "EE"),
        ("ESTONIA", "EE"),
        ("Eesti", "EE"),
        ("Igaunija", "EE"),
        ("Estija", "EE"),
        ("Viro", "EE"),
        ("Estland", "EE"),
        ("Эстония", "EE"),
        ("Εσθονία", "EE"),
        ("Alemania", "DE"),
        ("Läti", "LV"),
        ("GR", "GR"),
        ("", ""),
        ("ZZ", ""),
        ("Unknown Region", ""),
        ("Atlantis", ""),
    ],
)
def test_a_country_is_recognized_by_code_and_in_several_languages(value: str, code: str) -> None:
    assert countries.recognized(value) == code


def test_every_country_has_a_name_and_rules() -> None:
    names = countries.names("en")
    assert len(names) > 240
    assert "ZZ" not in names
    for code in names:
        rules = countries.address_rules(code)
        assert countries.recognized(countries.stored(code, "name")) == code
        assert countries.stored(code, "code") == code
        if rules.postal_code_example:
            assert rules.accepts_postal_code(rules.postal_code_example), code


@pytest.mark.parametrize("code", [*OLD_VALUES, "XX", "Estonia"])
def test_what_is_no_country_has_the_rules_of_any(code: str) -> None:
    rules = countries.address_rules(code)
    assert rules.required == {"street", "city"}
    assert rules.accepts_postal_code("whatever it is")


@pytest.mark.parametrize("language", ["xx", "", "nonsense-language", "en"])
def test_names_in_an_unknown_language_are_english(language: str) -> None:
    assert countries.names(language)["EE"] == "Estonia"


def test_names_follow_a_languages_region() -> None:
    assert countries.names("et")["EE"] == "Eesti"
    assert countries.names("pt-br")["EE"] == "Estônia"


@pytest.mark.parametrize(
    ("value", "country", "possible"),
    [
        ("+372 5555 5555", "", True),
        ("+3725", "", False),
        ("5555 5555", "EE", True),
        ("12", "EE", False),
        ("5555 5555", "", True),
        ("1234", "", False),
        ("1234567890123456", "", False),
        ("words", "", False),
        ("words", "EE", False),
        ("", "", False),
        ("+" + "1" * 254, "", False),
        ("٠٠٩٦٦٥٠١٢٣٤٥٦٧", "SA", True),
    ],
)
def test_phone_numbers(value: str, country: str, possible: bool) -> None:
    assert countries.is_phone_number(value, country) is possible


@pytest.mark.parametrize(
    ("value", "country", "valid"),
    [
        ("EE100931558", "", True),
        ("EE100931559", "", False),
        ("100931558", "EE", True),
        ("100931559", "EE", False),
        ("100931559", "", True),
        ("EL094259216", "", True),
        ("GR094259216", "", True),
        ("EL094259217", "", False),
        ("XI123456789", "", True),
        ("US123", "", True),
        ("--", "EE", False),
        ("🦆", "EE", False),
        ("õü12", "EE", True),
    ],
)
def test_vat_numbers(value: str, country: str, valid: bool) -> None:
    assert countries.is_vat_number(value, country) is valid


@pytest.mark.django_db
@pytest.mark.parametrize(("country_format", "stored"), [("name", "Finland"), ("code", "FI")])
@pytest.mark.parametrize("posted", ["FI", "Finland", "Soome", "Suomi"])
def test_a_country_is_stored_as_the_shop_stores_it(
    mari: Client, erply: Sandbox, settings: Any, country_format: str, stored: str, posted: str
) -> None:
    configure(settings, COUNTRY_FORMAT=country_format)
    assert send(mari, EDIT, country=posted).status_code == 302
    assert only_write(erply) == {"addressID": "101", "country": stored}
    erply.calls.clear()
    assert send(mari, ADD, **NEW_ADDRESS | {"country": posted}).status_code == 302
    assert only_write(erply)["country"] == stored


@pytest.mark.django_db
@pytest.mark.parametrize("old", ["Eesti", "estonia", "EE", "Viro"])
def test_a_country_written_otherwise_stays_as_it_is_unless_changed(
    mari: Client, erply: Sandbox, old: str
) -> None:
    erply.addresses[101]["country"] = old
    assert opened(mari, EDIT)["country"] == "EE"
    assert NOTHING_CHANGED in said(mari, send(mari, EDIT))
    send(mari, EDIT, city="Võru")
    assert only_write(erply) == {"addressID": "101", "city": "Võru"}
    assert erply.addresses[101]["country"] == old


@pytest.mark.django_db
@pytest.mark.parametrize("old", [*OLD_VALUES, ""])
def test_free_text_in_erply_is_kept_and_blocks_nothing(
    mari: Client, erply: Sandbox, old: str
) -> None:
    erply.addresses[101]["country"] = old
    assert mari.get(ADDRESSES).status_code == 200
    assert opened(mari, EDIT)["country"] == old
    assert NOTHING_CHANGED in said(mari, send(mari, EDIT))
    assert send(mari, EDIT, city="Võru", postal_code="?").status_code == 302
    assert only_write(erply) == {"addressID": "101", "city": "Võru", "postalCode": "?"}
    assert erply.addresses[101]["country"] == old
    erply.calls.clear()
    assert send(mari, EDIT, country="EE", postal_code="65605").status_code == 302
    assert only_write(erply) == {
        "addressID": "101",
        "postalCode": "65605",
        "country": "Estonia",
    }


@pytest.mark.django_db
def test_no_free_text_can_be_put_in(mari: Client, erply: Sandbox) -> None:
    for value in ("Atlantis", "ZZ", "all", "💥", "EE\x00"):
        assert "country" in errors(send(mari, EDIT, country=value))
        assert "country" in errors(send(mari, ADD, **NEW_ADDRESS | {"country": value}))
    assert writes(erply) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("country", "wrong", "right"),
    [
        ("EE", "6560", "65605"),
        ("LV", "1010", "LV-1010"),
        ("SE", "abc", "111 22"),
        ("GB", "12345", "sw1a 1aa"),
        ("US", "ABCDE", "94105"),
    ],
)
def test_postal_codes_follow_the_country(
    mari: Client, erply: Sandbox, country: str, wrong: str, right: str
) -> None:
    filled = NEW_ADDRESS | {"country": country, "state": "California"}
    answer = send(mari, ADD, **filled | {"postal_code": wrong})
    assert "This is not a postal code of this country." in errors(answer)["postal_code"]
    assert send(mari, ADD, **filled | {"postal_code": right}).status_code == 302
    assert only_write(erply)["postalCode"] == right


@pytest.mark.django_db
def test_what_a_country_requires_is_required(mari: Client, erply: Sandbox) -> None:
    for country, required in (
        ("EE", {"street", "city", "postal_code"}),
        ("US", {"street", "city", "postal_code", "state"}),
        ("IE", {"street", "city"}),
        ("", {"street", "city", "country"}),
    ):
        assert set(errors(mari.post(ADD, {"type_id": "1", "country": country}))) == required
    assert writes(erply) == []


@pytest.mark.django_db
def test_of_an_old_address_only_what_is_touched_is_judged(mari: Client, erply: Sandbox) -> None:
    erply.addresses[101] |= {"postalCode": "odd", "city": "", "street": ""}
    assert send(mari, EDIT, state="Võrumaa").status_code == 302
    assert only_write(erply) == {"addressID": "101", "state": "Võrumaa"}
    assert list(errors(send(mari, EDIT, postal_code=""))) == ["postal_code"]
    assert list(errors(send(mari, EDIT, postal_code="other"))) == ["postal_code"]
    # In another country the whole address is another.
    assert sorted(errors(send(mari, EDIT, country="FI"))) == ["city", "postal_code", "street"]


@pytest.mark.django_db
def test_labels_and_order_follow_the_country(mari: Client, erply: Sandbox, settings: Any) -> None:
    seen = {}
    for country in ("EE", "US", "IN", "IE", "JP", "GB", "AE", "CA"):
        configure(settings, COUNTRY=country)
        answer = mari.get(ADD)
        form = answer.context["form"]
        assert set(form.fields) == {*NEW_ADDRESS, "address2", "state"}
        labels = {name: str(form[name].label) for name in ("state", "postal_code")}
        seen[country] = (list(form.fields)[4:], *labels.values())
    assert seen["EE"] == (["postal_code", "city", "state"], "State or region", "Postal code")
    assert seen["CA"][1] == "Province"
    assert seen["GB"][1:] == ("State or region", "Postal code")
    assert seen["US"] == (["city", "state", "postal_code"], "State", "ZIP code")
    assert seen["IN"][1:] == ("State", "PIN code")
    assert seen["IE"][1:] == ("County", "Eircode")
    assert seen["JP"][0][0] == "postal_code"
    assert seen["JP"][1] == "Prefecture"
    assert seen["GB"][0] == ["city", "postal_code", "state"]
    assert seen["AE"][1] == "Emirate"


@pytest.mark.django_db
def test_the_form_that_comes_back_follows_the_country_that_was_chosen(mari: Client) -> None:
    answer = mari.post(ADD, {"type_id": "1", "country": "US"})
    assert "ZIP code" in page(answer)
    answer = mari.post(ADD, {"type_id": "1", "country": "Atlantis"})
    assert "Postal code" in page(answer)


@pytest.mark.django_db
def test_what_was_typed_is_never_rewritten(mari: Client, erply: Sandbox) -> None:
    typed = {"street": "võru  tn 1/2—a", "city": "Võru", "state": "VÕRU mk.", "address2": "Ⅳ/a"}
    send(mari, EDIT, **typed)
    for name, value in typed.items():
        assert erply.addresses[101][name] == value
    assert "Võru" in page(mari.get(ADDRESSES))


@pytest.mark.django_db
def test_countries_are_offered_in_the_members_language(mari: Client, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("et", "eesti")]
    answer = mari.get(EDIT, headers={"Accept-Language": "et"})
    assert form_of(answer).choices["country"]["EE"] == "Eesti"
