import contextlib
import dataclasses
import datetime
import decimal
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erply_auth.erply import classic_records, records
from erply_auth.erply.records import (
    Address,
    AddressType,
    Attribute,
    Balance,
    Card,
    ContactPerson,
    Customer,
    CustomerGroup,
    CustomerIdentity,
    Malformed,
    Particulars,
    Record,
    Session,
)

LARGEST = 2**63 - 1
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.text(st.characters())
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
NUMERALS = st.from_regex(
    r"\A\s?[+-]?[0-9_]{0,25}\.?[0-9]{0,5}(e[+-]?[0-9]{1,8})?\Z|\A-?(s?nan|inf)\Z"
)


@given(JSON | NUMERALS)
def test_readers_read_or_say_malformed_whatever_comes(value: Any) -> None:
    for read in (records.text, records.number, records.amount, records.identifier):
        with contextlib.suppress(Malformed):
            assert isinstance(read({"x": value}, "x"), str | int | decimal.Decimal | None)
    assert isinstance(records.flag({"x": value}, "x"), bool)
    assert isinstance(records.day({"x": value}, "x"), datetime.date | None)


@given(st.text(st.characters()))
def test_a_text_can_be_stored_and_shown(value: str) -> None:
    result = records.text({"x": value}, "x")
    assert result == "" or result.encode()
    assert "\0" not in result
    assert "\x1b" not in result
    assert result == result.strip()
    assert records.text({"x": result}, "x") == result


@given(st.text(st.characters(categories=("L", "N", "P", "S"))))
def test_visible_characters_are_left_alone(value: str) -> None:
    assert records.text({"x": f" {value}\t"}, "x") == value.strip()


@given(st.integers(-LARGEST, LARGEST))
def test_a_number_may_come_as_a_string(value: int) -> None:
    for form in (value, str(value), f"{value}.0", f"{value}.00", f" {value} "):
        assert records.number({"x": form}, "x") == value


@given(st.integers(min_value=LARGEST + 1) | st.integers(max_value=-LARGEST - 1))
def test_what_no_database_could_hold_is_no_number(value: int) -> None:
    for form in (value, str(value)):
        with pytest.raises(Malformed):
            records.number({"x": form}, "x")


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4
    )
)
def test_a_sum_of_money_keeps_its_cents(value: decimal.Decimal) -> None:
    assert records.amount({"x": str(value)}, "x") == value


def test_a_sum_of_money_in_binary_is_what_it_was_meant_to_be() -> None:
    assert records.amount({"x": 349.9}, "x") == decimal.Decimal("349.9")


@pytest.mark.parametrize("value", [None, "", True, False])
def test_nothing_is_no_sum_and_the_number_0(value: Any) -> None:
    assert records.amount({"x": value}, "x") is None
    assert records.number({"x": value}, "x") == 0
    assert records.number({}, "x") == 0


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "1,5",
        "NaN",
        "-inf",
        "sNaN",
        float("nan"),
        float("inf"),
        [],
        {},
        [1],
        "1e99",
        "1e1000000",
        "1e999999999",
        "\ud800",
    ],
    ids=repr,
)
def test_what_is_no_sum_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        records.amount({"x": value}, "x")


@pytest.mark.parametrize("value", [0.5, "0.5", 1.0001, "1e-999999999"])
def test_a_fraction_is_no_number(value: Any) -> None:
    with pytest.raises(Malformed):
        records.number({"x": value}, "x")


@pytest.mark.parametrize("value", [None, "", 0, "0", -1, "-5", True])
def test_an_id_is_above_0(value: Any) -> None:
    with pytest.raises(Malformed):
        records.identifier({"x": value}, "x")
    assert records.identifier({"x": "15"}, "x") == 15


@pytest.mark.parametrize("value", [1, "1", True, "true", "TRUE", " yes ", "Yes"])
def test_yes_comes_in_many_forms(value: Any) -> None:
    assert records.flag({"x": value}, "x")


@pytest.mark.parametrize("value", [0, "0", False, "false", "no", "", None, [], {}, "x", 2])
def test_everything_else_is_no(value: Any) -> None:
    assert not records.flag({"x": value}, "x")
    assert not records.flag({}, "x")


@pytest.mark.parametrize(
    "value", ["", "0000-00-00", None, 0, "1988-13-01", "soon", [], {}, "1988-02-30"]
)
def test_no_date_is_none(value: Any) -> None:
    assert records.day({"x": value}, "x") is None


def test_a_date_is_one() -> None:
    assert records.day({"x": " 1988-07-15 "}, "x") == datetime.date(1988, 7, 15)


@pytest.mark.parametrize("value", [[], {}, ["x"], {"x": 1}])
def test_a_structure_is_no_text(value: Any) -> None:
    with pytest.raises(Malformed, match=r"^x$"):
        records.text({"x": value}, "x")


@pytest.mark.parametrize(
    ("value", "read"), [(None, ""), (True, ""), (15, "15"), (1.5, "1.5"), (" x ", "x")]
)
def test_numbers_are_texts_too(value: Any, read: str) -> None:
    assert records.text({"x": value}, "x") == read


def customer(**fields: Any) -> Customer:
    return classic_records.customer({"customerID": 15, **fields})


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (
            {"firstName": "Mari", "lastName": "Maasikas", "fullName": "Maasikas, Mari"},
            "Mari Maasikas",
        ),
        ({"firstName": "Mari"}, "Mari"),
        ({"lastName": "Maasikas"}, "Maasikas"),
        ({"fullName": "Maasikas, Mari"}, "Maasikas, Mari"),
        ({"customerType": "COMPANY", "companyName": "Kuusk OÜ", "fullName": "Kuusk"}, "Kuusk OÜ"),
        ({"customerType": "company", "fullName": "Kuusk"}, "Kuusk"),
        ({"customerType": "PERSON", "companyName": "Kuusk OÜ", "firstName": "Mari"}, "Mari"),
        ({}, ""),
    ],
)
def test_a_customer_s_name_is_the_one_people_say(fields: dict[str, Any], name: str) -> None:
    assert customer(**fields).name == name


@pytest.mark.parametrize(
    ("field", "emails"),
    [
        ("", ()),
        ("a@example.ee", ("a@example.ee",)),
        ("a@example.ee;b@example.ee", ("a@example.ee", "b@example.ee")),
        (" a@example.ee ; ; b@example.ee;", ("a@example.ee", "b@example.ee")),
        (None, ()),
    ],
)
def test_one_email_field_may_hold_several_addresses(field: Any, emails: tuple[str, ...]) -> None:
    assert customer(email=field).emails == emails


@pytest.mark.parametrize("raw", [{"customerID": "15"}, {"id": 15}, {"customerID": 15, "id": 16}])
def test_a_customer_s_id_goes_by_two_names(raw: dict[str, Any]) -> None:
    assert classic_records.customer(raw).customer_id == 15


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (
            {
                "clientName": "Maasikas, Mari",
                "clientFirstName": "Mari",
                "clientLastName": "Maasikas",
            },
            "Mari Maasikas",
        ),
        ({"clientName": "Kuusk OÜ", "clientFirstName": "", "clientLastName": ""}, "Kuusk OÜ"),
    ],
)
def test_an_identity_is_called_as_people_say_too(raw: dict[str, str], name: str) -> None:
    assert classic_records.identity({"clientID": "15", **raw}).name == name


@pytest.mark.parametrize(("owed", "ahead"), [(-12.5, "12.5"), (80, "0"), (0, "0"), (None, "0")])
def test_a_balance_below_zero_was_paid_ahead(owed: Any, ahead: str) -> None:
    card = classic_records.card({"customerID": 15, "actualBalance": owed})
    assert card.balance.paid_ahead == decimal.Decimal(ahead)


@pytest.mark.parametrize("key", ["addresses", "contactPersons"])
@pytest.mark.parametrize("value", ["x", 1, {"a": 1}, [None], ["x"], [[]], [{}]], ids=repr)
def test_a_card_with_odd_lists_is_malformed(key: str, value: Any) -> None:
    with pytest.raises(Malformed):
        classic_records.card({"customerID": 15, key: value})


@pytest.mark.parametrize("value", [None, [], "", {}, 0])
def test_a_card_may_have_no_lists(value: Any) -> None:
    card = classic_records.card({"customerID": 15, "addresses": value, "contactPersons": value})
    assert (card.addresses, card.contacts) == ((), ())


@pytest.mark.parametrize("type_id", [2, "2"])
def test_an_address_s_type_comes_either_way(type_id: Any) -> None:
    address = classic_records.address({"addressID": "101", "typeID": type_id, "postalCode": 10141})
    assert (address.address_id, address.type_id, address.postal_code) == (101, 2, "10141")


def test_a_contact_person_is_named_as_people_say() -> None:
    raw = {"contactPersonID": 21, "fullName": "Pärn, Peeter"}
    assert classic_records.contact(raw).name == "Pärn, Peeter"
    assert (
        classic_records.contact({**raw, "firstName": "Peeter", "lastName": "Pärn"}).name
        == "Peeter Pärn"
    )


CANARY = "Canary-98765"
NUMBER = decimal.Decimal(98765)
ADDRESS = Address(7, 2, *[CANARY] * 7)
CONTACT = ContactPerson(7, CANARY, CANARY, CANARY)
CUSTOMER = classic_records.customer(
    {"id": 7, **dict.fromkeys(classic_records.CUSTOMER_WORDS.values(), CANARY), "fullName": CANARY}
)
BALANCE = Balance(NUMBER, NUMBER, NUMBER)
RECORDS: list[Record] = [
    CustomerIdentity(7, CANARY, CANARY, 2, CANARY, 98765, CANARY),
    ADDRESS,
    CONTACT,
    CUSTOMER,
    BALANCE,
    Card(CUSTOMER, BALANCE, (ADDRESS,), (CONTACT,)),
    Attribute(CANARY, CANARY, CANARY),
    Particulars(*[CANARY] * 8, (Attribute(CANARY, CANARY, CANARY),)),
    CustomerGroup(7, 0, CANARY),
    AddressType(7, CANARY, in_use=True),
    Session(7, CANARY),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_no_record_s_repr_shows_a_value(record: Record) -> None:
    for shown in (repr(record), str(record), f"{record}", repr([record]), repr({"x": record})):
        assert "98765" not in shown
        assert type(record).__name__ in shown


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_travel_between_processes(record: Record) -> None:
    assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 - our own


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_are_frozen(record: Record) -> None:
    first = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, first, 8)
