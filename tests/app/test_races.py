"""A rival who is faster, at the worst moment: right after it was looked whether one is there.

The rival's statements are real; they are sent when the look has been answered.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.db.models.signals import post_save

from erply_auth import linking
from erply_auth.erply.records import CustomerGroup, CustomerIdentity
from erply_auth.models import Member, MirroredGroup

pytestmark = pytest.mark.django_db
User = get_user_model()
MEMBERS = [CustomerGroup(2, 0, "Members")]


def identity(customer_id: int) -> CustomerIdentity:
    return CustomerIdentity(customer_id, "name", "Name", 2, "Members", 0, "")


def link(customer_id: int) -> Member:
    with transaction.atomic():
        return linking.link(identity(customer_id), MEMBERS)


def after(look: str, rival: Callable[[], Any]) -> Any:
    """Lets the rival act once, when a statement like this has been executed."""
    waiting = [rival]

    def execute_and_lose(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if waiting and re.search(look, sql):
            waiting.pop()()
        return result

    return connection.execute_wrapper(execute_and_lose)


def test_the_slower_of_two_first_log_ins_finds_the_fasters_user() -> None:
    faster: list[Member] = []
    with after(r"^SELECT .*customer_id.? IN ", lambda: faster.append(link(15))):
        slower = link(15)
    assert slower == faster[0]
    assert User.objects.get() == slower.user


def test_the_slower_of_two_first_members_finds_the_fasters_group() -> None:
    with after(r"^SELECT .*erply_id.? = ", lambda: link(16)):
        link(15)
    mirror = MirroredGroup.objects.get()
    assert Group.objects.get() == mirror.group
    assert mirror.group.name == "Erply: Members"
    assert mirror.group.user_set.count() == 2


def test_a_user_whom_the_database_refuses_is_no_race() -> None:
    def spoil(sender: Any, instance: Any, created: bool, **kwargs: Any) -> None:
        # A host's own rule: its profile table refuses this user.
        raise IntegrityError("refused by the host")

    post_save.connect(spoil, sender=User)
    try:
        with pytest.raises(IntegrityError, match="refused by the host"):
            link(15)
    finally:
        post_save.disconnect(spoil, sender=User)
    assert not Member.objects.exists()
    assert not User.objects.exists()
