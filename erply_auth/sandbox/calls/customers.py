"""Reading customers: getCustomers and getDefaultCustomer."""

from collections.abc import Callable
from typing import Any

from ..account import Account
from ..records import BALANCE_FIELDS, BASIC_FIELDS, DETAIL_FIELDS, Record, full_name, one_line
from .context import Context, Found, found

_IN_MODE: dict[str, Callable[[Record], bool]] = {
    "CUSTOMERS": lambda customer: not customer["companyID"],
    "CONTACTS": lambda customer: bool(customer["companyID"]),
    "ALL": lambda _customer: True,
}


def get_customers(context: Context) -> Found:
    """Customers by id, e-mail, group or time of change."""
    customers, total = context.arguments.page(_matching(context))
    return Found([_customer(context, one) for one in customers], total)


def get_default_customer(context: Context) -> Found:
    """The till's walk-in customer, where there is one."""
    till = context.arguments.integer("pointOfSaleID")
    for customer in list(context.account.customers.values()):
        fits = till is None or customer["pointOfSaleID"] in (0, till)
        if customer["isPOSDefaultCustomer"] and fits:
            return found(
                {
                    "id": customer["id"],
                    "name": full_name(customer),
                    "groupID": customer["groupID"],
                    "groupName": context.account.group_name(customer["groupID"]),
                }
            )
    return found()


def _matching(context: Context) -> list[Record]:
    arguments = context.arguments
    mode = arguments.choice("mode", tuple(_IN_MODE)) if arguments.get("mode") else "CUSTOMERS"
    customer_id, ids = arguments.integer("customerID"), arguments.integers("customerIDs")
    group_id, email = arguments.integer("groupID"), arguments.get("searchEmail", "")
    return [
        one
        for one in list(context.account.customers.values())
        if _IN_MODE[mode](one)
        and (customer_id is None or one["id"] == customer_id)
        and (ids is None or one["id"] in ids)
        and (group_id is None or one["groupID"] == group_id)
        and (not email or one["email"] == email)
        and context.changed_since(one)
    ]


def _customer(context: Context, customer: Record) -> dict[str, Any]:
    account, arguments = context.account, context.arguments
    answer = {"id": customer["id"], "customerID": customer["id"]}
    answer |= _fields(customer, BASIC_FIELDS)
    answer["fullName"] = full_name(customer)
    answer["groupName"] = account.group_name(customer["groupID"], arguments.get("lang", ""))
    if arguments.get("responseMode") == "detail":
        employer = account.customers.get(customer["companyID"])
        answer |= _fields(customer, DETAIL_FIELDS)
        answer["employerName"] = "" if employer is None else employer["companyName"]
    if arguments.flag("getBalanceInfo"):
        answer |= _fields(customer, BALANCE_FIELDS)
    if arguments.flag("getAddresses"):
        answer["addresses"] = _addresses(account, customer["id"])
    if arguments.flag("getContactPersons"):
        answer["contactPersons"] = _contact_persons(account, customer["id"])
    return answer


def _fields(record: Record, names: dict[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in names}


def _addresses(account: Account, customer_id: int) -> list[dict[str, Any]]:
    return [
        {
            "addressID": one["id"],
            "address": one_line(one),
            **{name: one[name] for name in _ADDRESS_PARTS},
            # Here the type's id is a string, on getAddresses it is a number.
            "typeID": str(one["typeID"]),
            "typeName": account.address_types.get(one["typeID"], {}).get("name", ""),
        }
        for one in list(account.addresses.values())
        if one["ownerID"] == customer_id
    ]


def _contact_persons(account: Account, customer_id: int) -> list[dict[str, Any]]:
    return [
        {
            "contactPersonID": one["id"],
            "fullName": full_name(one),
            "groupName": account.group_name(one["groupID"]),
            **{name: one[name] for name in _CONTACT_PARTS},
        }
        for one in list(account.customers.values())
        if one["companyID"] == customer_id
    ]


_ADDRESS_PARTS = ("street", "address2", "city", "postalCode", "state", "country")
_CONTACT_PARTS = (
    "firstName",
    "lastName",
    "phone",
    "mobile",
    "email",
    "fax",
    "code",
    "countryID",
    "bankName",
    "bankAccountNumber",
    "bankIBAN",
    "bankSWIFT",
    "birthday",
    "notes",
)
