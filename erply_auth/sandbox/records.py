"""What customers, addresses and groups look like: their fields, defaults and derived values.

Records are plain dictionaries under Erply's own field names. `password`, `documents` (how many
documents refer to the customer) and `pointOfSaleID` (the till of a default customer, 0 for
every till) exist in the sandbox only and never leave it.
"""

import copy
from typing import Any

Record = dict[str, Any]

BASIC_FIELDS: dict[str, Any] = {
    "customerType": "PERSON",
    "companyName": "",
    "firstName": "",
    "lastName": "",
    "gender": "",
    "groupID": 0,
    "countryID": "0",
    "payerID": 0,
    "phone": "",
    "mobile": "",
    "email": "",
    "fax": "",
    "code": "",
    "birthday": "",
    "integrationCode": "",
    "flagStatus": 0,
    "colorStatus": "",
    "taxExempt": 0,
    "isPOSDefaultCustomer": 0,
    "euCustomerType": "DOMESTIC",
    "credit": 0,
    "salesBlocked": 0,
    "referenceNumber": "",
    "customerCardNumber": "",
    "rewardPointsDisabled": 0,
    "posCouponsDisabled": 0,
    "emailOptOut": 0,
    "lastModifierUsername": "",
}
DETAIL_FIELDS: dict[str, Any] = {
    "vatNumber": "",
    "skype": "",
    "website": "",
    "webshopUsername": "",
    "webshopLastLogin": "",
    "bankName": "",
    "bankAccountNumber": "",
    "bankIBAN": "",
    "bankSWIFT": "",
    "companyID": 0,
    "paymentDays": 0,
    "priceListID": 0,
    "notes": "",
    "lastModified": 0,
    "added": 0,
    "attributes": [],
}
BALANCE_FIELDS: dict[str, Any] = {
    "actualBalance": 0,
    "creditLimit": 0,
    "availableCredit": 0,
    "creditAllowed": 0,
}
OWN_FIELDS: dict[str, Any] = {"password": "", "documents": 0, "pointOfSaleID": 0}  # nosec B105
ADDRESS_FIELDS: dict[str, Any] = {
    "ownerID": 0,
    "typeID": 0,
    "street": "",
    "address2": "",
    "city": "",
    "postalCode": "",
    "state": "",
    "country": "",
    "added": 0,
    "lastModified": 0,
    "lastModifierUsername": "",
    "attributes": [],
}
GROUP_FIELDS: dict[str, Any] = {
    "parentID": 0,
    "name": "",
    "pricelistID": 0,
    "pricelistID2": 0,
    "pricelistID3": 0,
    "pricelistID4": 0,
    "pricelistID5": 0,
    "added": 0,
    "lastModified": 0,
}
CUSTOMER_FIELDS = {**BASIC_FIELDS, **DETAIL_FIELDS, **BALANCE_FIELDS, **OWN_FIELDS}


def complete(defaults: dict[str, Any], fields: dict[str, Any]) -> Record:
    """A record with every field; its lists are its own."""
    return {
        name: copy.deepcopy(value) if isinstance(value, list) else value
        for name, value in {**defaults, **fields}.items()
    }


def full_name(customer: Record) -> str:
    """ "Last, First" of a person, the name of a company."""
    if customer["customerType"] == "COMPANY":
        return str(customer["companyName"])
    return ", ".join(filter(None, (customer["lastName"], customer["firstName"])))


def one_line(address: Record) -> str:
    """The whole address in one line."""
    place = " ".join(filter(None, (address["city"], address["postalCode"])))
    parts = (address["street"], address["address2"], place, address["state"], address["country"])
    return ", ".join(filter(None, parts))


def localized(record: Record, language: str) -> str:
    """The record's name in a language (`eng`, `est`, …), the plain one where it has none."""
    return str(record.get(f"name{language.upper()}") or record["name"])
