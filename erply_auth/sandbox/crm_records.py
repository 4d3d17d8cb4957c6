"""What the CRM API calls the account's records and their fields, and how it types them.

A word of the CRM API stands beside the parameter under which the classic side takes it in, and
beside the field under which the account keeps it.
"""

from typing import Any, NamedTuple

from .errors import MALFORMED, WRONG_FORMAT, ErplyError
from .records import Record, full_name, localized

NO_DAY = "0000-00-00"


class Word(NamedTuple):
    """One field: its type here, the classic parameter, the field of the stored record."""

    kind: type
    parameter: str
    stored: str


def _word(kind: type, parameter: str, stored: str = "") -> Word:
    return Word(kind, parameter, stored or parameter)


CUSTOMER_WORDS = {
    "customerGroupId": _word(int, "groupID"),
    "employerId": _word(int, "companyID"),
    "firstName": _word(str, "firstName"),
    "lastName": _word(str, "lastName"),
    "fullName": _word(str, "fullName"),
    "businessName": _word(str, "companyName"),
    "code": _word(str, "code"),
    "birthDate": _word(str, "birthday"),
    "vatNumber": _word(str, "vatNumber"),
    "mail": _word(str, "email"),
    "phone": _word(str, "phone"),
    "mobile": _word(str, "mobile"),
    "fax": _word(str, "fax"),
    "skype": _word(str, "skype"),
    "website": _word(str, "website"),
    "notes": _word(str, "notes"),
    "webShopUsername": _word(str, "username", "webshopUsername"),
    "webShopPassword": _word(str, "password"),
    "bankName": _word(str, "bankName"),
    "bankAccountNumber": _word(str, "bankAccountNumber"),
    "bankIban": _word(str, "bankIBAN"),
    "bankSwiftCode": _word(str, "bankSWIFT"),
    "emailOptOut": _word(bool, "emailOptOut"),
    "gender": _word(str, "gender"),
    "salesDisabled": _word(bool, "", "salesBlocked"),
    "loyaltyCardNumber": _word(str, "", "customerCardNumber"),
    "priceListId": _word(int, "", "priceListID"),
}
ADDRESS_WORDS = {
    "customerId": _word(int, "ownerID"),
    "typeId": _word(int, "typeID"),
    "street": _word(str, "street"),
    "address2": _word(str, "address2"),
    "city": _word(str, "city"),
    "postCode": _word(str, "postalCode"),
    "state": _word(str, "state"),
    "country": _word(str, "country"),
}
GROUP_WORDS = {
    "name": _word(str, "name"),
    "parentId": _word(int, "parentID"),
    "priceListId": _word(int, "pricelistID"),
    **{f"priceListId{n}": _word(int, f"pricelistID{n}") for n in range(2, 6)},
}
_NOT_SHOWN = ("fullName", "webShopPassword")


def read_body(words: dict[str, Word], body: Any) -> Record:
    """The known fields of a JSON object; a value of another type is refused, null is nothing."""
    if not isinstance(body, dict):
        raise ErplyError(MALFORMED)
    return {
        name: _checked(name, words[name].kind, value)
        for name, value in body.items()
        if name in words
    }


def _checked(name: str, kind: type, value: Any) -> Any:
    if value is None:
        return kind()
    # A boolean is an int to Python, and none to the CRM API.
    if type(value) is not kind:
        raise ErplyError(WRONG_FORMAT, name)
    return value


def parameters_of(words: dict[str, Word], fields: Record) -> dict[str, str]:
    """The fields as the classic side's parameters."""
    return {
        words[name].parameter: str(int(value)) if isinstance(value, bool) else str(value)
        for name, value in fields.items()
        if words[name].parameter
    }


def customer(record: Record) -> Record:
    """A customer, without addresses, contact persons and balance."""
    shown = {name: word for name, word in CUSTOMER_WORDS.items() if name not in _NOT_SHOWN}
    return {
        "id": record["id"],
        "customerType": record["customerType"],
        "fullName": full_name(record),
        **_shown(shown, record),
        "birthDate": None if record["birthday"] in ("", NO_DAY) else record["birthday"],
        **_times(record),
    }


def address(record: Record) -> Record:
    """An address; the name of its type is not in it."""
    return {"id": record["id"], **_shown(ADDRESS_WORDS, record), **_times(record)}


def group(record: Record, language: str) -> Record:
    """A customer group."""
    fields = {**_shown(GROUP_WORDS, record), "name": localized(record, language)}
    return {"id": record["id"], **fields, "added": record["added"], "changed": _changed(record)}


def address_type(record: Record, language: str) -> Record:
    """An address type."""
    return {
        "id": record["id"],
        "name": localized(record, language),
        "activelyUsed": bool(record["activelyUsed"]),
        "added": record["added"],
        "changed": _changed(record),
    }


def _shown(words: dict[str, Word], record: Record) -> Record:
    return {name: word.kind(record[word.stored]) for name, word in words.items()}


def _times(record: Record) -> Record:
    return {
        "added": record["added"],
        "changed": _changed(record),
        "changedBy": record["lastModifierUsername"],
    }


def _changed(record: Record) -> int:
    return int(record["lastModified"])
