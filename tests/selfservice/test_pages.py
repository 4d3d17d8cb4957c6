"""What every page of self-service has in common, and what it costs."""

from typing import Any

import pytest
from django.test import Client

from erply_auth.sandbox import Sandbox
from tests.app.support import names_called, statements_of_the_app

from .support import (
    ADD,
    ADDRESSES,
    DELETE,
    DELETE_ACCOUNT,
    EDIT,
    EXPORT,
    NEW_ADDRESS,
    OVERVIEW,
    PASSWORD,
    PRIVACY,
    PROFILE,
    delete,
    edit,
    forms_of,
    opened,
    page,
    writes,
)

pytestmark = pytest.mark.django_db

FORMS = (PROFILE, PASSWORD, ADD, EDIT, DELETE, EXPORT, DELETE_ACCOUNT)
PAGES = (OVERVIEW, ADDRESSES, PRIVACY, *FORMS)


@pytest.mark.parametrize("path", FORMS)
def test_a_page_has_one_form_that_posts_to_its_own_address_with_a_token(
    mari: Client, path: str
) -> None:
    for answer in (mari.get(path), mari.post(path, {"city": "", "phone": "?", "type_id": "?"})):
        if answer.status_code == 302:  # Removing needs nothing filled in.
            continue
        (form,) = forms_of(answer)
        assert (form.method, form.action) == ("post", path)
        assert form.fields["csrfmiddlewaretoken"]
        assert page(answer).count("<h1>") == 1


@pytest.mark.parametrize("path", [OVERVIEW, ADDRESSES, PRIVACY])
def test_a_page_that_only_shows_has_no_form(mari: Client, path: str) -> None:
    assert forms_of(mari.get(path)) == []
    assert mari.post(path).status_code == 405


@pytest.mark.parametrize("path", FORMS)
def test_without_its_token_a_form_is_refused(mari: Client, erply: Sandbox, path: str) -> None:
    mari.handler.enforce_csrf_checks = True
    fields = opened(mari, path)
    wrong = fields | {"csrfmiddlewaretoken": "x" * 64}
    erply.calls.clear()
    assert mari.post(path, wrong | NEW_ADDRESS).status_code == 403
    assert erply.calls == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete", "trace"])
def test_no_method_but_post_changes_anything(
    mari: Client, erply: Sandbox, path: str, method: str
) -> None:
    before = repr((erply.customers, erply.addresses, erply.groups))
    for _ in range(2):
        answer = getattr(mari, method)(path)
        assert answer.status_code == (405 if method in ("put", "patch", "delete", "trace") else 200)
        getattr(mari, method)(f"{path}?city=Võru&delete=1&phone=1&type_id=2")
    assert repr((erply.customers, erply.addresses, erply.groups)) == before
    assert writes(erply) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_private(mari: Client, path: str) -> None:
    for answer in (mari.get(path), mari.post(path, {"city": "?"})):
        assert "no-store" in answer["Cache-Control"]
        assert "private" in answer["Cache-Control"]


STATEMENTS = {
    "person": {
        OVERVIEW: 2,
        PROFILE: 2,
        ADDRESSES: 2,
        EDIT: 2,
        DELETE: 2,
        ADD: 0,
        PASSWORD: 0,
        PRIVACY: 1,
        EXPORT: 0,
        DELETE_ACCOUNT: 3,
    },
    # Of the company's contact persons there is an entry as well.
    "company": {OVERVIEW: 3, PROFILE: 3, ADDRESSES: 3, edit(111): 2, delete(111): 2},
    # Whose contact they are is a reading of its own.
    "contact": {OVERVIEW: 2, PROFILE: 2, ADDRESSES: 4},
}


@pytest.mark.parametrize(
    ("who", "path", "most"),
    [(who, path, most) for who, paths in STATEMENTS.items() for path, most in paths.items()],
)
def test_a_page_costs_few_statements(enter: Any, who: str, path: str, most: int) -> None:
    client = enter(who)
    client.get(path)
    with statements_of_the_app() as statements:
        assert client.get(path).status_code == 200
    # One more finds the session's user and member.
    assert len(statements) == most + 1, statements


@pytest.mark.parametrize(
    ("path", "changes", "most"),
    [
        (PROFILE, {"phone": "+372 600 1111"}, 3),
        (PROFILE, {}, 0),
        (EDIT, {"city": "Võru"}, 3),
        (ADD, NEW_ADDRESS, 3),
        (DELETE, {}, 3),
        (
            PASSWORD,
            {
                "old_password": "Sandbox-person-1",
                "new_password1": "Uus-salasõna-77",
                "new_password2": "Uus-salasõna-77",
            },
            5,
        ),
    ],
)
def test_a_save_costs_few_statements(
    mari: Client, path: str, changes: dict[str, str], most: int
) -> None:
    fields = opened(mari, path) | changes
    with statements_of_the_app() as statements:
        assert mari.post(path, fields).status_code == 302
    assert len(statements) == most + 1, statements


@pytest.mark.parametrize(
    ("path", "calls"),
    [
        (OVERVIEW, ["getCustomers"]),
        (PROFILE, ["getCustomers"]),
        (ADDRESSES, ["getCustomers"]),
        (EDIT, ["getAddresses"]),
        (DELETE, ["getAddresses"]),
        (ADD, []),
        (PASSWORD, []),
        (PRIVACY, []),
        (EXPORT, []),
        (DELETE_ACCOUNT, ["getCustomers"]),
    ],
)
def test_a_page_costs_as_few_calls_as_can_be(
    mari: Client, erply: Sandbox, path: str, calls: list[str]
) -> None:
    mari.get(ADD)
    erply.calls.clear()
    assert mari.get(path).status_code == 200
    assert names_called(erply) == calls


@pytest.mark.parametrize(
    ("path", "changes", "calls"),
    [
        (PROFILE, {"phone": "+372 600 1111"}, ["getCustomers", "saveCustomer"]),
        (
            PROFILE,
            {"email": "a@b.example", "current_password": "Sandbox-person-1"},
            ["getCustomers", "verifyCustomerUser", "saveCustomer"],
        ),
        (PROFILE, {"phone": "wrong"}, []),
        (EDIT, {"postal_code": "wrong"}, []),
    ],
)
def test_a_save_costs_as_few_calls_as_can_be(
    mari: Client, erply: Sandbox, path: str, changes: dict[str, str], calls: list[str]
) -> None:
    fields = opened(mari, path) | changes
    erply.calls.clear()
    mari.post(path, fields)
    assert names_called(erply) == calls


def test_errors_are_summed_up_and_lead_to_their_fields(mari: Client) -> None:
    text = page(mari.post(PROFILE, {"phone": "?", "mobile": "!"}))
    assert '<a href="#id_phone">' in text
    assert 'aria-describedby="id_phone_error"' in text
    assert 'aria-invalid="true"' in text
    assert "<title>Error: Profile" in text
