"""`erply_setup`: the members' customer group, made once."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from erply_auth.connection import registry
from erply_auth.erply.errors import ErplyUnavailable, RecordInUse, RecordNotFound
from erply_auth.sandbox import Sandbox
from tests.app.support import configure

from .support import only_write, writes


def run(capsys: Any) -> str:
    call_command("erply_setup")
    return str(capsys.readouterr().out)


def first_line(capsys: Any) -> str:
    return run(capsys).partition("\n")[0]


def test_the_group_is_made_and_then_found(erply: Sandbox, capsys: Any) -> None:
    before = len(erply.groups)
    assert first_line(capsys) == "Customer group 'Web shop members': 1001 (made)"
    assert first_line(capsys) == "Customer group 'Web shop members': 1001 (is there)"
    assert only_write(erply) == {"name": "Web shop members"}
    assert len(erply.groups) == before + 1


def test_of_several_of_the_name_the_oldest_is_it(
    erply: Sandbox, settings: Any, capsys: Any
) -> None:
    configure(settings, MEMBERS_GROUP="Gold")
    erply.groups[77] = erply.groups[3] | {"id": 77}
    assert "3 (is there)" in run(capsys)
    assert writes(erply) == []


def test_outer_space_in_the_setting_makes_no_second_group(
    erply: Sandbox, settings: Any, capsys: Any
) -> None:
    configure(settings, MEMBERS_GROUP=" Web shop ")
    assert "made" in run(capsys)
    assert "is there" in run(capsys)
    assert only_write(erply) == {"name": "Web shop"}


def test_a_group_made_elsewhere_is_found_although_others_are_kept(
    erply: Sandbox, capsys: Any
) -> None:
    registry().groups()
    erply.groups[50] = erply.groups[1] | {"id": 50, "name": "Web shop members"}
    assert "50 (is there)" in run(capsys)


def test_the_kept_groups_know_the_new_one(erply: Sandbox, capsys: Any) -> None:
    registry().groups()
    run(capsys)
    assert "Web shop members" in [group.name for group in registry().groups()]


@pytest.mark.parametrize("call", ["getCustomerGroups", "saveCustomerGroup"])
@pytest.mark.parametrize("code", [1000, 1002, 1016, 1060])
def test_what_erply_refuses_is_said_with_what_to_do(erply: Sandbox, call: str, code: int) -> None:
    erply.fault("error", code=code, calls=call)
    with pytest.raises(CommandError, match=str(code)):
        call_command("erply_setup")


def test_an_answer_without_an_id_is_no_success(erply: Sandbox) -> None:
    erply.fault("shape", shape="empty_records", calls="saveCustomerGroup")
    with pytest.raises(CommandError, match="makes no sense"):
        call_command("erply_setup")


def test_without_settings_it_says_which_is_missing(settings: Any) -> None:
    settings.ERPLY_AUTH = {}
    with pytest.raises(CommandError, match="CLIENT_CODE"):
        call_command("erply_setup")


def test_a_customer_is_removed_unless_others_refer_to_them(erply: Sandbox) -> None:
    gone, in_use = registry().card(41).customer, registry().card(20).customer
    registry().delete_customer(gone)
    assert 41 in erply.deleted_customers
    with pytest.raises(RecordInUse):
        registry().delete_customer(in_use)
    with pytest.raises(RecordNotFound):
        registry().delete_customer(gone)


@pytest.mark.parametrize("code", [1011, 1014, 1016, 1022, 1100])
def test_a_question_that_erply_refuses_is_an_outage_whatever_it_blames(
    erply: Sandbox, settings: Any, code: int
) -> None:
    calls = ("getCustomers", "getAddresses", "getCustomerGroups", "getAddressTypes")
    erply.fault("error", code=code, field="ownerID", calls=[*calls, "getDefaultCustomer"])
    asks: list[Any] = [
        lambda: registry().card(15),
        lambda: registry().addresses(15),
        lambda: registry().groups_now(),
        lambda: registry().address_types("en"),
        lambda: registry().walk_in_ids(),
    ]
    for ask in asks:
        with pytest.raises(ErplyUnavailable) as raised:
            ask()
        assert raised.value.code == code
    configure(settings, POINTS_OF_SALE=[1, 2])
    erply.fault("error", code=code, field="pointOfSaleID", calls="getDefaultCustomer")
    with pytest.raises(ErplyUnavailable):
        registry().walk_in_ids()
