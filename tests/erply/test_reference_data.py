"""What changes rarely is kept: groups, address types, the walk-in customer's id."""

from typing import Any

import pytest

from erply_auth.erply.errors import ErplyUnavailable, Reason
from erply_auth.sandbox import Sandbox

from .support import LOGGED_IN, Client, answering, at_once, client, ok


def test_the_groups_are_kept(erply: Sandbox, shop: Client) -> None:
    assert [group.name for group in shop.registry.groups()] == [
        "Retail",
        "Members",
        "Gold",
        "Business",
    ]
    shop.registry.groups()
    with client(erply) as another_process:
        another_process.registry.group_path(3)
    assert len(erply.calls_of("getCustomerGroups")) == 1


def path(shop: Client, group_id: int) -> list[int]:
    return [group.group_id for group in shop.registry.group_path(group_id)]


def test_a_group_s_path_goes_up_to_the_top(shop: Client) -> None:
    assert path(shop, 3) == [3, 2]
    assert path(shop, 1) == [1]
    assert path(shop, 99) == []
    assert path(shop, 0) == []


@pytest.mark.parametrize("parents", [{3: 3}, {3: 2, 2: 3}, {3: 2, 2: 1, 1: 2}])
def test_a_knot_in_the_tree_does_not_hold_it_up(
    erply: Sandbox, shop: Client, parents: dict[int, int]
) -> None:
    for group_id, parent_id in parents.items():
        erply.groups[group_id]["parentID"] = parent_id
    assert path(shop, 3) == list(dict.fromkeys([3, *parents.values()]))[: len(parents)]


def test_a_parent_that_is_gone_ends_the_path(erply: Sandbox, shop: Client) -> None:
    erply.groups[3]["parentID"] = 77
    assert path(shop, 3) == [3]


def test_address_types_are_kept_for_each_language(erply: Sandbox, shop: Client) -> None:
    for _ in range(2):
        assert [kind.in_use for kind in shop.registry.address_types("eng")] == [
            True,
            True,
            True,
            False,
        ]
    assert shop.registry.address_types("est")[0].name == "Juriidiline aadress"
    assert len(erply.calls_of("getAddressTypes")) == 2


def test_stale_groups_are_asked_for_again(erply: Sandbox, shop: Client) -> None:
    shop.registry.groups()
    shop.age("groups")
    erply.groups[1]["name"] = erply.groups[1]["nameENG"] = "Everybody"
    assert shop.registry.groups()[0].name == "Everybody"
    assert shop.registry.groups()[0].name == "Everybody"
    assert len(erply.calls_of("getCustomerGroups")) == 2


@pytest.mark.parametrize(
    "fault", [{"kind": "error", "code": 1000}, {"kind": "error", "code": 1014}, {"kind": "html"}]
)
def test_stale_groups_serve_while_erply_is_away(
    erply: Sandbox, shop: Client, fault: dict[str, Any]
) -> None:
    shop.registry.groups()
    shop.age("groups")
    fault = erply.fault(fault.pop("kind"), calls="getCustomerGroups", **fault)
    for _ in range(5):
        assert len(shop.registry.groups()) == 4
    assert fault.hits == 1  # It is not asked at every page.


def test_one_refreshes_while_the_others_use_what_is_kept(erply: Sandbox, shop: Client) -> None:
    shop.registry.groups()
    shop.age("groups")
    erply.fault("latency", seconds=0.3)
    assert [len(groups) for groups in at_once(8, lambda number: shop.registry.groups())] == [4] * 8
    assert len(erply.calls_of("getCustomerGroups")) == 2


def test_one_fetches_what_is_not_kept_yet(erply: Sandbox, shop: Client) -> None:
    erply.fault("latency", seconds=0.1)
    assert [len(groups) for groups in at_once(8, lambda number: shop.registry.groups())] == [4] * 8
    assert len(erply.calls_of("getCustomerGroups")) == 1


def test_what_was_kept_in_the_future_is_not_fresh(erply: Sandbox, shop: Client) -> None:
    """The clock was set back."""
    shop.registry.groups()
    shop.store.set("groups", (9e12, ()), 60)
    assert len(shop.registry.groups()) == 4


def test_without_anything_kept_an_outage_is_one(erply: Sandbox, shop: Client) -> None:
    erply.fault("error", calls="getCustomerGroups", code=1002)
    with pytest.raises(ErplyUnavailable) as caught:
        shop.registry.groups()
    assert caught.value.reason is Reason.QUOTA


@pytest.mark.parametrize("ask", ["groups", "walk_in_ids"])
def test_reference_data_without_ids_is_garbled(ask: str) -> None:
    with (
        answering(LOGGED_IN, ok({"name": "x"})) as erply,
        client(erply) as made,
        pytest.raises(ErplyUnavailable) as caught,
    ):
        getattr(made.registry, ask)()
    assert caught.value.reason is Reason.GARBLED


def test_the_walk_in_customer_is_known_and_kept(erply: Sandbox, shop: Client) -> None:
    for _ in range(3):
        assert shop.registry.walk_in_ids() == {1}
    assert len(erply.calls_of("getDefaultCustomer")) == 1


def test_there_may_be_no_walk_in_customer(erply: Sandbox, shop: Client) -> None:
    erply.customers[1]["isPOSDefaultCustomer"] = 0
    assert shop.registry.walk_in_ids() == frozenset()
    assert shop.registry.walk_in_ids() == frozenset()
    assert len(erply.calls_of("getDefaultCustomer")) == 1


def test_tills_may_have_walk_in_customers_of_their_own(erply: Sandbox) -> None:
    erply.customers[41].update(isPOSDefaultCustomer=1, pointOfSaleID=7)
    erply.customers[1]["pointOfSaleID"] = 3
    with client(erply, points_of_sale=(3, 7, 9)) as made:
        assert made.registry.walk_in_ids() == {1, 41}
    assert erply.round_trips == 2


def test_one_till_s_error_is_no_answer_at_all(erply: Sandbox) -> None:
    """Half the truth would let a walk-in customer log in."""
    erply.fault("error", calls="getDefaultCustomer", code=1006, times=1)
    with client(erply, points_of_sale=(3,)) as made, pytest.raises(ErplyUnavailable):
        made.registry.walk_in_ids()


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("et", "Juriidiline aadress"),
        ("et-ee", "Juriidiline aadress"),
        ("tlh", "Registered address"),
    ],
)
def test_address_types_go_by_the_reader_s_language_where_erply_knows_it(
    shop: Client, language: str, name: str
) -> None:
    assert shop.registry.address_types(language)[0].name == name
