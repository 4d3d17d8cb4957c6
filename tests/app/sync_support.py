"""What the tests of erply_sync_members share: many members at little cost, and how a pass went."""

import io
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox

from .support import configure


def sync() -> tuple[int, str, str]:
    """Exit code, what is printed, and what is said on standard error."""
    out = io.StringIO()
    try:
        call_command("erply_sync_members", stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), ""


def line(checked: int, updated: int = 0, closed: int = 0) -> str:
    return f"Members checked: {checked}, updated: {updated}, closed: {closed}\n"


def link_many(erply: Sandbox, number: int, first: int = 5000) -> list[int]:
    """Customers in Erply, each with a member who is up to date but for Django's groups."""
    ids = list(range(first, first + number))
    for id_ in ids:
        fields = {"firstName": "Nr", "lastName": str(id_), "username": f"user-{id_}", "groupID": 2}
        erply.add_customer(id=id_, **fields)
    model = get_user_model()
    users = model.objects.bulk_create([model(username=f"erply-100100-{id_}") for id_ in ids])
    Member.objects.bulk_create(
        Member(
            user=user,
            client_code="100100",
            customer_id=id_,
            name=f"Nr {id_}",
            username=f"user-{id_}",
            group_id=2,
            group_name="Members",
            group_path=[[2, "Members"]],
        )
        for id_, user in zip(ids, users, strict=True)
    )
    return ids


def gone(erply: Sandbox, *customer_ids: int) -> None:
    for customer_id in customer_ids:
        del erply.customers[customer_id]


def closed() -> set[int]:
    return set(Member.objects.exclude(closed_at=None).values_list("customer_id", flat=True))


def serve_by(api: str, settings: Any) -> None:
    configure(settings, CUSTOMER_API=api)
