"""What the tests around mailed links share: asking for one, and finding it in the mail."""

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management import call_command
from django.test import Client

from erply_auth.connection import registry
from erply_auth.models import ProcessingEntry
from erply_auth.processing import RECORD_FIELDS
from erply_auth.sandbox import Sandbox
from tests.app.support import closing_connections, warm

SITE = "https://shop.example.com"
RESET = "/account/password/reset/"
REGISTER = "/account/register/"
LOG_IN = "/account/login/"

MARI_AT = "mari.maasikas@example.ee"
UNKNOWN = "nobody@example.ee"
NEW = "Uus-salasõna-77"
BOTH_NEW = {"new_password1": NEW, "new_password2": NEW}
PASSWORDS = {"password1": NEW, "password2": NEW}
UKU = {
    "username": "uku",
    "email": "uku@example.ee",
    "first_name": "Uku",
    "last_name": "Uus",
    "company_name": "",
}
COMPANY = {"first_name": "", "last_name": "", "company_name": "Uus OÜ"}
PURPOSE = "Registration; policy accepted"
READ = (f"username,{','.join(RECORD_FIELDS)}", PURPOSE, "visitor")

_LINK = re.compile(rf"{SITE}(/account/\S+)")


def ask(email: str = MARI_AT, client: Client | None = None, **headers: Any) -> Any:
    return (client or Client()).post(RESET, {"email": email}, **headers)


def register(**changes: str) -> Any:
    return Client().post(REGISTER, UKU | changes)


def link_in(mail: Any) -> str:
    (found,) = _LINK.findall(mail.body)
    return str(found)


def reset_link(outbox: list[Any], email: str = MARI_AT) -> str:
    """The path of a new link for whoever has the address."""
    outbox.clear()
    assert ask(email).status_code == 302
    return link_in(outbox.pop())


def registration_link(outbox: list[Any], **changes: str) -> str:
    outbox.clear()
    assert register(**changes).status_code == 302
    return link_in(outbox.pop())


def set_up_group(erply: Sandbox) -> int:
    """The group of those who register, as `erply_setup` makes it; its id."""
    call_command("erply_setup", stdout=io.StringIO())
    registry().groups()
    warm(erply)
    return max(erply.groups)


def search_answers(erply: Sandbox, *customer_ids: int) -> None:
    """Has the next getCustomers, which is the search, name these customers."""
    records = [{"customerID": id_, "id": id_} for id_ in customer_ids]
    body = json.dumps({"status": {"errorCode": 0}, "records": records})
    erply.fault("not_json", body=body, calls="getCustomers", times=1)


def log_after(pk: int) -> list[tuple[Any, ...]]:
    columns = ("customer_id", "activity", "fields", "purpose", "actor", "outcome")
    return list(ProcessingEntry.objects.filter(pk__gt=pk).order_by("pk").values_list(*columns))


def newest_entry() -> int:
    last = ProcessingEntry.objects.order_by("pk").last()
    return last.pk if last else 0


def at_once(*visits: Callable[[], Any]) -> list[int]:
    """Makes the visits at the same moment; the statuses of the answers."""
    starting = threading.Barrier(len(visits))
    answers: list[int] = []

    def visit(go: Callable[[], Any]) -> None:
        starting.wait()
        answers.append(go().status_code)

    threads = [threading.Thread(target=closing_connections(visit), args=(go,)) for go in visits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def places() -> Iterator[str]:
    """Addresses in the net, each used once: what is limited by place is not limited here."""
    return (f"10.0.{number // 250}.{number % 250 + 1}" for number in range(10_000))


def end(path: str, **changes: str) -> Any:
    """Ends a registration by its mailed link."""
    return Client().post(path, PASSWORDS | changes)


def newcomers(erply: Sandbox) -> list[Any]:
    """The customers that were not there from the start."""
    return [one for one in erply.customers.values() if one["id"] > 1000]
