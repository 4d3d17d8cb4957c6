"""A customer is an account and an id: whose user is whose, whatever names and addresses say."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from erply_auth.models import Member, MirroredGroup
from erply_auth.sandbox import Sandbox

from .support import configure, log_in, member_of

pytestmark = pytest.mark.django_db
User = get_user_model()


def groups_of(member: Member) -> list[str]:
    return sorted(member.user.groups.values_list("name", flat=True))


@pytest.mark.parametrize("email", ["", "admin@shop.example"])
@pytest.mark.parametrize("before", [True, False], ids=["admin first", "customer first"])
def test_a_customer_called_admin_never_becomes_the_user_admin(
    erply: Sandbox, erply_customer: Any, before: bool, email: str
) -> None:
    def make_admin() -> Any:
        return User.objects.create_superuser("admin", "admin@shop.example", "Staff-password-1")

    erply_customer(username="admin", email=email)
    admin = make_admin() if before else None
    client = Client()
    assert log_in(client, "admin").status_code == 302
    admin = admin or make_admin()
    assert log_in(client, "admin").status_code == 302
    user = member_of("admin", erply).user
    assert user != admin
    assert (user.username, user.is_staff, user.is_superuser) == ("erply-100100-1001", False, False)
    assert client.get("/admin/").status_code == 302


def test_a_taken_user_name_is_made_unique(client: Client, erply: Sandbox) -> None:
    for name in ("erply-100100-15", "erply-100100-15-2"):
        User.objects.create_user(name)
    assert log_in(client).status_code == 302
    assert member_of("person", erply).user.username == "erply-100100-15-3"


def test_a_renamed_customer_is_the_same_user(client: Client, erply: Sandbox) -> None:
    log_in(client)
    before = member_of("person", erply)
    erply.customers[15].update(webshopUsername="mari", lastName="Mustikas")
    assert log_in(client, "mari", password="Sandbox-person-1").status_code == 302
    after = member_of("mari", erply)
    assert (after.pk, after.user_id) == (before.pk, before.user_id)
    assert (after.username, after.name) == ("mari", "Mari Mustikas")


def test_a_user_name_that_another_customer_got_is_another_user(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    first = member_of("person", erply)
    erply.customers[15]["webshopUsername"] = "mari"
    erply.customers[44].update(webshopUsername="person", password="Sandbox-person-1")
    log_in(client)
    second = member_of("person", erply)
    assert (second.customer_id, second.user_id != first.user_id) == (44, True)


def test_one_customer_id_in_two_accounts_is_two_users(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    log_in(client)
    # The same sandbox under another client code: the ids are the same, the account is not.
    configure(settings, CLIENT_CODE="200200")
    erply.client_code = "200200"
    try:
        log_in(client)
    finally:
        erply.client_code = "100100"
    links = Member.objects.order_by("pk").values_list("client_code", "customer_id")
    assert list(links) == [("100100", 15), ("200200", 15)]
    assert User.objects.count() == 2


def test_the_names_of_members_and_groups_say_account_and_id(client: Client, erply: Sandbox) -> None:
    log_in(client)
    assert str(member_of("person", erply)) == "100100/15"
    assert str(MirroredGroup.objects.get()) == "100100/2"


def test_the_erply_group_is_mirrored_under_its_prefix(client: Client, erply: Sandbox) -> None:
    log_in(client, "gold")
    assert groups_of(member_of("gold", erply)) == ["Erply: Gold"]


def test_the_groups_above_count_when_the_host_asks_for_it(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    configure(settings, GROUP_ANCESTORS=True)
    log_in(client, "gold")
    member = member_of("gold", erply)
    assert groups_of(member) == ["Erply: Gold", "Erply: Members"]
    assert member.in_groups(("Members",))
    assert member.in_groups((2,))
    assert not member.in_groups((1, "Retail"))


def test_without_ancestors_only_the_own_group_counts(client: Client, erply: Sandbox) -> None:
    log_in(client, "gold")
    member = member_of("gold", erply)
    assert member.in_groups(("Gold",))
    assert member.in_groups((3,))
    assert not member.in_groups(("Members", 2, "3", "gold", ""))
    assert not member.in_groups(())


def test_a_name_alone_is_no_list_of_groups(erply: Sandbox) -> None:
    with pytest.raises(TypeError, match="must be a list"):
        Member(group_path=[[1, "G"]]).in_groups("Gold")  # type: ignore[arg-type]


def test_while_the_groups_cannot_be_told_nothing_personal_is_asked_for(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    configure(settings, GROUP_ANCESTORS=True)
    erply.fault("error", code=1000, calls="getCustomerGroups")
    assert log_in(client, "gold").status_code == 503
    assert erply.calls_of("verifyCustomerUser") == []


def test_a_member_who_moves_changes_group_and_keeps_the_hosts_own(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    member = member_of("person", erply)
    member.user.groups.add(Group.objects.create(name="Newsletter"))
    erply.customers[15]["groupID"] = 3
    log_in(client)
    assert groups_of(member) == ["Erply: Gold", "Newsletter"]
    member.refresh_from_db()
    assert (member.group_id, member.group_name, member.group_path) == (3, "Gold", [[3, "Gold"]])


def test_a_member_without_a_group_is_in_none(client: Client, erply: Sandbox) -> None:
    log_in(client)
    erply.customers[15]["groupID"] = 0
    assert log_in(client).status_code == 302
    member = member_of("person", erply)
    assert (groups_of(member), member.group_path) == ([], [])


def test_a_renamed_group_keeps_its_mirror_and_the_permissions_on_it(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    mirror = MirroredGroup.objects.get()
    erply.groups[2]["name"] = "Friends"
    log_in(client)
    mirror.refresh_from_db()
    assert mirror.group.name == "Erply: Friends"
    assert Group.objects.count() == 1


def test_a_hosts_group_of_the_same_name_is_never_adopted(client: Client, erply: Sandbox) -> None:
    hosts = Group.objects.create(name="Erply: Gold")
    log_in(client, "gold")
    assert not hosts.user_set.exists()
    assert groups_of(member_of("gold", erply)) == ["Erply: Gold (100100/3)"]
    log_in(client, "gold")
    assert Group.objects.count() == 2


def test_two_erply_groups_of_one_name_are_two_groups(client: Client, erply: Sandbox) -> None:
    erply.groups[2]["name"] = "Gold"
    log_in(client, "gold")
    log_in(client, "person")
    assert groups_of(member_of("person", erply)) == ["Erply: Gold (100100/2)"]
    assert groups_of(member_of("gold", erply)) == ["Erply: Gold"]


def test_a_group_renamed_to_a_name_that_is_taken_gets_one_of_its_own(
    client: Client, erply: Sandbox
) -> None:
    log_in(client, "gold")
    log_in(client)
    erply.groups[2]["name"] = "Gold"
    log_in(client)
    assert groups_of(member_of("person", erply)) == ["Erply: Gold (100100/2)"]
    assert groups_of(member_of("gold", erply)) == ["Erply: Gold"]


def test_a_group_name_longer_than_djangos_is_cut_and_still_told_apart(
    client: Client, erply: Sandbox
) -> None:
    erply.groups[2]["name"] = "x" * 255
    erply.groups[3]["name"] = "x" * 255
    log_in(client)
    log_in(client, "gold")
    names = groups_of(member_of("person", erply)) + groups_of(member_of("gold", erply))
    assert names == [f"Erply: {'x' * 143}", f"Erply: {'x' * 132} (100100/3)"]


def test_no_group_is_mirrored_when_the_host_wants_none(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    configure(settings, MIRROR_GROUPS=False)
    log_in(client, "gold")
    assert not Group.objects.exists()
    assert member_of("gold", erply).in_groups(("Gold",))


def test_the_prefix_is_the_hosts_choice(client: Client, erply: Sandbox, settings: Any) -> None:
    configure(settings, GROUP_PREFIX="")
    Group.objects.create(name="Members")
    log_in(client)
    assert groups_of(member_of("person", erply)) == ["Members (100100/2)"]
