"""Which API serves what: settings, the switch at 1120, and what the CRM API's card lacks."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from erply_auth.connection import CacheStore
from erply_auth.erply.classic_customers import in_tree_order
from erply_auth.erply.errors import ErplyUnavailable, Reason, RecordNotFound
from erply_auth.erply.records import CustomerGroup, with_depth
from erply_auth.sandbox import Sandbox
from tests.app.support import configure, is_logged_in, log_in
from tests.erply.support import answering, http

from .parts import shop
from .support import MODES, serve_by

MOVED = "registry-moved"


def names(erply: Sandbox) -> list[str]:
    return [call.name for call in erply.calls]


@pytest.mark.parametrize("code", [1120, 1126, 1127])
def test_a_refusal_by_the_classic_api_is_made_good_in_the_same_breath(
    erply: Sandbox, code: int
) -> None:
    erply.fault("error", calls="getCustomers", code=code, times=1)
    with shop(erply.url) as made:
        assert made.registry.card(15).customer.name == "Mari Maasikas"
        assert made.registry.apis_in_use() == ("crm", "crm")


def test_the_switch_is_remembered_for_all_processes(erply: Sandbox) -> None:
    erply.classic_registry_gone = True
    with shop(erply.url) as first:
        first.registry.card(15)
    erply.calls.clear()
    with shop(erply.url) as second:
        second.registry.card(15)
        second.registry.add_address(15, {"type_id": "1", "street": "Aia 1"})
        second.registry.groups_now()
    assert {name for name in names(erply) if " " not in name} == set()


def test_after_a_while_the_classic_api_is_tried_again(erply: Sandbox) -> None:
    erply.classic_registry_gone = True
    with shop(erply.url) as made:
        made.registry.card(15)
        made.store.delete(MOVED)
        erply.classic_registry_gone = False
        erply.calls.clear()
        made.registry.card(15)
        assert names(erply) == ["getCustomers"]
        assert made.registry.apis_in_use() == ("classic", "classic")


class Notes(CacheStore):
    """A store that tells how long each value is kept."""

    seconds: dict[str, int] = {}

    def set(self, name: str, value: Any, seconds: int) -> None:
        self.seconds[name] = seconds
        super().set(name, value, seconds)


def test_the_memory_of_the_switch_ends(erply: Sandbox) -> None:
    erply.classic_registry_gone = True
    store = Notes("default", "tests")
    with shop(erply.url, store=store) as made:
        made.registry.card(15)
    assert 3600 <= store.seconds[MOVED] <= 86400


def test_another_error_switches_nothing(erply: Sandbox) -> None:
    erply.fault("error", calls="getCustomers", code=1000)
    with shop(erply.url) as made:
        with pytest.raises(ErplyUnavailable):
            made.registry.card(15)
        assert made.registry.apis_in_use() == ("classic", "classic")


def test_with_classic_a_refusal_is_one(erply: Sandbox) -> None:
    erply.classic_registry_gone = True
    with shop(erply.url, customer_api="classic") as made, pytest.raises(ErplyUnavailable) as caught:
        made.registry.card(15)
    assert caught.value.reason is Reason.MOVED


@pytest.mark.parametrize("customer_api", ["classic", "crm", "auto"])
@pytest.mark.parametrize("address_api", ["classic", "crm", "auto"])
def test_each_setting_serves_its_own(erply: Sandbox, customer_api: str, address_api: str) -> None:
    with shop(erply.url, customer_api=customer_api, address_api=address_api) as made:
        card = made.registry.card(15)
        assert [address.city for address in card.addresses] == ["Tartu", "Tallinn", "Käsmu"]
        assert card.addresses[0].type_name == "Registered address"
        assert ("GET v1/customers" in names(erply)) == (customer_api == "crm")
        assert ("GET v1/addresses" in names(erply)) == (address_api == "crm")
        assert ("getAddresses" in names(erply)) == (customer_api == "crm" and address_api != "crm")
        lent = made.registry.lent()
        lent.update_address(101, {"city": "Elva"})
        assert lent.served_by == {"crm" if address_api == "crm" else "classic"}
        lent.update_customer(card.customer, {"phone": "1"})
        assert made.registry.served_by == set()
        lent.delete_address(103)
        lent.delete_customer(made.registry.card(44).customer)
        assert {44} == erply.deleted_customers
        assert made.registry.address_types("")


def test_the_card_of_the_crm_api_is_completed(erply: Sandbox) -> None:
    erply.classic_registry_gone = True
    with shop(erply.url) as made:
        gold = made.registry.card(30).customer
        assert (gold.group_name, gold.is_default) == ("Gold", False)
        assert made.registry.card(1).customer.is_default
        assert made.registry.card(21).customer.employer_name == "Kuuse Aiakaubad OÜ"
        assert made.registry.card(44).addresses == ()
        erply.customers[30]["groupID"] = 99
        assert made.registry.card(30).customer.group_name == ""
        erply.customers[21]["companyID"] = 998
        assert made.registry.card(21).customer.employer_name == ""


@pytest.mark.parametrize("api", ["classic", "crm"])
def test_a_customer_who_is_not_there_is_not_found(erply: Sandbox, api: str) -> None:
    with (
        shop(erply.url, customer_api=api) as made,
        pytest.raises(RecordNotFound),
    ):
        made.registry.card(999)


def test_nobody_gets_another_s_card_or_employer(erply: Sandbox) -> None:
    everybody = http('[{"id": 15, "lastName": "Maasikas"}, {"id": 16}]')
    with answering(everybody) as server, shop(erply.url, server.url, customer_api="crm") as made:
        with pytest.raises(ErplyUnavailable) as caught:
            made.registry.card(14)
        assert caught.value.reason is Reason.GARBLED
        assert len(server.requests) == 1


@pytest.mark.parametrize("api", ["classic", "crm"])
def test_groups_come_as_a_tree(erply: Sandbox, api: str) -> None:
    for group_id, parent_id in ((5, 3), (6, 99), (7, 8), (8, 7), (9, 2)):
        erply.insert(erply.groups, erply.groups[1], {"id": group_id, "parentID": parent_id})
    with shop(erply.url, customer_api=api) as made:
        depths = [(depth, group.group_id) for depth, group in with_depth(made.registry.groups())]
    assert depths == [(0, 1), (0, 2), (1, 3), (2, 5), (1, 9), (0, 4), (0, 6), (0, 7), (1, 8)]


def test_a_group_that_is_its_own_parent_stands_alone() -> None:
    groups = (CustomerGroup(2, 2, "own"), CustomerGroup(1, 0, "top"))
    assert [group.group_id for group in in_tree_order(groups)] == [1, 2]


@pytest.mark.parametrize("api", ["classic", "crm"])
def test_a_new_group_is_made_at_the_top(erply: Sandbox, api: str) -> None:
    with shop(erply.url, customer_api=api) as made:
        made.registry.groups()
        group_id = made.registry.add_group("Silver")
        assert erply.groups[group_id]["parentID"] == 0
        assert group_id in {group.group_id for group in made.registry.groups()}


@pytest.mark.django_db
@pytest.mark.parametrize("mode", MODES)
def test_the_check_says_which_api_is_needed_and_used(
    mode: str, erply: Sandbox, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    serve_by(mode, erply, settings)
    call_command("erply_check")
    needed, used = {
        "classic": ("classic", "classic"),
        "crm": ("classic", "crm"),
        "auto-after-1120": ("crm", "crm"),
    }[mode]
    said = capsys.readouterr().out
    assert f"API for customers: the account needs {needed}, {used} is used" in said
    assert f"CRM endpoint: {erply.crm_url}" in said


@pytest.mark.django_db
def test_the_check_says_that_a_fixed_api_does_not_serve(
    erply: Sandbox, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    serve_by("classic", erply, settings)
    erply.classic_registry_gone = True
    call_command("erply_check")
    said = capsys.readouterr().out
    assert "API for customers: the account needs crm, classic is used" in said
    assert "ERPLY_AUTH['CUSTOMER_API']" in said
    erply.fault("http", calls="getCustomers", status=502)
    call_command("erply_check")
    assert "API for customers: FAILED" in capsys.readouterr().out


@pytest.mark.parametrize("mode", MODES)
def test_the_set_up_prints_the_tree(
    mode: str, erply: Sandbox, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    serve_by(mode, erply, settings)
    call_command("erply_setup")
    first, *tree = capsys.readouterr().out.splitlines()
    assert first.endswith("1001 (made)")
    assert tree == ["1  Retail", "2  Members", "  3  Gold", "4  Business", "1001  Web shop members"]


DEAD = "http://127.0.0.1:9/"


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["", DEAD, "http://crm.example/", "nowhere", "the classic one"])
def test_a_crm_endpoint_that_does_not_serve_leaves_log_in_alone(
    wrong: str, client: Client, erply: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = {"nowhere": f"{erply.url}nowhere/", "the classic one": erply.url}.get(wrong, wrong)
    serve_by("crm", erply, settings)
    monkeypatch.setattr(erply, "crm_url", url)
    assert log_in(client).status_code == 302
    assert is_logged_in(client)
    for path in ("", "profile/", "addresses/", "addresses/101/", "addresses/add/"):
        assert client.get(f"/account/{path}").status_code == 503, path
    assert client.post("/account/profile/", {"phone": "1"}).status_code == 503
    assert client.post("/account/addresses/101/delete/").status_code == 503


@pytest.mark.django_db
def test_a_dead_crm_endpoint_in_the_settings_is_a_503(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    serve_by("crm", erply, settings)
    configure(settings, CRM_URL=DEAD)
    assert log_in(client).status_code == 302
    assert client.get("/account/").status_code == 503
    call_command("erply_check")


@pytest.mark.django_db
def test_a_set_up_without_crm_endpoint_says_what_to_do(
    erply: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_by("crm", erply, settings)
    monkeypatch.setattr(erply, "crm_url", "")
    with pytest.raises(CommandError, match="CRM_URL"):
        call_command("erply_setup")
