"""Customers, addresses and groups over the classic API; `crm_customers` has the same methods."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from . import classic_records
from .classic import ClassicAPI, Parameters
from .errors import (
    TAKEN,
    ErplyError,
    ErplyRejected,
    ErplyUnavailable,
    FieldRejected,
    Reason,
    RecordNotFound,
    our_fault,
)
from .records import (
    Address,
    AddressType,
    Attribute,
    Card,
    Changes,
    Customer,
    CustomerGroup,
    Raw,
    flag,
    identifier,
    parsed,
)

_PAGE = 100
_BULK = 10
"""Calls in a bulk request that reads: with a hundred records each, the answer stays readable."""
_WHOLE: Parameters = {"mode": "ALL", "responseMode": "detail"}


class ClassicCustomers:
    """One account's customer registry where the classic API still has it."""

    name = "classic"

    def __init__(self, api: ClassicAPI) -> None:
        self._api = api

    def customer(self, customer_id: int, whole: bool = False) -> Card:
        """The record with balance, addresses and contact persons, in one call.

        With `whole`, the particulars too.
        """
        parameters: Parameters = {
            "customerID": customer_id,
            "mode": "ALL",  # Contact persons are not returned otherwise.
            "responseMode": "detail",
            "getAddresses": 1,
            "getContactPersons": 1,
            "getBalanceInfo": 1,
        }
        records = self._ask("getCustomers", parameters)
        if not records:
            raise RecordNotFound("getCustomers")
        card = parsed("getCustomers", classic_records.card, records[0])
        if whole:
            more = parsed("getCustomers", classic_records.particulars, records[0])
            return dataclasses.replace(card, particulars=more)
        return card

    def customers(self, customer_ids: Sequence[int]) -> tuple[Customer, ...]:
        """Those of these customers that there are, a hundred to each call of a bulk request."""
        asked = [customer_ids[i : i + _PAGE] for i in range(0, len(customer_ids), _PAGE)]
        return self._many(
            [
                {"customerIDs": ",".join(map(str, page)), "recordsOnPage": _PAGE, **_WHOLE}
                for page in asked
            ],
            asked,
        )

    def customers_one_by_one(self, customer_ids: Sequence[int]) -> tuple[Customer, ...]:
        """The same, each with a call of their own in the bulk request."""
        asked = [[customer_id] for customer_id in customer_ids]
        return self._many([{"customerID": one, **_WHOLE} for one in customer_ids], asked)

    def _many(
        self, calls: Sequence[Parameters], asked: Sequence[Sequence[int]]
    ) -> tuple[Customer, ...]:
        found: list[Customer] = []
        for start in range(0, len(calls), _BULK):
            part = slice(start, start + _BULK)
            try:
                for ids, records in zip(asked[part], self._read_in_bulk(calls[part]), strict=True):
                    found += only_asked("getCustomers", ids, [_whole(raw) for raw in records])
            except ErplyRejected as error:
                raise our_fault(error) from error
        return tuple(found)

    def _read_in_bulk(self, calls: Sequence[Parameters]) -> Iterator[list[Raw]]:
        for outcome in self._api.bulk([("getCustomers", parameters) for parameters in calls]):
            if isinstance(outcome, ErplyError):
                raise outcome
            yield outcome

    def ids_with_email(self, email: str, most: int) -> tuple[int, ...]:
        """Whom the search finds. It compares the whole field, even where that holds several."""
        parameters: Parameters = {"searchEmail": email, "mode": "ALL", "recordsOnPage": most}
        records = self._ask("getCustomers", parameters)[:most]
        return tuple(
            parsed("getCustomers", classic_records.customer_id, record) for record in records
        )

    def add_customer(self, values: Changes, is_company: bool, group_id: int) -> int:
        """Adds a customer, a company by its `company_name`; their id."""
        return _added(self._save_customer({"groupID": group_id} if group_id else {}, values))

    def add_customers(self, many: Sequence[Changes], is_company: bool) -> tuple[int, ...]:
        """Adds customers in one bulk request; their ids."""
        words, ids = classic_records.CUSTOMER_WORDS, []
        for outcome in self._api.bulk([("saveCustomer", _sent(words, one)) for one in many]):
            with _own_field_names(words):
                if isinstance(outcome, ErplyError):
                    raise outcome
                ids.append(_added(outcome))
        return tuple(ids)

    def update_customer(
        self, customer: Customer, changes: Changes, without: Iterable[Attribute] = ()
    ) -> None:
        """Changes just these fields, and empties these attributes."""
        whose: dict[str, str | int] = {"customerID": customer.customer_id}
        for number, attribute in enumerate(without, start=1):
            whose |= {
                f"attributeName{number}": attribute.name,
                f"attributeType{number}": attribute.kind,
                f"attributeValue{number}": "",
            }
        self._save_customer(whose, changes)

    def delete_customer(self, customer: Customer) -> None:
        """Removes the customer."""
        self._api.call("deleteCustomer", {"customerID": customer.customer_id})

    def addresses(self, owner_id: int) -> tuple[Address, ...]:
        """All addresses of a customer, page by page."""
        name, found, page = "getAddresses", dict[int, Address](), 1
        while True:
            parameters: Parameters = {"ownerID": owner_id, "recordsOnPage": _PAGE, "pageNo": page}
            records = self._ask(name, parameters)
            known = len(found)
            for record in records:
                if parsed(name, classic_records.owner_id, record) != owner_id:
                    raise ErplyUnavailable(name, reason=Reason.GARBLED)
                address = parsed(name, classic_records.address, record)
                found[address.address_id] = address
            # A page that brings nothing new is the last one again, or the quota would go for it.
            if len(records) < _PAGE or len(found) == known:
                return tuple(found.values())
            page += 1

    def add_address(self, owner_id: int, values: Changes) -> int:
        """Adds an address; its id."""
        return self._save_address({"ownerID": owner_id}, values)

    def update_address(self, address_id: int, changes: Changes) -> None:
        """Changes just these fields."""
        self._save_address({"addressID": address_id}, changes)

    def delete_address(self, address_id: int) -> None:
        """Removes an address."""
        self._api.call("deleteAddress", {"addressID": address_id})

    def address_types(self, language: str) -> tuple[AddressType, ...]:
        """What addresses can be for."""
        name = "getAddressTypes"
        word = classic_records.language_word(language)
        records = self._ask(name, {"lang": word} if word else None)
        return tuple(parsed(name, classic_records.address_type, record) for record in records)

    def groups(self) -> tuple[CustomerGroup, ...]:
        """All groups, each parent before its children."""
        name = "getCustomerGroups"
        records = self._ask(name)
        return in_tree_order(
            tuple(parsed(name, classic_records.group, record) for record in records)
        )

    def add_group(self, name: str) -> int:
        """Adds a group at the top of the tree; its id."""
        records = self._api.call("saveCustomerGroup", {"name": name})
        return _saved_id("saveCustomerGroup", records, "customerGroupID")

    def rename_group(self, group_id: int, name: str) -> None:
        """Gives a group another name."""
        self._api.call("saveCustomerGroup", {"customerGroupID": group_id, "name": name})

    def _ask(self, name: str, parameters: Parameters | None = None) -> list[Raw]:
        """A call that only reads. It holds nothing that a member typed: a no to it is our fault."""
        try:
            return self._api.call(name, parameters)
        except ErplyRejected as error:
            raise our_fault(error) from error

    def _save_customer(self, whose: Parameters, values: Changes) -> list[Raw]:
        words = classic_records.CUSTOMER_WORDS
        with _own_field_names(words):
            return self._api.call("saveCustomer", {**whose, **_sent(words, values)})

    def _save_address(self, whose: Parameters, values: Changes) -> int:
        words = classic_records.ADDRESS_WORDS
        with _own_field_names(words):
            records = self._api.call("saveAddress", {**whose, **_sent(words, values)})
        return _saved_id("saveAddress", records, "addressID")


def only_asked(
    call: str, asked: Sequence[int], customers: Sequence[Customer]
) -> Sequence[Customer]:
    """The customers, if each is one who was asked for, and is there once; else ErplyUnavailable.

    An answer to another question would pass for news about these.
    """
    found = [customer.customer_id for customer in customers]
    if len(set(found)) < len(found) or not set(found) <= set(asked):
        raise ErplyUnavailable(call, reason=Reason.GARBLED)
    return customers


def in_tree_order(groups: tuple[CustomerGroup, ...]) -> tuple[CustomerGroup, ...]:
    """The groups with each parent before its children; what hangs on no parent stands on top."""
    ids = {group.group_id for group in groups}
    ordered: dict[int, CustomerGroup] = {}

    def place(parent_id: int) -> None:
        for group in groups:
            if group.parent_id == parent_id and group.group_id not in ordered:
                ordered[group.group_id] = group
                place(group.group_id)

    for root in (0, *(group.parent_id for group in groups if group.parent_id not in ids)):
        place(root)
    # What is left is a knot that hangs on nothing.
    ordered.update({group.group_id: group for group in groups if group.group_id not in ordered})
    return tuple(ordered.values())


def _whole(raw: Raw) -> Customer:
    return parsed("getCustomers", classic_records.whole_customer, raw)


def _sent(words: Mapping[str, str], values: Changes) -> dict[str, str]:
    return {words[name]: value for name, value in values.items()}


def _added(records: list[Raw]) -> int:
    """The new customer's id. Erply may answer with that of a twin: somebody else's, not new."""
    customer_id = _saved_id("saveCustomer", records, "customerID")
    if flag(records[0], "alreadyExists"):
        raise FieldRejected("saveCustomer", TAKEN)
    return customer_id


def _saved_id(call: str, records: list[Raw], key: str) -> int:
    if not records:
        raise ErplyUnavailable(call, reason=Reason.GARBLED)
    return parsed(call, lambda record: identifier(record, key), records[0])


@contextmanager
def _own_field_names(words: Mapping[str, str]) -> Iterator[None]:
    """Renames the field that Erply blames.

    An item not found is the record itself, or what one of the fields refers to.
    """
    own = {word: name for name, word in words.items()}
    try:
        yield
    except FieldRejected as error:
        raise type(error)(error.call, error.code, own.get(error.field, "")) from error
    except RecordNotFound as error:
        if error.field in own:
            raise FieldRejected(error.call, error.code, own[error.field]) from error
        raise
