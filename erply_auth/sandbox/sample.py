"""The account's sample data: an Estonian shop's customers, groups and addresses.

Every person, company, number and address here is made up.
"""

from typing import Any

_DAY = 86400
_OPENED = 1_577_836_800  # 2020-01-01, when the account was opened


def _since(day: int, changed: int) -> dict[str, int]:
    return {"added": _OPENED + day * _DAY, "lastModified": _OPENED + changed * _DAY}


GROUPS: list[dict[str, Any]] = [
    {
        "id": 1,
        "name": "Retail",
        "nameENG": "Retail",
        "nameEST": "Jaekliendid",
        **_since(0, 0),
    },
    {
        "id": 2,
        "name": "Members",
        "nameENG": "Members",
        "nameEST": "Püsikliendid",
        "pricelistID": 2,
        **_since(0, 400),
    },
    {
        "id": 3,
        "parentID": 2,
        "name": "Gold",
        "nameENG": "Gold",
        "nameEST": "Kuldkliendid",
        "pricelistID": 3,
        "pricelistID2": 2,
        **_since(10, 420),
    },
    {
        "id": 4,
        "name": "Business",
        "nameENG": "Business",
        "nameEST": "Ärikliendid",
        "pricelistID": 4,
        **_since(0, 30),
    },
]

ADDRESS_TYPES: list[dict[str, Any]] = [
    {
        "id": 1,
        "name": "Registered address",
        "nameENG": "Registered address",
        "nameEST": "Juriidiline aadress",
        "activelyUsed": 1,
        **_since(0, 0),
    },
    {
        "id": 2,
        "name": "Delivery address",
        "nameENG": "Delivery address",
        "nameEST": "Tarneaadress",
        "activelyUsed": 1,
        **_since(0, 0),
    },
    {
        "id": 3,
        "name": "Billing address",
        "nameENG": "Billing address",
        "nameEST": "Arveaadress",
        "activelyUsed": 1,
        **_since(0, 200),
    },
    {
        "id": 4,
        "name": "Summer cottage",
        "nameENG": "Summer cottage",
        "nameEST": "Suvila",
        "activelyUsed": 0,
        **_since(5, 300),
    },
]

CUSTOMERS: list[dict[str, Any]] = [
    {
        "id": 1,
        "lastName": "POS customer",
        "groupID": 1,
        "isPOSDefaultCustomer": 1,
        "webshopUsername": "walkin",
        "password": "Sandbox-walkin-1",  # nosec B105
        "documents": 4711,
        **_since(0, 0),
    },
    {
        "id": 15,
        "firstName": "Mari",
        "lastName": "Maasikas",
        "gender": "female",
        "groupID": 2,
        "countryID": "1",
        "phone": "+372 600 0015",
        "mobile": "+372 5500 0015",
        "email": "mari.maasikas@example.ee",
        "code": "48807150015",
        "birthday": "1988-07-15",
        "customerCardNumber": "3720000000158",
        "webshopUsername": "person",
        "password": "Sandbox-person-1",  # nosec B105
        "bankName": "Näidispank",
        "bankIBAN": "EE382200221020145685",
        "bankSWIFT": "NAIDEE2X",
        "notes": "Prefers parcel lockers.",
        "attributes": [
            {"attributeName": "shoeSize", "attributeType": "int", "attributeValue": "38"}
        ],
        "actualBalance": -12.5,
        "creditLimit": 0,
        "availableCredit": 12.5,
        **_since(40, 900),
    },
    {
        "id": 20,
        "customerType": "COMPANY",
        "companyName": "Kuuse Aiakaubad OÜ",
        "groupID": 4,
        "countryID": "1",
        "phone": "+372 600 0020",
        "email": "info@kuuseaed.example.ee;arved@kuuseaed.example.ee",
        "code": "12000020",
        "birthday": "0000-00-00",
        "vatNumber": "EE100000020",
        "website": "https://kuuseaed.example.ee/",
        "referenceNumber": "200000",
        "customerCardNumber": "3720000000202",
        "webshopUsername": "company",
        "password": "Sandbox-company-1",  # nosec B105
        "bankName": "Näidispank",
        "bankAccountNumber": "221020145685",
        "bankIBAN": "EE471000001020145685",
        "bankSWIFT": "NAIDEE2X",
        "paymentDays": 14,
        "priceListID": 4,
        "actualBalance": 349.9,
        "creditLimit": 1000,
        "availableCredit": 650.1,
        "creditAllowed": 1,
        "documents": 12,
        **_since(60, 880),
    },
    {
        "id": 21,
        "firstName": "Peeter",
        "lastName": "Pärn",
        "gender": "male",
        "groupID": 4,
        "countryID": "1",
        "companyID": 20,
        "mobile": "+372 5500 0021",
        "email": "peeter@kuuseaed.example.ee",
        "birthday": "0000-00-00",
        "webshopUsername": "contact",
        "password": "Sandbox-contact-1",  # nosec B105
        **_since(61, 700),
    },
    {
        "id": 30,
        "firstName": "Kalle",
        "lastName": "Kuld",
        "gender": "male",
        "groupID": 3,
        "countryID": "1",
        "phone": "+372 600 0030",
        "mobile": "+372 5500 0030",
        "email": "kalle.kuld@example.ee;kalle@kuld.example.ee",
        "birthday": "1975-02-03",
        "customerCardNumber": "3720000000301",
        "emailOptOut": 1,
        "webshopUsername": "gold",
        "password": "Sandbox-gold-1",  # nosec B105
        "actualBalance": 80,
        "creditLimit": 200,
        "availableCredit": 120,
        "creditAllowed": 1,
        "documents": 3,
        **_since(90, 950),
    },
    {
        "id": 41,
        "firstName": "Liina",
        "lastName": "Lepp",
        "gender": "female",
        "groupID": 1,
        "mobile": "+372 5500 0041",
        "email": "lepad@example.ee",
        **_since(100, 100),
    },
    {
        "id": 42,
        "firstName": "Tõnu",
        "lastName": "Lepp",
        "gender": "male",
        "groupID": 1,
        "email": "lepad@example.ee",
        "birthday": "1979-11-30",
        **_since(101, 300),
    },
    {
        "id": 43,
        "customerType": "COMPANY",
        "companyName": "Õunapuu Kohvik OÜ",
        "groupID": 4,
        "email": "kohvik@example.ee",
        "code": "12000043",
        "vatNumber": "EE100000043",
        "euCustomerType": "EU",
        "documents": 1,
        **_since(120, 400),
    },
    {
        "id": 44,
        "firstName": "Äli",
        "lastName": "Öövel",
        "groupID": 2,
        "phone": "+372 600 0044",
        "customerCardNumber": "3720000000448",
        **_since(130, 130),
    },
]


def _address(
    address_id: int, owner_id: int, type_id: int, street: str, city: str, postal_code: str
) -> dict[str, Any]:
    return {
        "id": address_id,
        "ownerID": owner_id,
        "typeID": type_id,
        "street": street,
        "city": city,
        "postalCode": postal_code,
        "country": "Estonia",
        **_since(owner_id, 800),
    }


ADDRESSES: list[dict[str, Any]] = [
    {**_address(101, 15, 1, "Näituse 7-3", "Tartu", "50409"), "state": "Tartumaa"},
    _address(102, 15, 2, "Pärnu mnt 15", "Tallinn", "10141"),
    _address(103, 15, 4, "Mere tee 2", "Käsmu", "45601"),
    _address(111, 20, 1, "Kuuse tee 1", "Elva", "61505"),
    {**_address(112, 20, 2, "Lao 4", "Tartu", "50115"), "address2": "Gate B"},
    _address(113, 20, 3, "Raamatupidaja 12", "Tallinn", "10145"),
    _address(121, 21, 2, "Aia 9-1", "Elva", "61507"),
    _address(131, 30, 1, "Kullassepa 5", "Tallinn", "10146"),
    _address(141, 41, 1, "Lepa 3", "Viljandi", "71012"),
]
