"""Creating, changing and deleting customers, with what Erply notes in its log meanwhile."""

import re
from typing import Any

from ..account import Account
from ..errors import (
    IN_USE,
    MISSING,
    NOT_UNIQUE,
    PASSWORD_TOO_SHORT,
    PASSWORD_WITHOUT_DIGITS,
    PASSWORD_WITHOUT_LETTERS,
    WRONG_VALUE,
    ErplyError,
)
from ..records import CUSTOMER_FIELDS, Record, full_name
from .context import Arguments, Context, Found, found

SHORTEST_PASSWORD = 8
TEXTS = {
    "companyName": 255,
    "firstName": 255,
    "lastName": 255,
    "fullName": 255,
    "phone": 255,
    "mobile": 255,
    "fax": 255,
    "email": 255,
    "code": 255,
    "vatNumber": 255,
    "bankName": 255,
    "bankAccountNumber": 255,
    "bankIBAN": 255,
    "bankSWIFT": 255,
    "website": 255,
    "skype": 255,
    "integrationCode": 255,
    "referenceNumber": 255,
    "notes": 65535,
}
TRIMMED = ("companyName", "lastName", "firstName", "fullName", "phone", "mobile", "email")
NAMES = ("companyName", "lastName", "firstName")
# What tells Erply that a customer to be created is there already.
SAME = (*NAMES, "email", "phone", "code")
# Erply's words for the kinds of personal data in its processing log.
LOGGED_AS = {
    "firstName": "name",
    "lastName": "name",
    "phone": "phone",
    "mobile": "mobilePhone",
    "fax": "fax",
    "email": "email",
    "code": "nationalIdentificationNumber",
    "birthday": "dateOfBirth",
    "gender": "gender",
    "bankName": "bankAccount",
    "bankAccountNumber": "bankAccount",
    "bankIBAN": "bankAccount",
    "bankSWIFT": "bankAccount",
    "companyID": "employer",
    "skype": "skype",
    "payerID": "payer",
    "website": "website",
}

_ATTRIBUTE = re.compile("attributeName([0-9]+)")


def save_customer(context: Context) -> Found:
    """Creates a customer or changes what was sent of one."""
    account, arguments = context.account, _trimmed(context.arguments)
    current: Record | None = None
    if arguments.get("customerID"):
        current = arguments.existing("customerID", account.customers)
    changes = _changes(account, arguments, current)
    if current is not None:
        current.update(changes)
        context.touch(current)
        account.log_by_erply(current, "update", _logged(changes), context.user_name)
        return _saved(current)
    if (twin := _twin(account, changes)) is not None:
        return _saved(twin, already_exists=True)
    given = {name: value for name, value in changes.items() if value}
    changes.setdefault("groupID", account.first_group())
    customer = account.insert(account.customers, CUSTOMER_FIELDS, changes)
    context.touch(customer)
    account.log_by_erply(customer, "create", _logged(given), context.user_name)
    return _saved(customer)


def delete_customer(context: Context) -> Found:
    """Removes a customer nothing refers to, with the addresses."""
    account = context.account
    customer = context.arguments.existing("customerID", account.customers)
    customer_id = customer["id"]
    employs = any(one["companyID"] == customer_id for one in list(account.customers.values()))
    if customer["documents"] or employs:
        raise ErplyError(IN_USE, "customerID")
    del account.customers[customer_id]
    account.deleted_customers.add(customer_id)
    for address in list(account.addresses.values()):
        if address["ownerID"] == customer_id:
            del account.addresses[address["id"]]
    account.log_by_erply(customer, "delete", ("all",), context.user_name)
    return found()


def _saved(customer: Record, *, already_exists: bool = False) -> Found:
    ids = {"customerID": customer["id"], "clientID": customer["id"]}
    return found({**ids, "alreadyExists": already_exists})


def _trimmed(arguments: Arguments) -> Arguments:
    if not arguments.flag("trimInputData"):
        return arguments
    return Arguments(
        {name: value.strip() if name in TRIMMED else value for name, value in arguments.items()}
    )


def _changes(account: Account, arguments: Arguments, current: Record | None) -> Record:
    """What the parameters change; refused as a whole when one of them cannot be."""
    changes: Record = {
        name: arguments.text(name, longest) for name, longest in TEXTS.items() if name in arguments
    }
    if "gender" in arguments:
        changes["gender"] = arguments.choice("gender", ("male", "female", ""))
    if "birthday" in arguments:
        changes["birthday"] = arguments.day("birthday")
    if "emailOptOut" in arguments:
        changes["emailOptOut"] = int(arguments.choice("emailOptOut", ("0", "1")))
    changes |= _named(changes, current)
    changes |= _related(account, arguments, current)
    changes |= _log_in(account, arguments, current)
    changes |= _attributes(arguments, current)
    return changes


def _named(changes: Record, current: Record | None) -> Record:
    """The name in its parts; a customer cannot be without any."""
    whole = changes.pop("fullName", "")
    if current is None:
        kind = "COMPANY" if changes.get("companyName") else "PERSON"
    else:
        kind = current["customerType"]
    names: Record = {"customerType": kind}
    if whole and kind == "COMPANY":
        names["companyName"] = changes.get("companyName") or whole
    elif whole:
        last, comma, first = whole.partition(",")
        if not comma:
            first, _space, last = whole.rpartition(" ")
        names |= {"firstName": first.strip(), "lastName": last.strip()}
    if not full_name({**dict.fromkeys(NAMES, ""), **(current or {}), **changes, **names}):
        raise ErplyError(MISSING, "companyName" if kind == "COMPANY" else "lastName")
    return names


def _related(account: Account, arguments: Arguments, current: Record | None) -> Record:
    related: Record = {}
    group_id = arguments.integer("groupID")
    if group_id == 0 and current is not None:
        raise ErplyError(WRONG_VALUE, "groupID")
    if group_id:
        related["groupID"] = arguments.existing("groupID", account.groups)["id"]
    for name in ("companyID", "payerID"):
        number = arguments.integer(name)
        if number:
            arguments.existing(name, account.customers)
        if number is not None:
            related[name] = number
    return related


def _log_in(account: Account, arguments: Arguments, current: Record | None) -> Record:
    log_in: Record = {}
    if "username" in arguments:
        user_name = arguments.text("username", 255)
        if any(
            one["webshopUsername"] == user_name and one is not current for one in account.members()
        ):
            raise ErplyError(NOT_UNIQUE, "username")
        log_in["webshopUsername"] = user_name
    if password := arguments.get("password"):  # an empty one changes nothing: it cannot be removed
        _check_strength(password)
        log_in["password"] = password
    return log_in


def _check_strength(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise ErplyError(PASSWORD_TOO_SHORT, "password")
    if not any(character.isalpha() for character in password):
        raise ErplyError(PASSWORD_WITHOUT_LETTERS, "password")
    if not any(character.isdigit() for character in password):
        raise ErplyError(PASSWORD_WITHOUT_DIGITS, "password")


def _attributes(arguments: Arguments, current: Record | None) -> Record:
    numbers = [found[1] for name in arguments if (found := _ATTRIBUTE.fullmatch(name))]
    if not numbers:
        return {}
    attributes: dict[str, dict[str, Any]] = {
        one["attributeName"]: one for one in (current or {}).get("attributes", [])
    }
    for number in numbers:
        name = arguments[f"attributeName{number}"]
        attributes[name] = {
            "attributeName": name,
            "attributeType": arguments.get(f"attributeType{number}") or "text",
            "attributeValue": arguments.get(f"attributeValue{number}", ""),
        }
    return {"attributes": list(attributes.values())}


def _twin(account: Account, changes: Record) -> Record | None:
    """The customer who is there already, name, e-mail, phone and code alike."""
    if not changes.get("email") and not changes.get("code"):
        return None
    for customer in list(account.customers.values()):
        if all(customer[name] == changes.get(name, "") for name in SAME):
            return customer
    return None


def _logged(changes: Record) -> tuple[str, ...]:
    """The kinds of personal data touched, in the log's own order and words."""
    return tuple(dict.fromkeys(kind for name, kind in LOGGED_AS.items() if name in changes))
