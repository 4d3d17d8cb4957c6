"""Customers' addresses and the types they come in."""

from typing import Any

from ..records import ADDRESS_FIELDS, Record, localized, one_line
from .context import Context, Found, found

LONGEST = {
    "street": 65536,
    "address2": 255,
    "city": 255,
    "postalCode": 16,
    "state": 255,
    "country": 255,
}


def get_addresses(context: Context) -> Found:
    """The addresses of one owner."""
    arguments = context.arguments
    arguments.required("ownerID")
    owner_id, type_id = arguments.integer("ownerID"), arguments.integer("typeID")
    ids = arguments.integers("addressIDs")
    matching = [
        one
        for one in list(context.account.addresses.values())
        if one["ownerID"] == owner_id
        and (type_id is None or one["typeID"] == type_id)
        and (ids is None or one["id"] in ids)
        and context.changed_since(one)
    ]
    addresses, total = arguments.page(matching)
    return Found([_address(context, one) for one in addresses], total)


def get_address_types(context: Context) -> Found:
    """The account's address types; all values are strings."""
    language = context.arguments.get("lang", "")
    return found(
        *(
            {
                "id": str(one["id"]),
                "name": localized(one, language),
                "activelyUsed": str(one["activelyUsed"]),
                "added": str(one["added"]),
                "lastModified": str(one["lastModified"]),
            }
            for one in list(context.account.address_types.values())
        )
    )


def save_address(context: Context) -> Found:
    """Adds or changes an address; whose it is does not change."""
    account, arguments = context.account, context.arguments
    changes: dict[str, Any] = {
        name: arguments.text(name, longest)
        for name, longest in LONGEST.items()
        if name in arguments
    }
    if arguments.get("addressID"):
        address = arguments.existing("addressID", account.addresses)
        if arguments.get("typeID"):
            changes["typeID"] = arguments.existing("typeID", account.address_types)["id"]
    else:
        owner = arguments.existing("ownerID", account.customers)
        changes["typeID"] = arguments.existing("typeID", account.address_types)["id"]
        address = account.insert(account.addresses, ADDRESS_FIELDS, {"ownerID": owner["id"]})
    address.update(changes)
    context.touch(address)
    _log(context, address, "update" if arguments.get("addressID") else "create")
    return found({"addressID": address["id"]})


def delete_address(context: Context) -> Found:
    """Removes an address."""
    addresses = context.account.addresses
    address = context.arguments.existing("addressID", addresses)
    del addresses[address["id"]]
    _log(context, address, "delete")
    return found()


def _log(context: Context, address: Record, activity_type: str) -> None:
    owner = context.account.customers.get(address["ownerID"])
    if owner is not None:
        context.account.log_by_erply(owner, activity_type, ("address",), context.user_name)


def _address(context: Context, address: Record) -> dict[str, Any]:
    kind = context.account.address_types.get(address["typeID"], {})
    return {
        "addressID": address["id"],
        **{name: address[name] for name in ADDRESS_FIELDS},
        "typeName": localized(kind, context.arguments.get("lang", "")) if kind else "",
        "typeActivelyUsed": kind.get("activelyUsed", 0),
        "address": one_line(address),
    }
