"""The hourly quota: counted as Erply counts it, and not asked about in vain."""

from collections.abc import Iterator
from typing import Any

import pytest

from erply_auth.erply.errors import ErplyUnavailable, Reason
from erply_auth.sandbox import Sandbox

from .support import Client, at_once, client


@pytest.fixture
def shop(erply: Sandbox) -> Iterator[Client]:
    """A client that goes by the sandbox's clock, in the first minute of an hour."""
    erply.advance(3600 - erply.now() % 3600)
    options: dict[str, Any] = {"hourly": 10, "reserve": 4, "clock": erply.now}
    with client(erply, quota=options) as made:
        made.session_keys_kept = made.classic.session_keys.current()  # type: ignore[attr-defined]
        yield made


def refusal(made: Client) -> ErplyUnavailable:
    with pytest.raises(ErplyUnavailable) as raised:
        made.classic.call("getCustomerGroups")
    return raised.value


def end_of_wait(made: Client) -> None:
    """Ten seconds have gone by."""
    made.store.delete("quota.probe")


def test_what_is_counted_is_what_erply_counts(erply: Sandbox, shop: Client) -> None:
    shop.classic.call("getCustomerGroups")
    shop.classic.bulk([("getCustomerGroups", {})] * 7)
    shop.registry.crm_url()
    shop.registry._apis["crm"].groups()
    assert shop.quota.spent() == erply.spent
    assert round(shop.quota.spent() % 1, 1) == 0.7


def test_there_is_room_down_to_the_reserve(shop: Client) -> None:
    for _ in range(4):
        assert not shop.quota.runs_low()
        shop.classic.call("getCustomerGroups")
    assert (shop.quota.spent(), shop.quota.runs_low()) == (5, False)
    shop.classic.call("getCustomerGroups")
    assert shop.quota.runs_low()


def test_each_hour_begins_anew(erply: Sandbox, shop: Client) -> None:
    for _ in range(9):
        shop.classic.call("getCustomerGroups")
    assert shop.quota.runs_low()
    assert 0 < shop.quota.seconds_left() <= 3600
    erply.advance(3600)
    assert (shop.quota.spent(), shop.quota.runs_low()) == (0, False)


def test_what_is_spent_is_counted_by_all_at_once(erply: Sandbox, shop: Client) -> None:
    at_once(8, lambda _: shop.classic.call("getCustomerGroups"))
    assert shop.quota.spent() == erply.spent


def test_a_quota_that_others_have_spent_is_asked_about_by_one_at_a_time(
    erply: Sandbox, shop: Client
) -> None:
    erply.quota = 0
    assert refusal(shop).code == 1002
    erply.calls.clear()
    for _ in range(5):
        error = refusal(shop)
        assert (error.reason, error.code, error.call) == (
            *(Reason.QUOTA, 1002, "getCustomerGroups"),
        )
    assert len(erply.calls) == 1
    assert not shop.quota.runs_low()  # What Erply has said is told by the calls themselves.
    end_of_wait(shop)
    refusal(shop)
    assert len(erply.calls) == 2


def test_the_number_that_is_spent_stays_true_while_nothing_is_left(
    erply: Sandbox, shop: Client
) -> None:
    erply.quota = 0
    for _ in range(6):
        refusal(shop)
    assert shop.quota.spent() == 1 + len(erply.calls_of("getCustomerGroups"))


def test_erply_is_taken_at_its_word_when_it_serves_again(erply: Sandbox, shop: Client) -> None:
    erply.quota = 0
    outcomes = at_once(4, lambda _: shop.classic.call("getCustomerGroups"))
    assert all(isinstance(one, ErplyUnavailable) for one in outcomes)
    erply.quota = 1000
    end_of_wait(shop)
    shop.classic.call("getCustomerGroups")
    shop.classic.call("getCustomerGroups")
    assert shop.quota.spent() < 10


def test_the_next_hour_is_not_held_up_by_what_was_said_in_the_last(
    erply: Sandbox, shop: Client
) -> None:
    erply.quota = 3
    for _ in range(6):
        with pytest.raises(ErplyUnavailable):
            shop.classic.bulk([("getCustomerGroups", {})] * 21)
    erply.advance(3600)
    shop.classic.call("getCustomerGroups")


def test_who_looks_and_gets_no_answer_has_learnt_nothing(erply: Sandbox, shop: Client) -> None:
    erply.quota = 0
    refusal(shop)
    erply.fault("reset", times=1)
    assert refusal(shop).reason is Reason.SILENT
    assert refusal(shop).reason is Reason.QUOTA


def test_the_crm_api_tells_of_the_same_quota(erply: Sandbox, shop: Client) -> None:
    shop.registry._apis["crm"].groups()
    erply.quota = 0
    with pytest.raises(ErplyUnavailable) as raised:
        shop.registry._apis["crm"].groups()
    assert raised.value.reason is Reason.QUOTA
    assert refusal(shop).reason is Reason.QUOTA
