"""Two at once: first log-ins of one member, and of two in a group that is not mirrored yet."""

import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from erply_auth.models import Member, MirroredGroup
from erply_auth.sandbox import Sandbox

from .support import closing_connections, log, log_in, warm

PARALLEL = 6


def at_once(names: list[str]) -> list[int]:
    """Logs everybody in at the same moment; the statuses of the answers."""
    starting = threading.Barrier(len(names))
    answers: list[Any] = []

    def visit(name: str) -> None:
        client = Client()
        starting.wait()
        answers.append(log_in(client, name))

    threads = [threading.Thread(target=closing_connections(visit), args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer.status_code for answer in answers]


def check_one_member(erply: Sandbox) -> None:
    for _ in range(3):
        warm(erply)
        # Each answers late, so that all are linked in the same moment.
        erply.fault("latency", seconds=0.2, calls="verifyCustomerUser")
        assert at_once(["person"] * PARALLEL) == [302] * PARALLEL
        assert Member.objects.count() == get_user_model().objects.count() == 1
        assert [row[4] for row in log()] == ["done"] * len(log())
        get_user_model().objects.all().delete()
        erply.clear_faults()


def check_one_group(erply: Sandbox) -> None:
    for customer in erply.members():
        customer["groupID"] = 3
    warm(erply)
    erply.fault("latency", seconds=0.2, calls="verifyCustomerUser")
    names = ["person", "company", "contact", "gold"]
    assert at_once(names) == [302] * len(names)
    assert MirroredGroup.objects.get().group.user_set.count() == len(names)
    assert Group.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_first_log_ins_of_one_member_at_once_make_one_user(erply: Sandbox) -> None:
    check_one_member(erply)


@pytest.mark.django_db(transaction=True)
def test_first_members_of_a_group_at_once_make_one_group(erply: Sandbox) -> None:
    check_one_group(erply)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_on_postgresql_first_log_ins_of_one_member_at_once_make_one_user(erply: Sandbox) -> None:
    check_one_member(erply)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_on_postgresql_first_members_of_a_group_at_once_make_one_group(erply: Sandbox) -> None:
    check_one_group(erply)


@pytest.mark.django_db(transaction=True)
def test_log_ins_at_once_with_no_key_authenticate_once(erply: Sandbox) -> None:
    assert at_once(["person", "gold", "company", "contact"]) == [302] * 4
    assert len(erply.calls_of("verifyUser")) == 1
    assert len(erply.calls_of("getDefaultCustomer")) == 1
