"""Erply's classic words turned into our records: the one place that knows its field names.

Raises Malformed where a record lacks what it cannot do without.
"""

from __future__ import annotations

from typing import Any

from .records import (
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
    Processing,
    Raw,
    amount,
    day,
    flag,
    identifier,
    number,
    text,
    told,
)

CUSTOMER_WORDS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "company_name": "companyName",
    "vat_number": "vatNumber",
    "email": "email",
    "phone": "phone",
    "mobile": "mobile",
    "birthday": "birthday",
    "gender": "gender",
    "email_opt_out": "emailOptOut",
    "code": "code",
    "fax": "fax",
    "skype": "skype",
    "website": "website",
    "notes": "notes",
    "bank_name": "bankName",
    "bank_account": "bankAccountNumber",
    "bank_iban": "bankIBAN",
    "bank_swift": "bankSWIFT",
    "username": "username",
    "password": "password",  # nosec B105
}
"""What of a customer can be saved, by our names."""

ADDRESS_WORDS = {
    "type_id": "typeID",
    "street": "street",
    "address2": "address2",
    "city": "city",
    "postal_code": "postalCode",
    "state": "state",
    "country": "country",
}
"""What of an address can be saved, by our names."""

LANGUAGES = {
    "en": "eng",
    "et": "est",
    "lv": "lat",
    "lt": "lit",
    "fi": "fin",
    "sv": "swe",
    "ru": "rus",
    "de": "ger",
    "es": "spa",
    "el": "gre",
}
"""Erply's words for the languages in which it can hold a name, by ISO code."""

_LOG_WORDS = frozenset(
    (
        *(
            "name",
            "phone",
            "mobilePhone",
            "fax",
            "email",
            "address",
            "nationalIdentificationNumber",
        ),
        *("dateOfBirth", "gender", "bankAccount", "employer", "skype", "payer", "website"),
        *("licencePlate", "VIN", "all"),
    )
)
"""The only names of fields that Erply's processing log takes."""
_LOG_SYNONYMS = {"vatNumber": "nationalIdentificationNumber", "emailOptOut": "email"}


def language_word(language: str) -> str:
    """Erply's word for a language by its code, region or not; "" for one it does not know."""
    word = LANGUAGES.get(language.partition("-")[0], language)
    return word if word in LANGUAGES.values() else ""


def identity(raw: Raw) -> CustomerIdentity:
    """A record of verifyCustomerUser, whose every value is a string."""
    name = text(raw, "clientName")
    people_say = f"{text(raw, 'clientFirstName')} {text(raw, 'clientLastName')}".strip()
    return CustomerIdentity(
        customer_id=identifier(raw, "clientID"),
        username=text(raw, "clientUsername"),
        name=people_say or name,
        group_id=number(raw, "clientGroupID"),
        group_name=text(raw, "clientGroupName"),
        company_id=number(raw, "companyID"),
        company_name=text(raw, "companyName"),
    )


def card(raw: Raw) -> Card:
    """A record of getCustomers with detail, and whatever else was asked for with it."""
    return Card(
        customer=customer(raw),
        balance=Balance(
            owed=amount(raw, "actualBalance"),
            credit_limit=amount(raw, "creditLimit"),
            available_credit=amount(raw, "availableCredit"),
        ),
        addresses=tuple(address(item) for item in _items(raw, "addresses")),
        contacts=tuple(contact(item) for item in _items(raw, "contactPersons")),
    )


def particulars(raw: Raw) -> Particulars:
    """What else a record of getCustomers with detail holds."""
    return Particulars(
        fax=text(raw, "fax"),
        skype=text(raw, "skype"),
        website=text(raw, "website"),
        notes=text(raw, "notes"),
        bank_name=text(raw, "bankName"),
        bank_account=text(raw, "bankAccountNumber"),
        bank_iban=text(raw, "bankIBAN"),
        bank_swift=text(raw, "bankSWIFT"),
        attributes=tuple(attribute(item) for item in _items(raw, "attributes")),
    )


def attribute(raw: Raw) -> Attribute:
    """One of the fields that the shop has added to a record."""
    return Attribute(
        name=text(raw, "attributeName"),
        kind=text(raw, "attributeType"),
        value=text(raw, "attributeValue"),
    )


def customer(raw: Raw) -> Customer:
    """A record of getCustomers, with detail."""
    return Customer(
        customer_id=customer_id(raw),
        is_company=text(raw, "customerType").upper() == "COMPANY",
        is_default=flag(raw, "isPOSDefaultCustomer"),
        full_name=text(raw, "fullName"),
        first_name=text(raw, "firstName"),
        last_name=text(raw, "lastName"),
        company_name=text(raw, "companyName"),
        username=text(raw, "webshopUsername"),
        group_id=number(raw, "groupID"),
        group_name=text(raw, "groupName"),
        gender=text(raw, "gender").lower(),
        birthday=day(raw, "birthday"),
        code=text(raw, "code"),
        vat_number=text(raw, "vatNumber"),
        email=text(raw, "email"),
        phone=text(raw, "phone"),
        mobile=text(raw, "mobile"),
        email_opt_out=flag(raw, "emailOptOut"),
        card_number=text(raw, "customerCardNumber"),
        company_id=number(raw, "companyID"),
        employer_name=text(raw, "employerName"),
    )


def whole_customer(raw: Raw) -> Customer:
    """The same. Malformed if it leaves out what would then pass for being empty."""
    told(raw, ("fullName", "webshopUsername", "groupID", "groupName", "companyID"))
    return customer(raw)


def customer_id(raw: Raw) -> int:
    """The customer's id, which getCustomers calls both `customerID` and `id`."""
    return identifier(raw, "customerID" if "customerID" in raw else "id")


def address(raw: Raw) -> Address:
    """An address of getAddresses or of a customer's record."""
    return Address(
        address_id=identifier(raw, "addressID"),
        type_id=number(raw, "typeID"),
        type_name=text(raw, "typeName"),
        street=text(raw, "street"),
        address2=text(raw, "address2"),
        city=text(raw, "city"),
        postal_code=text(raw, "postalCode"),
        state=text(raw, "state"),
        country=text(raw, "country"),
    )


def owner_id(raw: Raw) -> int:
    """Whose address a record of getAddresses is."""
    return identifier(raw, "ownerID")


def contact(raw: Raw) -> ContactPerson:
    """A contact person in a company's record."""
    name = f"{text(raw, 'firstName')} {text(raw, 'lastName')}".strip()
    return ContactPerson(
        customer_id=identifier(raw, "contactPersonID"),
        name=name or text(raw, "fullName"),
        phone=text(raw, "phone"),
        email=text(raw, "email"),
    )


def group(raw: Raw) -> CustomerGroup:
    """A record of getCustomerGroups."""
    return CustomerGroup(
        group_id=identifier(raw, "customerGroupID"),
        parent_id=number(raw, "parentID"),
        name=text(raw, "name"),
    )


def address_type(raw: Raw) -> AddressType:
    """A record of getAddressTypes."""
    return AddressType(
        type_id=identifier(raw, "id"), name=text(raw, "name"), in_use=flag(raw, "activelyUsed")
    )


def _items(raw: Raw, key: str) -> list[Any]:
    value = raw.get(key) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Malformed(key)
    return value


def processing(one: Processing) -> dict[str, str]:
    """The parameters of logProcessingOfCustomerData."""
    words = dict.fromkeys(_LOG_SYNONYMS.get(field, field) for field in one.fields)
    known = [word for word in words if word in _LOG_WORDS]
    return {
        "customerIDs": ",".join(map(str, one.customer_ids)),
        "activityType": one.activity,
        "description": one.purpose,
        # Rather too much than nothing of a field that Erply's log has no word for.
        "fields": ",".join(known) or "all",
    }
