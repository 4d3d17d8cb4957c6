"""What Erply knows, as frozen records with names of our own, and the lenient readers behind them.

Foreign data is parsed once, here and in the API modules; no dict travels further up. A record's
repr shows its id and no personal value.
"""

from __future__ import annotations

import datetime
import decimal
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from .errors import ErplyUnavailable, Reason

Raw = Mapping[str, Any]
Changes = Mapping[str, str]
"""New values by our names: dates as yyyy-mm-dd, booleans as 0 and 1."""

T = TypeVar("T")

_LARGEST = 2**63 - 1
"""What a database's integer holds; a number beyond it is no id and no sum of money."""


class Malformed(ValueError):
    """An answer without what it cannot do without; says which field, never what was in it."""


# Readers. Numbers come as numbers or strings, booleans as 0/1 or true/false, nothing as "" or null.


def text(raw: Raw, key: str) -> str:
    """A string, "" where there is none, without characters that no page or database can hold."""
    value = raw.get(key)
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, dict | list):
        raise Malformed(key)
    result = str(value)
    if not result.isprintable():
        unwanted = ("Cc", "Cs")
        result = "".join(
            c for c in result if c in "\n\t" or unicodedata.category(c) not in unwanted
        )
    return result.strip()


def number(raw: Raw, key: str) -> int:
    """A whole number, 0 where there is none."""
    value = amount(raw, key) or decimal.Decimal()
    if value != int(value):
        raise Malformed(key)
    return int(value)


def amount(raw: Raw, key: str) -> decimal.Decimal | None:
    """A sum of money in the account's currency, None where there is none."""
    value = raw.get(key)
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        result = decimal.Decimal(str(value))
    except decimal.InvalidOperation as error:
        raise Malformed(key) from error
    if not result.is_finite() or result.copy_abs() > _LARGEST:
        raise Malformed(key)
    return result


def identifier(raw: Raw, key: str) -> int:
    """A record's id: a positive whole number, or the record is worth nothing."""
    value = number(raw, key)
    if value <= 0:
        raise Malformed(key)
    return value


def flag(raw: Raw, key: str) -> bool:
    """A boolean, False where there is none."""
    return str(raw.get(key)).strip().lower() in ("1", "true", "yes")


def told(raw: Raw, keys: Iterable[str]) -> None:
    """Raises Malformed for a record that is silent about one of these, which is not empty."""
    for key in keys:
        if key not in raw:
            raise Malformed(key)


def day(raw: Raw, key: str) -> datetime.date | None:
    """A date, None for "", "0000-00-00" and whatever is no date."""
    try:
        return datetime.date.fromisoformat(text(raw, key))
    except ValueError:
        return None


def parsed(call: str, parse: Callable[[Raw], T], raw: Raw) -> T:
    """The record that `parse` makes; ErplyUnavailable where it is malformed."""
    try:
        return parse(raw)
    except Malformed as error:
        raise ErplyUnavailable(call, reason=Reason.GARBLED) from error


class Record:
    """What all records share: a repr that may stand in any log."""

    __slots__ = ()

    def __repr__(self) -> str:
        first = fields(self)[0].name  # type: ignore[arg-type]
        return f"<{type(self).__name__} {getattr(self, first)}>"


@dataclass(frozen=True, slots=True, repr=False)
class CustomerIdentity(Record):
    """Who has just proved to know a customer's user name and password."""

    customer_id: int
    username: str
    name: str
    group_id: int
    group_name: str
    company_id: int
    """The employer's customer id where this is a company's contact person, else 0."""
    company_name: str


@dataclass(frozen=True, slots=True, repr=False)
class Address(Record):
    """One address of a customer; `type_id` says what for."""

    address_id: int
    type_id: int
    type_name: str
    street: str
    address2: str
    city: str
    postal_code: str
    state: str
    country: str


@dataclass(frozen=True, slots=True, repr=False)
class ContactPerson(Record):
    """A person who acts for a company; a customer with an id of their own."""

    customer_id: int
    name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True, repr=False)
class Balance(Record):
    """What the customer owes: `owed` is negative when they have paid ahead."""

    owed: decimal.Decimal | None
    credit_limit: decimal.Decimal | None
    available_credit: decimal.Decimal | None

    def __repr__(self) -> str:
        return "<Balance>"

    @property
    def paid_ahead(self) -> decimal.Decimal:
        """What the customer has to their credit."""
        return max(-(self.owed or decimal.Decimal()), decimal.Decimal())


@dataclass(frozen=True, slots=True, repr=False)
class Customer(Record):
    """A customer's own record: a person, a company or a company's contact person."""

    customer_id: int
    is_company: bool
    is_default: bool
    """The till's walk-in customer, who is nobody."""
    full_name: str
    first_name: str
    last_name: str
    company_name: str
    username: str
    group_id: int
    group_name: str
    gender: str
    birthday: datetime.date | None
    code: str
    vat_number: str
    email: str
    phone: str
    mobile: str
    email_opt_out: bool
    card_number: str
    company_id: int
    employer_name: str

    @property
    def name(self) -> str:
        """The name as people say it; Erply's `fullName` puts the last name first."""
        if self.is_company:
            return self.company_name or self.full_name
        return f"{self.first_name} {self.last_name}".strip() or self.full_name

    @property
    def emails(self) -> tuple[str, ...]:
        """The addresses in the one field, which Erply lets people fill with several."""
        return tuple(part for part in map(str.strip, self.email.split(";")) if part)

    @property
    def identity(self) -> CustomerIdentity:
        """Who it is, in the words of a log-in."""
        return CustomerIdentity(
            customer_id=self.customer_id,
            username=self.username,
            name=self.name,
            group_id=self.group_id,
            group_name=self.group_name,
            company_id=self.company_id,
            company_name=self.employer_name,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Attribute(Record):
    """A field that the shop or one of its programs has added to the record."""

    name: str
    kind: str
    value: str

    def __repr__(self) -> str:
        return "<Attribute>"


@dataclass(frozen=True, slots=True, repr=False)
class Particulars(Record):
    """What else Erply holds of a customer: for who asks for everything, and shown nowhere else."""

    fax: str
    skype: str
    website: str
    notes: str
    bank_name: str
    bank_account: str
    bank_iban: str
    bank_swift: str
    attributes: tuple[Attribute, ...]
    """The CRM API does not tell them."""

    def __repr__(self) -> str:
        return "<Particulars>"


@dataclass(frozen=True, slots=True, repr=False)
class Card(Record):
    """All that one call tells about a customer."""

    customer: Customer
    balance: Balance
    addresses: tuple[Address, ...]
    contacts: tuple[ContactPerson, ...]
    particulars: Particulars | None = None
    """Read where everything is asked for, and nowhere else."""


@dataclass(frozen=True, slots=True, repr=False)
class CustomerGroup(Record):
    """A group of customers; the groups are a tree, `parent_id` 0 at its top."""

    group_id: int
    parent_id: int
    name: str


def with_depth(groups: Iterable[CustomerGroup]) -> list[tuple[int, CustomerGroup]]:
    """The groups, each parent before its children, with how deep in the tree they are."""
    depths: dict[int, int] = {}
    result = []
    for group in groups:
        depths[group.group_id] = depths.get(group.parent_id, -1) + 1
        result.append((depths[group.group_id], group))
    return result


@dataclass(frozen=True, slots=True, repr=False)
class AddressType(Record):
    """What an address is for; a type no longer in use keeps its old addresses."""

    type_id: int
    name: str
    in_use: bool


@dataclass(frozen=True, slots=True, repr=False)
class Session(Record):
    """A session key and the number of seconds it lasts."""

    seconds: int
    key: str


@dataclass(frozen=True)
class Processing(Record):
    """One line for Erply's own log: the same was done with the same fields of these customers."""

    customer_ids: tuple[int, ...]
    activity: str
    fields: tuple[str, ...]
    purpose: str
