"""The app's settings: one frozen, typed dataclass, read from `settings.ERPLY_AUTH`, and its only
reader. A key of ERPLY_AUTH is a field's name in capitals.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.signals import setting_changed
from django.core.validators import validate_email

from .erply.transport import check_url

_CLIENT_CODE = re.compile(r"[A-Za-z0-9]{1,32}")
_COUNTRY = re.compile(r"([A-Z]{2})?")
_SITE_URL = re.compile(r"(https?://[^\s/?#@]+(/[^\s?#]*)?)?")
_LONGEST_SESSION = 86400
_LONGEST_VERSION = 64
_LARGEST = 10**9
_LISTS: dict[Any, tuple[type, str]] = {
    tuple[int, ...]: (int, "whole numbers"),
    tuple[str, ...]: (str, "strings"),
}

APIS = ("auto", "classic", "crm")
UNIX_SOCKET = "unix"
COUNTRY_FORMATS = ("name", "code")
LOG_DELIVERIES = ("none", "reads", "all")
ERASURES = ("delete", "empty", "request")


class ErplyConfigurationError(ImproperlyConfigured):
    """ERPLY_AUTH says something that cannot be meant. The message names the key, not its value."""


def _setting(
    help_text: str, default: Any = dataclasses.MISSING, *, secret: bool = False, zero: bool = False
) -> Any:
    """A setting's default, its line in the documentation, and whether 0 is a number for it."""
    metadata = {"help": help_text, "zero": zero}
    return dataclasses.field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class ErplySettings:
    """What a host project can set. Times are seconds."""

    client_code: str = _setting("The Erply account's client code.")
    username: str = _setting("The API user's name in Erply.")
    password: str = _setting("The API user's password.", secret=True)
    api_url: str = _setting(
        "The classic API's address. Empty: `https://{CLIENT_CODE}.erply.com/api/`.", ""
    )
    crm_url: str = _setting("The CRM API's address. Empty: asked of Erply.", "")
    customer_api: str = _setting(
        "Which API serves customers and groups: `classic`, `crm`, or `auto`, which is the classic "
        "one until it says that the registry has left it.",
        "auto",
    )
    address_api: str = _setting("The same for addresses and their types.", "auto")
    ca_bundle: str = _setting(
        "A file of CA certificates to trust instead of the usual ones. Verification has no switch.",
        "",
    )
    environment_proxies: bool = _setting(
        "Whether to use the proxies that the environment names (`HTTPS_PROXY` and the like).", False
    )
    connect_timeout: float = _setting("How long connecting may take.", 3.0)
    read_timeout: float = _setting(
        "How long Erply may be silent in the middle of an answer, bulk requests excepted.",
        5.0,
    )
    call_timeout: float = _setting("How long a call may take in all.", 8.0)
    bulk_timeout: float = _setting("How long a bulk request may take in all.", 30.0)
    max_answer_bytes: int = _setting("The largest answer that is read.", 8 * 1024 * 1024)
    session_length: int = _setting("How long a session key is asked to last, up to 86400.", 86400)
    cache_alias: str = _setting(
        "The Django cache that all processes share: session key, groups, address types, and for up "
        "to an hour the cards of members.",
        "default",
    )
    reference_seconds: int = _setting(
        "How long groups, address types and the walk-in customer's id count as fresh.", 3600
    )
    points_of_sale: tuple[int, ...] = _setting(
        "Ids of the tills that have a walk-in customer of their own.", ()
    )
    mirror_groups: bool = _setting(
        "Whether a member is put into a Django group that mirrors their Erply group.", True
    )
    group_prefix: str = _setting("What the names of mirrored groups begin with.", "Erply: ")
    group_ancestors: bool = _setting(
        "Whether membership of a group counts for the groups above it too.", False
    )
    plain_credentials: bool = _setting(
        "Whether `authenticate(username=…, password=…)` reaches Erply as well. Off, a staff "
        "password typed into the admin never leaves the house.",
        False,
    )
    session_idle_seconds: int = _setting(
        "How long a member's session may be unused before it ends.", 8 * 3600
    )
    session_max_seconds: int = _setting(
        "How long a member's session may last, however much it is used. It ends with the browser "
        "in any case.",
        24 * 3600,
    )
    remember_idle_seconds: int = _setting(
        "How long it may be unused when the member has ticked 'stay logged in'.", 7 * 86400
    )
    remember_seconds: int = _setting(
        "How long it may last then, the browser closed or not.", 14 * 86400
    )
    card_seconds: int = _setting(
        "How long overview and address list may show what was read before. 0: read every time.",
        60,
        zero=True,
    )
    country: str = _setting(
        "ISO code of the shop's country: new addresses start with it, and phone and VAT numbers "
        "without a prefix are taken to be of it.",
        "",
    )
    country_format: str = _setting(
        "How the shop stores an address's country: `name` (in English) or `code` (ISO).", "name"
    )
    contacts_edit_addresses: bool = _setting(
        "Whether a company's contact person may change the company's addresses.", False
    )
    log_key: str = _setting(
        "The key of the processing log's authentication codes and seals: long, random, kept apart "
        "from SECRET_KEY and out of the database. Needed unless DEBUG is on.",
        "",
        secret=True,
    )
    log_key_fallbacks: tuple[str, ...] = _setting(
        "Keys that LOG_KEY has replaced, which still verify what was written under them.",
        (),
        secret=True,
    )
    log_delivery: str = _setting(
        "What `erply_deliver_log` tells Erply's own log: `all` that Erply does not log itself, "
        "just the `reads` among it, or `none`.",
        "all",
    )
    hourly_quota: int = _setting(
        "How many units of the account's hourly request quota this site may count on. Ask Erply; "
        "what other programs of the shop need comes off.",
        6000,
    )
    quota_reserve: int = _setting(
        "How many of them are kept for members who have logged in here before. What can wait and "
        "guesses wait when no more are left. 0: none are kept.",
        600,
        zero=True,
    )
    guesses_per_name: int = _setting(
        "How many wrong passwords for one user name Erply judges in an hour before each further "
        "one has to wait.",
        8,
    )
    guesses_per_address: int = _setting(
        "The same for one client address and any names, in a quarter of an hour.", 9
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "Addresses or networks of your own proxies, whose `X-Forwarded-For` tells the client's "
        "address; `unix` is a proxy on a Unix socket.",
        (),
    )
    members_group: str = _setting(
        "The customer group that `erply_setup` makes for members.", "Web shop members"
    )
    site_url: str = _setting(
        "What links in mails begin with, such as `https://shop.example.com`. Required unless "
        "Django's `DEBUG` is on.",
        "",
    )
    reset_seconds: int = _setting("How long a mailed link for a new password works.", 3600)
    registration: bool = _setting("Whether visitors can become customers by themselves.", False)
    registration_seconds: int = _setting(
        "How long the mailed link that ends a registration works.", 86400
    )
    registration_group: int = _setting(
        "Id of the customer group for those who register. 0: the group named in `MEMBERS_GROUP`.",
        0,
        zero=True,
    )
    policy_url: str = _setting("The policy that whoever registers accepts, linked there.", "")
    policy_version: str = _setting("Its version, kept with each acceptance; 64 characters.", "")

    privacy_email: str = _setting(
        "Where members' requests about their data are mailed to, and whom their pages tell them to "
        "write to. Empty: they are told to contact the shop.",
        "",
    )
    erasure: str = _setting(
        "What a member's deletion of their account does: `delete` removes the customer, or empties "
        "the record where invoices refer to it; `empty` always empties it; `request` only asks the "
        "shop.",
        "delete",
    )
    erase_companies: bool = _setting(
        "Whether companies and their contact persons may delete themselves, too. Otherwise they "
        "send a request.",
        False,
    )
    erase_debtors: bool = _setting(
        "Whether customers who owe something may delete themselves, or those whose balance Erply "
        "does not tell, as on the CRM API. Otherwise they send a request.",
        False,
    )
    erased_name: str = _setting("The name that an emptied record gets.", "Deleted customer")

    @classmethod
    def from_mapping(cls, mapping: Any) -> ErplySettings:
        """The settings in a dict of upper-case keys. Raises ErplyConfigurationError."""
        if not isinstance(mapping, Mapping):
            raise ErplyConfigurationError("ERPLY_AUTH must be a dict.")
        fields = {field.name.upper(): field for field in dataclasses.fields(cls)}
        _refuse_unknown(mapping, fields)
        for key, field in fields.items():
            if field.default is dataclasses.MISSING and mapping.get(key, "") == "":
                raise ErplyConfigurationError(f"ERPLY_AUTH[{key!r}] is missing.")
        hints = get_type_hints(cls)
        values = {
            fields[key].name: _typed(key, hints[fields[key].name], value)
            for key, value in mapping.items()
        }
        return cls(**values)

    def __post_init__(self) -> None:
        """Raises ErplyConfigurationError for the first value that cannot be meant."""
        checks = (
            ("CLIENT_CODE", _CLIENT_CODE.fullmatch(self.client_code), "must be letters and digits"),
            ("CA_BUNDLE", _is_ca_bundle(self.ca_bundle), "must be a file of CA certificates"),
            ("SESSION_LENGTH", self.session_length <= _LONGEST_SESSION, "is at most 86400"),
            ("CUSTOMER_API", self.customer_api in APIS, "must be `auto`, `classic` or `crm`"),
            ("ADDRESS_API", self.address_api in APIS, "must be `auto`, `classic` or `crm`"),
            ("COUNTRY", _COUNTRY.fullmatch(self.country), "must be two capital letters"),
            ("SITE_URL", _SITE_URL.fullmatch(self.site_url), "must be an address without a query"),
            ("POLICY_VERSION", len(self.policy_version) <= _LONGEST_VERSION, "is too long"),
            ("COUNTRY_FORMAT", self.country_format in COUNTRY_FORMATS, "must be `name` or `code`"),
            (
                "LOG_DELIVERY",
                self.log_delivery in LOG_DELIVERIES,
                "must be `none`, `reads` or `all`",
            ),
            ("LOG_KEY_FALLBACKS", all(self.log_key_fallbacks), "must not hold an empty key"),
            ("ERASURE", self.erasure in ERASURES, "must be `delete`, `empty` or `request`"),
            ("ERASED_NAME", 0 < len(self.erased_name.strip()) < 256, "must be a name"),
            ("PRIVACY_EMAIL", _is_email(self.privacy_email), "must be an e-mail address"),
            ("TRUSTED_PROXIES", all(map(_is_proxy, self.trusted_proxies)), "must be networks"),
            *(
                _number_check(field, getattr(self, field.name))
                for field in dataclasses.fields(self)
            ),
            ("QUOTA_RESERVE", self.quota_reserve < self.hourly_quota, "must be below HOURLY_QUOTA"),
        )
        for key, valid, rule in checks:
            if not valid:
                raise ErplyConfigurationError(f"ERPLY_AUTH[{key!r}] {rule}.")
        for key, url in (("API_URL", self.classic_url), ("CRM_URL", self.crm_url)):
            try:
                check_url(url or self.classic_url)
            except ValueError as error:
                raise ErplyConfigurationError(f"ERPLY_AUTH[{key!r}] {error}.") from error

    @property
    def classic_url(self) -> str:
        """The classic API's address."""
        return self.api_url or f"https://{self.client_code}.erply.com/api/"


def _is_proxy(text: str) -> bool:
    try:
        return text == UNIX_SOCKET or bool(ipaddress.ip_network(text))
    except ValueError:
        return False


def _is_ca_bundle(path: str) -> bool:
    try:
        return not path or bool(ssl.create_default_context(cafile=path))
    except (OSError, ValueError):
        return False


def _is_email(value: str) -> bool:
    try:
        if value:
            validate_email(value)
    except ValidationError:
        return False
    return True


def _number_check(field: Any, value: Any) -> tuple[str, bool, str]:
    """Numbers are seconds or bytes: above 0 unless 0 means never, and finite."""
    if type(value) not in (int, float):
        return field.name.upper(), True, ""
    if field.metadata["zero"]:
        return field.name.upper(), 0 <= value < _LARGEST, "must not be negative"
    return field.name.upper(), 0 < value < _LARGEST, "must be above 0"


def _refuse_unknown(mapping: Mapping[Any, Any], fields: Mapping[str, Any]) -> None:
    for key in mapping:
        if key not in fields:
            near = difflib.get_close_matches(str(key).upper(), fields, n=1, cutoff=0.0)
            raise ErplyConfigurationError(
                f"ERPLY_AUTH[{key!r}] is not a setting. Did you mean {near[0]!r}?"
            )


def _typed(key: str, kind: Any, value: Any) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if kind in _LISTS:
        item_type, items = _LISTS[kind]
        if isinstance(value, list | tuple) and all(type(item) is item_type for item in value):
            return tuple(value)
        raise ErplyConfigurationError(f"ERPLY_AUTH[{key!r}] must be a list of {items}.")
    if type(value) is not kind:
        raise ErplyConfigurationError(f"ERPLY_AUTH[{key!r}] must be of type {kind.__name__}.")
    return value


@functools.cache
def get_settings() -> ErplySettings:
    """The settings in force. Raises ErplyConfigurationError."""
    return ErplySettings.from_mapping(getattr(settings, "ERPLY_AUTH", {}))


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "ERPLY_AUTH":
        get_settings.cache_clear()


setting_changed.connect(_forget)
