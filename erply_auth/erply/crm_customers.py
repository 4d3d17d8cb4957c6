"""Customers, addresses and groups over the CRM API; `classic_customers` has the same methods.

The one place that knows the CRM API's field names. It tells neither balance nor contact persons.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .classic_customers import in_tree_order, only_asked
from .crm import UPDATE, CrmAPI
from .errors import ErplyUnavailable, FieldRejected, Reason, RecordInUse, RecordNotFound
from .records import (
    Address,
    AddressType,
    Attribute,
    Balance,
    Card,
    Changes,
    Customer,
    CustomerGroup,
    Malformed,
    Particulars,
    Raw,
    day,
    flag,
    identifier,
    number,
    parsed,
    text,
    told,
)

CUSTOMER_WORDS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "company_name": "businessName",
    "vat_number": "vatNumber",
    "email": "mail",
    "phone": "phone",
    "mobile": "mobile",
    "birthday": "birthDate",
    "gender": "gender",
    "email_opt_out": "emailOptOut",
    "code": "code",
    "fax": "fax",
    "skype": "skype",
    "website": "website",
    "notes": "notes",
    "bank_name": "bankName",
    "bank_account": "bankAccountNumber",
    "bank_iban": "bankIban",
    "bank_swift": "bankSwiftCode",
    "username": "webShopUsername",
    "password": "webShopPassword",  # nosec B105
}
ADDRESS_WORDS = {
    "type_id": "typeId",
    "street": "street",
    "address2": "address2",
    "city": "city",
    "postal_code": "postCode",
    "state": "state",
    "country": "country",
}
_BOOLEANS = ("email_opt_out",)
_NUMBERS = ("type_id",)
_PAGE = 100
_COMPANIES = ("BUSINESS", "COMPANY")

# Inferred, not documented: change them here.
_OWNER = "customerId"
_IDS = "ids"
_TOLD = ("customerType", "fullName", "webShopUsername", "customerGroupId", "employerId")
"""What a customer's record says even where it is empty: without it, nothing is concluded."""
_EMAIL = "mail"
_NEW_IDS = ("id", "resourceID")


class CrmCustomers:
    """One account's customer registry where the CRM API has it."""

    name = "crm"

    def __init__(self, api: CrmAPI) -> None:
        self._api = api

    def customer(self, customer_id: int, whole: bool = False) -> Card:
        """The record alone, with `whole` its particulars: the CRM API sends nothing along."""
        path = "v1/customers"
        # The first and no more: a filter that is not one would read all customers there are.
        record = next(self._api.records(path, {_IDS: customer_id}), None)
        if record is None:
            raise RecordNotFound(f"GET {path}")
        unknown = Balance(None, None, None)
        more = parsed(path, _particulars, record) if whole else None
        return Card(parsed(path, _customer, record), unknown, (), (), more)

    def customers(self, customer_ids: Sequence[int]) -> tuple[Customer, ...]:
        """Those of these customers that there are, a hundred to each call."""
        pages = [customer_ids[i : i + _PAGE] for i in range(0, len(customer_ids), _PAGE)]
        return tuple(customer for page in pages for customer in self._asked(page))

    def customers_one_by_one(self, customer_ids: Sequence[int]) -> tuple[Customer, ...]:
        """The same, with a call for each."""
        return tuple(customer for one in customer_ids for customer in self._asked([one]))

    def _asked(self, customer_ids: Sequence[int]) -> Sequence[Customer]:
        path = "v1/customers"
        query: dict[str, str | int] = {
            _IDS: ",".join(map(str, customer_ids)),
            "skip": 0,
            "take": _PAGE,
        }
        # One page and no more, which holds as many as are asked for.
        records = self._api.page(path, query)
        found = [parsed(path, _whole_customer, record) for record in records]
        return only_asked(f"GET {path}", customer_ids, found)

    def ids_with_email(self, email: str, most: int) -> tuple[int, ...]:
        """Whom the search finds. It compares the whole field, even where that holds several."""
        path = "v1/customers"
        # No more than asked for: a filter that is not one would read all customers there are.
        records = itertools.islice(self._api.records(path, {_EMAIL: email}), most)
        return tuple(parsed(path, lambda raw: identifier(raw, "id"), one) for one in records)

    def add_customer(self, values: Changes, is_company: bool, group_id: int) -> int:
        """Adds a customer; their id."""
        more = {"customerGroupId": group_id} if group_id else {}
        answer = self._write("POST", _kind(is_company), CUSTOMER_WORDS, values, more)
        return parsed(_kind(is_company), _new_id, answer if isinstance(answer, dict) else {})

    def add_customers(self, many: Sequence[Changes], is_company: bool) -> tuple[int, ...]:
        """Adds customers in one request; their ids."""
        path = f"{_kind(is_company)}/bulk"
        requests = [
            {CUSTOMER_WORDS[name]: _typed(name, value) for name, value in values.items()}
            for values in many
        ]
        answer = self._api.call("POST", path, {"requests": requests})
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list) or len(results) != len(many):
            raise ErplyUnavailable(f"POST {path}", reason=Reason.GARBLED)
        return tuple(
            parsed(path, _new_id, result if isinstance(result, dict) else {}) for result in results
        )

    def update_customer(
        self, customer: Customer, changes: Changes, without: Iterable[Attribute] = ()
    ) -> None:
        """Changes just these fields; attributes it knows none."""
        self._write(UPDATE, _path(customer), CUSTOMER_WORDS, changes)

    def delete_customer(self, customer: Customer) -> None:
        """Removes the customer. RecordInUse when documents refer to them."""
        path = _path(customer)
        try:
            self._api.call("DELETE", path)
        except FieldRejected as error:
            raise RecordInUse(error.call, error.code) from error

    def addresses(self, owner_id: int) -> tuple[Address, ...]:
        """All addresses of a customer."""
        path, found = "v1/addresses", list[Address]()
        for record in self._api.records(path, {_OWNER: owner_id}):
            if parsed(path, lambda raw: identifier(raw, "customerId"), record) != owner_id:
                # A filter that is not one would hand out everybody's addresses.
                raise ErplyUnavailable(f"GET {path}", reason=Reason.GARBLED)
            found.append(parsed(path, _address, record))
        return tuple(found)

    def add_address(self, owner_id: int, values: Changes) -> int:
        """Adds an address; its id."""
        path = "v1/addresses"
        answer = self._write("POST", path, ADDRESS_WORDS, values, {"customerId": owner_id})
        return parsed(path, _new_id, answer if isinstance(answer, dict) else {})

    def update_address(self, address_id: int, changes: Changes) -> None:
        """Changes just these fields."""
        self._write(UPDATE, f"v1/addresses/{address_id}", ADDRESS_WORDS, changes)

    def delete_address(self, address_id: int) -> None:
        """Removes one address."""
        self._api.call("DELETE", f"v1/addresses/{address_id}")

    def address_types(self, language: str) -> tuple[AddressType, ...]:
        """What addresses can be for."""
        path = "v1/addresses/types"
        records = self._api.records(path, {"lang": language} if language else None)
        return tuple(parsed(path, _address_type, record) for record in records)

    def groups(self) -> tuple[CustomerGroup, ...]:
        """All groups, each parent before its children."""
        path = "v1/customers/groups/indented"
        records = self._api.records(path)
        return in_tree_order(tuple(parsed(path, _group, record) for record in records))

    def add_group(self, name: str) -> int:
        """Adds a group at the top of the tree; its id."""
        path = "v1/customers/groups"
        answer = self._api.call("POST", path, {"name": name, "parentId": 0})
        return parsed(path, _new_id, answer if isinstance(answer, dict) else {})

    def rename_group(self, group_id: int, name: str) -> None:
        """Gives a group another name."""
        self._api.call(UPDATE, f"v1/customers/groups/{group_id}", {"name": name})

    def _write(
        self,
        method: str,
        path: str,
        words: Mapping[str, str],
        values: Changes,
        more: Mapping[str, int] | None = None,
    ) -> Any:
        body = {words[name]: _typed(name, value) for name, value in values.items()}
        own = {word: name for name, word in words.items()}
        try:
            return self._api.call(method, path, {**(more or {}), **body})
        except FieldRejected as error:
            raise type(error)(error.call, error.code, own.get(error.field, "")) from error
        except RecordNotFound as error:
            if error.field in own:  # Not the record itself, but what this field refers to.
                raise FieldRejected(error.call, error.code, own[error.field]) from error
            raise


def _path(customer: Customer) -> str:
    return f"{_kind(customer.is_company)}/{customer.customer_id}"


def _kind(is_company: bool) -> str:
    return f"v1/customers/{'businesses' if is_company else 'individuals'}"


def _typed(name: str, value: str) -> str | bool | int | None:
    if name in _BOOLEANS:
        return value == "1"
    if name in _NUMBERS:
        return int(value)
    if name == "birthday" and not value:
        return None
    return value


def _whole_customer(raw: Raw) -> Customer:
    told(raw, _TOLD)
    return _customer(raw)


def _customer(raw: Raw) -> Customer:
    return Customer(
        customer_id=identifier(raw, "id"),
        is_company=text(raw, "customerType").upper() in _COMPANIES,
        is_default=False,
        full_name=text(raw, "fullName"),
        first_name=text(raw, "firstName"),
        last_name=text(raw, "lastName"),
        company_name=text(raw, "businessName"),
        username=text(raw, "webShopUsername"),
        group_id=number(raw, "customerGroupId"),
        group_name="",
        gender=text(raw, "gender").lower(),
        birthday=day(raw, "birthDate"),
        code=text(raw, "code"),
        vat_number=text(raw, "vatNumber"),
        email=text(raw, "mail"),
        phone=text(raw, "phone"),
        mobile=text(raw, "mobile"),
        email_opt_out=flag(raw, "emailOptOut"),
        card_number=text(raw, "loyaltyCardNumber"),
        company_id=number(raw, "employerId"),
        employer_name="",
    )


def _particulars(raw: Raw) -> Particulars:
    return Particulars(
        fax=text(raw, "fax"),
        skype=text(raw, "skype"),
        website=text(raw, "website"),
        notes=text(raw, "notes"),
        bank_name=text(raw, "bankName"),
        bank_account=text(raw, "bankAccountNumber"),
        bank_iban=text(raw, "bankIban"),
        bank_swift=text(raw, "bankSwiftCode"),
        attributes=(),
    )


def _address(raw: Raw) -> Address:
    return Address(
        address_id=identifier(raw, "id"),
        type_id=number(raw, "typeId"),
        type_name="",
        street=text(raw, "street"),
        address2=text(raw, "address2"),
        city=text(raw, "city"),
        postal_code=text(raw, "postCode"),
        state=text(raw, "state"),
        country=text(raw, "country"),
    )


def _address_type(raw: Raw) -> AddressType:
    # The CRM API need not say whether a type is in use; silence means yes.
    in_use = flag(raw, "activelyUsed") if "activelyUsed" in raw else True
    return AddressType(identifier(raw, "id"), text(raw, "name"), in_use)


def _group(raw: Raw) -> CustomerGroup:
    return CustomerGroup(identifier(raw, "id"), number(raw, "parentId"), text(raw, "name"))


def _new_id(raw: Raw) -> int:
    for name in _NEW_IDS:
        if name in raw:
            return identifier(raw, name)
    raise Malformed(_NEW_IDS[0])
