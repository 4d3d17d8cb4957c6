"""Random sequences of edits through the pages, and a model of what Erply must hold afterwards."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erply_auth import countries
from erply_auth.sandbox import Sandbox
from tests.app.support import LOGOUT, log_in

from .support import ADD, ADDRESSES, MARI, PROFILE, delete, edit, opened, page, sent, writes

WORDS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "phone": "phone",
    "mobile": "mobile",
    "birthday": "birthday",
    "gender": "gender",
    "type_id": "typeID",
    "street": "street",
    "address2": "address2",
    "city": "city",
    "postal_code": "postalCode",
    "state": "state",
    "country": "country",
}
text = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30
).filter(lambda value: value.strip())
maybe = st.one_of(st.just(""), text)
profile_changes = st.fixed_dictionaries(
    {},
    optional={
        "first_name": text,
        "last_name": text,
        "phone": st.sampled_from(["", "+372 600 1111", "600 2222"]),
        "mobile": st.sampled_from(["", "+358 40 1234567"]),
        "birthday": st.sampled_from(["", "1970-01-31", "2001-12-01"]),
        "gender": st.sampled_from(["", "male", "female"]),
    },
)
address_values = {
    "type_id": st.sampled_from(["1", "2", "3"]),
    "street": text,
    "address2": maybe,
    "city": text,
    "state": maybe,
    "postal_code": st.sampled_from(["10111", "65605"]),
    "country": st.sampled_from(["EE", "FI"]),
}
addresses = st.fixed_dictionaries(address_values)
address_changes = st.fixed_dictionaries({}, optional=address_values)
place = st.integers(0, 20)
steps = st.one_of(
    st.tuples(st.just("profile"), profile_changes),
    st.tuples(st.just("add"), addresses),
    st.tuples(st.just("edit"), place, address_changes),
    st.tuples(st.just("delete"), place),
    st.tuples(st.just("outside"), place, text),
    st.tuples(st.just("foreign"), st.sampled_from([131, 111, 141])),
)


@dataclass
class Model:
    """What Mari has typed, as Erply must have it."""

    profile: dict[str, str]
    book: dict[int, dict[str, str]] = field(default_factory=dict)

    def pick(self, number: int) -> int | None:
        return sorted(self.book)[number % len(self.book)] if self.book else None


def in_erplys_words(changes: dict[str, str]) -> dict[str, str]:
    named = {WORDS[name]: value.strip() for name, value in changes.items()}
    if "country" in named:
        named["country"] = countries.stored(named["country"], "name")
    return named


def held(erply: Sandbox) -> Model:
    customer = {word: str(erply.customers[MARI][word]) for word in list(WORDS.values())[:6]}
    book = {
        id_: {word: str(one[word]) for word in list(WORDS.values())[6:]}
        for id_, one in erply.addresses.items()
        if one["ownerID"] == MARI
    }
    return Model(customer, book)


class Shop:
    def __init__(self, client: Client, erply: Sandbox) -> None:
        self.client, self.erply, self.model = client, erply, held(erply)

    def take(self, step: tuple[Any, ...]) -> None:
        self.erply.calls.clear()
        getattr(self, step[0])(*step[1:])
        assert held(self.erply) == self.model

    def post(self, path: str, changes: dict[str, str]) -> int:
        return int(self.client.post(path, opened(self.client, path) | changes).status_code)

    def only(self, target: dict[str, str], old: dict[str, str], changes: dict[str, str]) -> None:
        """What was sent is what differs, and nothing at all where nothing does."""
        differs = {word: value for word, value in changes.items() if old[word] != value}
        expected = [target | differs] if differs else []
        assert [sent(call) for call in writes(self.erply)] == expected

    def profile(self, changes: dict[str, str]) -> None:
        named = in_erplys_words(changes)
        assert self.post(PROFILE, changes) == 302
        self.only({"customerID": str(MARI)}, self.model.profile, named)
        self.model.profile |= named

    def add(self, values: dict[str, str]) -> None:
        named = in_erplys_words(values)
        folded = {word: value.casefold() for word, value in named.items()}
        twin = any(
            folded == {word: value.casefold() for word, value in one.items()}
            for one in self.model.book.values()
        )
        assert self.post(ADD, values) == (200 if twin else 302)
        if not twin:
            self.model.book[max(self.erply.addresses)] = named

    def edit(self, number: int, changes: dict[str, str]) -> None:
        address_id = self.model.pick(number)
        if address_id is None:
            return
        named, old = in_erplys_words(changes), self.model.book[address_id]
        assert self.post(edit(address_id), changes) == 302
        self.only({"addressID": str(address_id)}, old, named)
        self.model.book[address_id] = old | named

    def delete(self, number: int) -> None:
        address_id = self.model.pick(number)
        if address_id is not None:
            assert self.post(delete(address_id), {}) == 302
            del self.model.book[address_id]

    def outside(self, number: int, city: str) -> None:
        """The shop changes an address behind the member's back."""
        address_id = self.model.pick(number)
        if address_id is not None:
            self.erply.addresses[address_id]["city"] = city.strip()
            self.model.book[address_id]["city"] = city.strip()

    def foreign(self, address_id: int) -> None:
        assert self.client.post(edit(address_id), {"city": "Mine"}).status_code == 404
        assert self.client.post(delete(address_id)).status_code == 404


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(path=st.lists(steps, max_size=8))
def test_whatever_is_edited_erply_holds_what_was_typed_and_nothing_else_changes(
    erply: Sandbox, path: list[tuple[Any, ...]]
) -> None:
    erply.reset()
    client = Client()
    assert log_in(client).status_code == 302
    others = {id_: dict(one) for id_, one in erply.addresses.items() if one["ownerID"] != MARI}
    shop = Shop(client, erply)
    for step in path:
        shop.take(step)
    client.post(LOGOUT)
    log_in(client)
    assert page(client.get(ADDRESSES)).count("<address>") == len(shop.model.book)
    assert {id_: one for id_, one in erply.addresses.items() if id_ in others} == others
    client.post(LOGOUT)
