"""What the tests of self-service share: a browser's idea of a form, and what reached Erply."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from erply_auth.models import ProcessingEntry
from erply_auth.sandbox import Call, Sandbox

OVERVIEW = "/account/"
PROFILE = "/account/profile/"
PASSWORD = "/account/password/"
ADDRESSES = "/account/addresses/"
ADD = "/account/addresses/add/"
EDIT = "/account/addresses/101/"
DELETE = "/account/addresses/101/delete/"
PRIVACY = "/account/privacy/"
EXPORT = "/account/privacy/export/"
DELETE_ACCOUNT = "/account/privacy/delete/"

NOTHING_CHANGED = "Nothing was changed."
NOT_REACHED = "nothing has been saved for sure"
MARI, COMPANY, CONTACT, KALLE = 15, 20, 21, 30
NEW_ADDRESS = {
    "type_id": "2",
    "street": "Jüri 12",
    "city": "Võru",
    "postal_code": "65605",
    "country": "EE",
}

_ENVELOPE = ("request", "clientCode", "sessionKey", "version", "sendContentType")


def edit(address_id: int) -> str:
    return f"/account/addresses/{address_id}/"


def delete(address_id: int) -> str:
    return f"/account/addresses/{address_id}/delete/"


@dataclass
class Form:
    """One form of a page, and what a browser would send of it untouched."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select = self._area = ""
        self._option: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._open = Form(given["method"], given["action"])
            self.forms.append(self._open)
        if self._open is None or tag not in ("input", "select", "textarea", "option"):
            return
        if tag == "input":
            self._read_input(self._open, given)
        elif tag == "option":
            self._option, self._text = given.get("value", ""), ""
            self._open.choices[self._select][self._option] = ""
            if "selected" in given:
                self._open.fields[self._select] = self._option
        else:
            self._open.names.append(given["name"])
            self._text = ""
            if tag == "select":
                self._select = given["name"]
                self._open.choices[self._select] = {}
            else:
                self._area = given["name"]

    @staticmethod
    def _read_input(form: Form, given: dict[str, str]) -> None:
        form.names.append(given["name"])
        if given["type"] != "checkbox":
            form.fields[given["name"]] = given.get("value", "")
        elif "checked" in given:
            form.fields[given["name"]] = given.get("value", "on")

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if self._open is None:
            return
        if tag == "form":
            self._open = None
        elif tag == "option" and self._option is not None:
            self._open.choices[self._select][self._option] = self._text.strip()
        elif tag == "select":
            # A browser chooses the first where no other is chosen.
            self._open.fields.setdefault(self._select, next(iter(self._open.choices[self._select])))
        elif tag == "textarea":
            self._open.fields[self._area] = self._text.removeprefix("\n").replace("\n", "\r\n")


def forms_of(response: Any) -> list[Form]:
    reader = _Reader()
    reader.feed(response.content.decode())
    return reader.forms


def form_of(response: Any) -> Form:
    (form,) = forms_of(response)
    return form


def opened(client: Client, path: str) -> dict[str, str]:
    """What a browser would send of the page's form untouched."""
    response = client.get(path)
    assert response.status_code == 200
    return form_of(response).fields


def send(client: Client, path: str, **changes: str) -> Any:
    """Opens the page, fills in the changes and sends the form."""
    return client.post(path, opened(client, path) | changes)


def again(client: Client, path: str, response: Any, **changes: str) -> Any:
    """Sends once more the form that came back; of a password, nothing came back."""
    return client.post(path, form_of(response).fields | changes)


def page(response: Any) -> str:
    return str(response.content.decode())


def said(client: Client, response: Any) -> str:
    """The page that a member is sent on to."""
    assert response.status_code == 302, page(response)
    return page(client.get(response["Location"]))


def errors(response: Any) -> dict[str, str]:
    return {name: " ".join(each) for name, each in response.context["form"].errors.items()}


def writes(erply: Sandbox) -> list[Call]:
    return [call for call in list(erply.calls) if call.name.startswith(("save", "delete"))]


def sent(call: Call) -> dict[str, str]:
    """The call's own parameters."""
    return {name: value for name, value in call.parameters.items() if name not in _ENVELOPE}


def only_write(erply: Sandbox) -> dict[str, str]:
    (call,) = writes(erply)
    return sent(call)


def entries(after: int = 0) -> list[tuple[int | None, str, str]]:
    """Customer, activity and outcome of the entries since log-in, or since the given one."""
    rows = ProcessingEntry.objects.exclude(purpose="Log-in to the web shop").order_by("pk")
    return list(rows.filter(pk__gt=after).values_list("customer_id", "activity", "outcome"))


def last_entry() -> ProcessingEntry:
    entry = ProcessingEntry.objects.order_by("pk").last()
    assert entry is not None
    return entry


def newest() -> int:
    """The id of the newest entry, to be given to `entries`."""
    return int(last_entry().pk)
