"""What both APIs are asked the same way for, and how what came of it is compared."""

import re
import uuid
from typing import Any

from django.core import mail
from django.test import Client

from erply_auth.connection import disconnect
from erply_auth.models import ProcessingEntry
from erply_auth.sandbox import Sandbox
from tests.app.support import configure as configure
from tests.app.support import log_in

DEPRECATED = (
    "saveCustomer",
    "deleteCustomer",
    "getAddresses",
    "getAddressTypes",
    "saveAddress",
    "deleteAddress",
    "getCustomerGroups",
    "saveCustomerGroup",
)
CLASSIC_ONLY = {
    "verifyUser",
    "verifyCustomerUser",
    "validateCustomerUsername",
    "getDefaultCustomer",
    "getServiceEndpoints",
    "logProcessingOfCustomerData",
}
MODES = ("classic", "crm", "auto-after-1120")
_CHANGING = re.compile(r'name="(csrfmiddlewaretoken|opened)" value="[^"]*"')
_BALANCE = re.compile(r'<section [^>]*aria-labelledby="balance">.*?</section>', re.DOTALL)
_CONTACTS = re.compile(r'<section [^>]*aria-labelledby="contacts">.*?</section>', re.DOTALL)
_TIMES = ("lastModified", "added", "webshopLastLogin")


def hide_what_is_kept(settings: Any) -> None:
    """An empty cache; to clear the one there is would empty that of parallel tests too."""
    cache = {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}
    settings.CACHES = {**settings.CACHES, "default": cache}


def serve_by(mode: str, erply: Sandbox, settings: Any) -> None:
    """Has this API serve from now on; with `auto-after-1120` the shop does not know it yet."""
    erply.classic_registry_gone = mode == "auto-after-1120"
    api = mode.partition("-")[0]
    configure(settings, CUSTOMER_API=api, ADDRESS_API=api)
    disconnect()


class Browser:
    """A member's browser that keeps what it is shown, without what differs each time."""

    def __init__(self, name: str) -> None:
        self.client = Client()
        self.seen: list[tuple[str, int, str, str]] = []
        self._keep("log-in", log_in(self.client, name))

    def get(self, path: str) -> Any:
        return self._keep(path, self.client.get(f"/account/{path}"))

    def send(self, path: str, **fields: str) -> Any:
        """Opens the form and posts what it holds with these fields changed."""
        return self.post(path, self.open(path), **fields)

    def open(self, path: str) -> dict[str, str]:
        """What an untouched form would post, so far as it matters."""
        page = self.get(path).content.decode()
        held = dict.fromkeys(re.findall(r'name="(\w+)"[^>]* checked', page), "on")
        held |= re.findall(r'name="(opened)" value="([^"]*)"', page)
        return held

    def post(self, path: str, held: dict[str, str], **fields: str) -> Any:
        data = {name: value for name, value in (held | fields).items() if value != "off"}
        return self._keep(path, self.client.post(f"/account/{path}", data))

    def _keep(self, path: str, answer: Any) -> Any:
        html = answer.content.decode()
        for pattern in (_CHANGING, _BALANCE, _CONTACTS):
            html = pattern.sub("", html)
        # What is left of a section is white space.
        html = re.sub(r"\s*\n\s*", "\n", html)
        self.seen.append((path, answer.status_code, answer.headers.get("Location", ""), html))
        return answer


class Outcome:
    """What a member saw, what Erply holds, what the log and the mails say."""

    def __init__(self, browser: Browser, erply: Sandbox, entries_before: int) -> None:
        self.pages = browser.seen
        self.records = [
            [{k: v for k, v in row.items() if k not in _TIMES} for row in table.values()]
            for table in (erply.customers, erply.addresses)
        ]
        self.mails = [(message.subject, message.to) for message in mail.outbox]
        columns = ("customer_id", "activity", "fields", "purpose", "actor", "outcome")
        new = ProcessingEntry.objects.filter(pk__gt=entries_before).order_by("pk")
        self.log = list(new.values_list(*columns))
        self.states = list(new.values_list("activity", "outcome", "erply_state"))
        self.calls = [call.name for call in erply.calls]


def run(mode: str, member: str, scenario: Any, erply: Sandbox, settings: Any) -> Outcome:
    """The scenario from the beginning: a fresh Erply, nothing kept, no mails."""
    erply.reset()
    hide_what_is_kept(settings)
    mail.outbox.clear()
    serve_by(mode, erply, settings)
    last = ProcessingEntry.objects.order_by("pk").last()
    browser = Browser(member)
    scenario(browser, erply)
    return Outcome(browser, erply, last.pk if last else 0)
