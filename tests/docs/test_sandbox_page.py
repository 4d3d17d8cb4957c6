"""The sandbox's page: what it lists exists, and its examples are run as they stand."""

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.test import Client

from erply_auth import pytest_plugin
from erply_auth.sandbox import FAULTS, Call, Sandbox, crm_calls, faults
from erply_auth.sandbox.calls import CALLS
from tests.docs.pages import DOCS, blocks
from tests.docs.tables import code, marked, rows

PAGE = DOCS / "reference" / "sandbox.md"
TEXT = PAGE.read_text()


def test_it_lists_the_calls_that_are_answered() -> None:
    assert code(marked(TEXT, "calls")) == sorted(code(marked(TEXT, "calls")), key=list(CALLS).index)
    assert set(code(marked(TEXT, "calls"))) == set(CALLS)


def test_it_lists_the_calls_of_the_crm_api() -> None:
    listed = code(marked(TEXT, "crm calls"))
    assert sorted(listed) == sorted([*crm_calls.CALLS, *crm_calls.CALLS_WITH_IDS])


def test_it_lists_what_is_known_of_a_call() -> None:
    listed = [name for row in rows(TEXT, "call") for name in code(row[0])]
    assert sorted(listed) == sorted(field.name for field in dataclasses.fields(Call))


def test_it_lists_every_switch() -> None:
    listed = {name for row in rows(TEXT, "sandbox") for name in code(row[0])}
    switches = {name for name, value in vars(Sandbox()).items() if isinstance(value, bool)}
    assert switches - listed == set()


def test_it_lists_the_members_with_their_passwords() -> None:
    documented = {code(row[0])[0]: code(row[1])[0] for row in rows(TEXT, "members")}
    sandbox = Sandbox()
    assert documented == {one["webshopUsername"]: one["password"] for one in sandbox.members()}


def test_it_lists_the_fixtures() -> None:
    found = [name for name, thing in vars(pytest_plugin).items() if is_fixture(thing)]
    assert {code(row[0])[0] for row in rows(TEXT, "fixtures")} == set(found)


def is_fixture(thing: object) -> bool:
    return type(thing).__name__ == "FixtureFunctionDefinition"


def test_the_names_it_lists_are_the_sandboxs() -> None:
    names = {name for row in rows(TEXT, "sandbox") for name in re.findall(r"`(\w+)", row[0])}
    assert [name for name in names if not hasattr(Sandbox(), name)] == []


def test_it_lists_the_arguments_in_their_order() -> None:
    documented = re.search(r"`Sandbox\(([^)]+)\)`", TEXT)
    assert documented
    assert documented[1].split(", ") == list(inspect.signature(Sandbox).parameters)


def test_it_lists_every_fault_with_its_details() -> None:
    documented = {code(row[0])[0]: re.findall(r"`([^`]+)`", row[1]) for row in rows(TEXT, "faults")}
    assert documented == {
        kind: [f"{name}={value!r}" for name, value in details.items()]
        for kind, details in FAULTS.items()
    }
    assert tuple(code(marked(TEXT, "shapes"))) == faults.SHAPES


def test_it_lists_what_the_control_surface_answers() -> None:
    documented = [code(row[0])[0].split() for row in rows(TEXT, "control")]
    fault = '{"kind": "reset", "calls": ["saveAddress"], "times": 1}'
    assert fault in marked(TEXT, "control")
    with Sandbox() as sandbox:
        root = sandbox.url.removesuffix("/api/")
        for method, path in documented:
            data = fault if (method, path) == ("POST", "/sandbox/faults") else None
            assert requests.request(method, root + path, data=data, timeout=5).ok, (method, path)
        unknown = requests.get(f"{root}/sandbox/", timeout=5).json()["error"]
    assert {path.rpartition("/")[2] for _, path in documented} == set(
        re.findall(r"calls|faults|reset|state", unknown)
    )


@pytest.mark.django_db
def test_its_example_tests_pass(
    client: Client, erply_sandbox: Sandbox, erply_customer: Callable[..., Any]
) -> None:
    given: dict[str, Any] = {"client": client, "db": None}
    given |= {"erply_sandbox": erply_sandbox, "erply_customer": erply_customer}
    tests: dict[str, Any] = {}
    for body in blocks(PAGE, "python"):
        if body.startswith("def test_"):
            exec(body, tests)  # noqa: S102 - our own documentation
    named = [test for name, test in tests.items() if name.startswith("test_")]
    assert len(named) == 3
    for test in named:
        client.logout()
        erply_sandbox.clear_faults()
        test(**{name: given[name] for name in inspect.signature(test).parameters})


def test_its_example_without_pytest_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [body for body in blocks(PAGE, "python") if "with Sandbox()" in body]
    exec(example, {})  # noqa: S102 - our own documentation
    assert "'person'" in capsys.readouterr().out
