"""The CRM API's calls: one function for each method and path.

They work on the same account as the classic calls, and let those carry out what both can do.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

from . import crm_records
from .account import Account
from .calls import Found
from .calls.addresses import delete_address, save_address
from .calls.context import DEFAULT_PAGE, LARGEST_PAGE, Arguments, Context
from .calls.groups import save_customer_group
from .calls.saving import delete_customer, save_customer
from .crm_records import ADDRESS_WORDS, CUSTOMER_WORDS, GROUP_WORDS, Word, parameters_of, read_body
from .errors import MALFORMED, MISSING, NO_SUCH_ITEM, WRONG_VALUE, ErplyError
from .records import Record
from .sessions import Session

Classic = Callable[[Context], Found]
_KINDS = {"individuals": "PERSON", "businesses": "COMPANY"}


class Done(NamedTuple):
    """What a call answers; `total` is how many records a list has on all its pages."""

    content: Any
    status: int = HTTPStatus.OK
    total: int | None = None


@dataclass(frozen=True)
class Wish:
    """One call: the ids in its path, its query and its JSON body."""

    account: Account
    session: Session
    path: str
    ids: str
    query: Arguments
    body: Any

    def listed(self, records: Iterable[Record], show: Callable[[Record], Record]) -> Done:
        """The page of these records that the query asks for."""
        everything = list(records)
        skip, take = self.query.integer("skip") or 0, self.query.integer("take")
        take = DEFAULT_PAGE if take is None else take
        for name, number in (("skip", skip), ("take", take)):
            if number < 0:
                raise ErplyError(WRONG_VALUE, name)
        page = everything[skip : skip + min(take, LARGEST_PAGE)]
        return Done([show(record) for record in page], total=len(everything))

    def found(self, table: dict[int, Record], kind: str = "") -> list[Record]:
        """The records that the path names; none is touched unless all are there."""
        if not self.ids:
            raise ErplyError(MISSING, "ids")
        numbers = Arguments({"ids": self.ids}).integers("ids") or []
        records = [table.get(number) for number in numbers]
        there = [one for one in records if one and (not kind or one["customerType"] == kind)]
        if len(there) < len(records):
            raise ErplyError(NO_SUCH_ITEM)
        return there

    def classic(self, call: Classic, words: dict[str, Word], parameters: dict[str, str]) -> Record:
        """Has a classic call carry it out; what that blames gets its name here."""
        try:
            done = call(Context(self.account, Arguments(parameters), self.session))
        except ErplyError as error:
            own = {word.parameter: name for name, word in words.items()}
            raise ErplyError(error.code, own.get(error.field or "", "")) from error
        return done.records[0] if done.records else {}


def list_addresses(wish: Wish) -> Done:
    """Addresses of one customer, or of all."""
    owner_id = wish.query.integer("customerId")
    addresses = list(wish.account.addresses.values())
    return wish.listed(
        (one for one in addresses if owner_id is None or one["ownerID"] == owner_id),
        crm_records.address,
    )


def add_address(wish: Wish) -> Done:
    """Adds an address to a customer."""
    fields = read_body(ADDRESS_WORDS, wish.body)
    saved = wish.classic(save_address, ADDRESS_WORDS, parameters_of(ADDRESS_WORDS, fields))
    return Done({"id": saved["addressID"]}, HTTPStatus.CREATED)


def change_address(wish: Wish) -> Done:
    """Changes the fields sent; the owner stays."""
    (address,) = _single(wish.found(wish.account.addresses))
    fields = read_body(ADDRESS_WORDS, wish.body)
    if "typeId" in fields and not fields["typeId"]:
        raise ErplyError(WRONG_VALUE, "typeId")
    parameters = parameters_of(ADDRESS_WORDS, fields) | {"addressID": str(address["id"])}
    wish.classic(save_address, ADDRESS_WORDS, parameters)
    return Done({"id": address["id"]})


def delete_addresses(wish: Wish) -> Done:
    """Removes the addresses."""
    for address in wish.found(wish.account.addresses):
        wish.classic(delete_address, {}, {"addressID": str(address["id"])})
    return Done(None, HTTPStatus.NO_CONTENT)


def list_address_types(wish: Wish) -> Done:
    """The account's address types."""
    language = wish.query.get("lang", "")
    types = list(wish.account.address_types.values())
    return wish.listed(types, lambda one: crm_records.address_type(one, language))


def list_groups(wish: Wish) -> Done:
    """The customer groups as they were made."""
    return _groups(wish, list(wish.account.groups.values()))


def list_groups_indented(wish: Wish) -> Done:
    """The customer groups as a tree: each parent before its children."""
    groups = list(wish.account.groups.values())
    ordered: dict[int, Record] = {}

    def place(parent_id: int) -> None:
        for group in groups:
            if group["parentID"] == parent_id and group["id"] not in ordered:
                ordered[group["id"]] = group
                place(group["id"])

    place(0)
    return _groups(wish, [*ordered.values(), *(g for g in groups if g["id"] not in ordered)])


def add_group(wish: Wish) -> Done:
    """Adds a customer group."""
    fields = read_body(GROUP_WORDS, wish.body)
    saved = wish.classic(save_customer_group, GROUP_WORDS, parameters_of(GROUP_WORDS, fields))
    return Done({"id": saved["customerGroupID"]}, HTTPStatus.CREATED)


def change_group(wish: Wish) -> Done:
    """Changes the fields sent."""
    (group,) = _single(wish.found(wish.account.groups))
    fields = read_body(GROUP_WORDS, wish.body)
    parameters = parameters_of(GROUP_WORDS, fields) | {"customerGroupID": str(group["id"])}
    wish.classic(save_customer_group, GROUP_WORDS, parameters)
    return Done({"id": group["id"]})


def list_customers(wish: Wish) -> Done:
    """Customers by id, e-mail or time of change, of one kind or of both."""
    kind = _KINDS.get(_last(wish), "")
    ids, mail = wish.query.integers("ids"), wish.query.get("mail", "")
    changed = wish.query.integer("changed")
    matching = [
        one
        for one in list(wish.account.customers.values())
        if (not kind or one["customerType"] == kind)
        and (ids is None or one["id"] in ids)
        and (not mail or one["email"] == mail)
        and (changed is None or one["lastModified"] >= changed)
    ]
    return wish.listed(matching, crm_records.customer)


def add_customer(wish: Wish) -> Done:
    """Creates one person or company."""
    return Done({"id": _create(wish, _last(wish), wish.body)}, HTTPStatus.CREATED)


def add_customers(wish: Wish) -> Done:
    """Creates many; the first that cannot be ends it."""
    requests = wish.body.get("requests") if isinstance(wish.body, dict) else None
    if not isinstance(requests, list):
        raise ErplyError(MALFORMED, "requests")
    kind = wish.path.split("/")[2]
    return Done({"results": [{"resourceID": _create(wish, kind, one)} for one in requests]})


def change_customer(wish: Wish) -> Done:
    """Changes the fields sent."""
    (customer,) = _single(wish.found(wish.account.customers, _KINDS[_last(wish)]))
    fields = read_body(CUSTOMER_WORDS, wish.body)
    parameters = parameters_of(CUSTOMER_WORDS, fields) | {"customerID": str(customer["id"])}
    wish.classic(save_customer, CUSTOMER_WORDS, parameters)
    _store_the_rest(customer, fields)
    return Done({"id": customer["id"]})


def delete_customers(wish: Wish) -> Done:
    """Removes the customers, unless documents refer to one."""
    for customer in wish.found(wish.account.customers, _KINDS[_last(wish)]):
        wish.classic(delete_customer, {}, {"customerID": str(customer["id"])})
    return Done(None, HTTPStatus.NO_CONTENT)


def _last(wish: Wish) -> str:
    return wish.path.rpartition("/")[2]


def _single(records: list[Record]) -> list[Record]:
    if len(records) != 1:
        raise ErplyError(MALFORMED, "ids")
    return records


def _groups(wish: Wish, groups: list[Record]) -> Done:
    language = wish.query.get("lang", "")
    return wish.listed(groups, lambda one: crm_records.group(one, language))


def _create(wish: Wish, kind: str, body: Any) -> int:
    fields = read_body(CUSTOMER_WORDS, body)
    if kind == "individuals":
        fields.pop("businessName", None)
    elif not fields.get("businessName"):
        raise ErplyError(MISSING, "businessName")
    saved = wish.classic(save_customer, CUSTOMER_WORDS, parameters_of(CUSTOMER_WORDS, fields))
    customer_id = int(saved["customerID"])
    _store_the_rest(wish.account.customers[customer_id], fields)
    return customer_id


def _store_the_rest(customer: Record, fields: Record) -> None:
    """What the classic call has no parameter for."""
    for name, value in fields.items():
        word = CUSTOMER_WORDS[name]
        if not word.parameter:
            customer[word.stored] = int(value) if word.kind is bool else value


_ADDRESSES, _CUSTOMERS = "v1/addresses", "v1/customers"
CALLS: dict[str, Callable[[Wish], Done]] = {
    f"GET {_ADDRESSES}": list_addresses,
    f"POST {_ADDRESSES}": add_address,
    f"GET {_ADDRESSES}/types": list_address_types,
    f"GET {_CUSTOMERS}": list_customers,
    f"GET {_CUSTOMERS}/groups": list_groups,
    f"GET {_CUSTOMERS}/groups/indented": list_groups_indented,
    f"POST {_CUSTOMERS}/groups": add_group,
    **{f"GET {_CUSTOMERS}/{kind}": list_customers for kind in _KINDS},
    **{f"POST {_CUSTOMERS}/{kind}": add_customer for kind in _KINDS},
    **{f"POST {_CUSTOMERS}/{kind}/bulk": add_customers for kind in _KINDS},
}
CALLS_WITH_IDS: dict[str, Callable[[Wish], Done]] = {
    f"PATCH {_ADDRESSES}": change_address,
    f"DELETE {_ADDRESSES}": delete_addresses,
    f"PATCH {_CUSTOMERS}/groups": change_group,
    **{f"PATCH {_CUSTOMERS}/{kind}": change_customer for kind in _KINDS},
    **{f"DELETE {_CUSTOMERS}/{kind}": delete_customers for kind in _KINDS},
}
NAME_NOBODY = frozenset(
    {f"{_ADDRESSES}/types", f"{_CUSTOMERS}/groups", f"{_CUSTOMERS}/groups/indented"}
)
