"""Whose user a customer is: Erply's identity turned into a Django user and Django groups.

A customer is found by client code and customer id. No user is ever found by name or by e-mail
address, and none that somebody else made is ever adopted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, router, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from .conf import get_settings
from .erply.records import CustomerGroup, CustomerIdentity
from .models import Member, MemberSession, MirroredGroup
from .signals import member_closed, member_linked

_GROUP_NAME_LENGTH = Group._meta.get_field("name").max_length or 0
_MIRROR = "user__groups__erply_group"


@dataclass
class Link:
    """A member with their user and, by Erply id, the key and name of each mirrored group."""

    member: Member
    mirrored: dict[int, tuple[int, str]] = field(default_factory=dict)


def find(customer_id: int) -> Link | None:
    """The customer's link in the configured account."""
    return next(iter(find_all([customer_id])), None)


def find_all(customer_ids: Iterable[int]) -> list[Link]:
    """The links that these customers have in the configured account, in one query."""
    members = Member.objects.using(router.db_for_write(Member)).select_related("user")
    client_code = get_settings().client_code
    old_sessions = MemberSession.objects.old().filter(member=OuterRef("pk"))
    members = members.filter(client_code=client_code, customer_id__in=customer_ids).annotate(
        has_old_sessions=Exists(old_sessions)
    )
    if not _mirrors_groups(get_user_model()):
        return [Link(member) for member in members]
    links: dict[int, Link] = {}
    # A row for each group of the user's, mirrored or not; one for a user without any.
    for member in members.annotate(
        mirror_account=F(f"{_MIRROR}__client_code"),
        mirror_of=F(f"{_MIRROR}__erply_id"),
        mirror_group=F(f"{_MIRROR}__group_id"),
        mirror_name=F(f"{_MIRROR}__group__name"),
    ):
        link = links.setdefault(member.pk, Link(member))
        if member.mirror_account == client_code:
            link.mirrored[member.mirror_of] = member.mirror_group, member.mirror_name
    return list(links.values())


def is_open(member: Member) -> bool:
    """Whether the member may be logged in: link open, user active, account the configured one.

    Nor may one whom somebody has made staff: a web-shop password is no key to the admin.
    """
    user: Any = member.user
    return (
        member.closed_at is None
        and user.is_active
        and not getattr(user, "is_staff", False)
        and not getattr(user, "is_superuser", False)
        and member.client_code == get_settings().client_code
    )


def logged_in(member: Member) -> Any:
    """The member's user, who knows for which member the session is: `user.logged_in_member`.

    A staff member's own session has none, even where their user is a member's too.
    """
    user: Any = member.user
    user.logged_in_member = member
    return user


def link(identity: CustomerIdentity, groups: Sequence[CustomerGroup]) -> Member:
    """The customer's member, made if new, with names and groups as Erply has them now.

    Call it inside a transaction.
    """
    found = find(identity.customer_id) or _create(identity.customer_id)
    update(found, identity, groups)
    return found.member


def groups_of(
    identity: CustomerIdentity, above: Sequence[CustomerGroup]
) -> Sequence[CustomerGroup]:
    """The groups that membership counts for: the customer's own, and those above it if given."""
    if not identity.group_id:
        return []
    return [CustomerGroup(identity.group_id, 0, identity.group_name), *above]


def update(link: Link, identity: CustomerIdentity, groups: Sequence[CustomerGroup]) -> bool:
    """Sets names and groups as Erply has them now; whether anything was different.

    Call it inside a transaction.
    """
    changed = _set(
        link.member,
        company_id=identity.company_id,
        name=identity.name[:255],
        username=identity.username[:255],
        group_id=identity.group_id,
        group_name=identity.group_name[:255],
        group_path=[[group.group_id, group.name] for group in groups],
    )
    if _mirrors_groups(link.member.user):
        changed |= _mirror(link, {group.group_id: group.name for group in groups})
    return changed


def close(member: Member) -> None:
    """Ends the member's access: their sessions at the next request, and every new log-in."""
    using = router.db_for_write(Member)
    with transaction.atomic(using=using):
        member.closed_at = timezone.now()
        member.save(using=using, update_fields=["closed_at"])
        # Were the link opened again one day, nobody's old session should be.
        member.sessions.using(using).all().delete()
        transaction.on_commit(lambda: member_closed.send(sender=Member, member=member), using=using)


def _mirrors_groups(user: Any) -> bool:
    return get_settings().mirror_groups and hasattr(user, "groups")


def _set(member: Member, **values: Any) -> bool:
    changed = [name for name, value in values.items() if getattr(member, name) != value]
    for name in changed:
        setattr(member, name, values[name])
    if changed:
        member.save(update_fields=changed)
    return bool(changed)


def _create(customer_id: int) -> Link:
    try:
        with transaction.atomic(using=router.db_for_write(Member)):
            member = Member.objects.create(
                user=_new_user(customer_id),
                client_code=get_settings().client_code,
                customer_id=customer_id,
            )
    except IntegrityError:
        # Two first log-ins at once: the other one was faster.
        found = find(customer_id)
        if found is None:
            raise
        return found
    transaction.on_commit(
        lambda: member_linked.send(sender=Member, member=member),
        using=router.db_for_write(Member),
    )
    return Link(member)


def _new_user(customer_id: int) -> Any:
    model = get_user_model()
    user = model(**{model.USERNAME_FIELD: _free_name(model, customer_id)})
    user.set_unusable_password()
    user.save(force_insert=True)
    return user


def _free_name(model: Any, customer_id: int) -> str:
    """A user name that says nothing about the person and that nobody has.

    Erply's user names are renamed and given to others, and may be `admin`.
    """
    users = model._default_manager.using(router.db_for_write(model))
    stem = name = f"erply-{get_settings().client_code}-{customer_id}"
    number = 1
    while users.filter(**{model.USERNAME_FIELD: name}).exists():
        number += 1
        name = f"{stem}-{number}"
    return name


def _mirror(link: Link, wanted: dict[int, str]) -> bool:
    """Puts the user into exactly the groups that mirror the wanted ones; others stay untouched."""
    using = router.db_for_write(MirroredGroup)
    client_code, own_groups = link.member.client_code, link.member.user.groups
    gone = [key for erply_id, (key, _) in link.mirrored.items() if erply_id not in wanted]
    changed = bool(gone)
    if gone:
        own_groups.remove(*gone)
    for erply_id, name in wanted.items():
        names = _group_names(client_code, erply_id, name)
        _, current = link.mirrored.get(erply_id, (0, ""))
        if current in names:
            continue
        changed = True
        mirrors = MirroredGroup.objects.using(using).select_related("group")
        mirror = mirrors.filter(client_code=client_code, erply_id=erply_id).first()
        group = mirror.group if mirror else _new_group(client_code, erply_id, names)
        own_groups.add(group)
        if group.name not in names:
            _name(group, names)
    return changed


def _group_names(client_code: str, group_id: int, name: str) -> tuple[str, str]:
    """The name a mirrored group has, and the one it has when that is somebody else's."""
    own = f" ({client_code}/{group_id})"
    plain = f"{get_settings().group_prefix}{name}"
    return plain[:_GROUP_NAME_LENGTH], plain[: _GROUP_NAME_LENGTH - len(own)] + own


def _new_group(client_code: str, group_id: int, names: tuple[str, str]) -> Group:
    using = router.db_for_write(MirroredGroup)
    group = Group()
    _name(group, names)
    try:
        with transaction.atomic(using=using):
            MirroredGroup.objects.create(client_code=client_code, erply_id=group_id, group=group)
    except IntegrityError:
        # Two first members of a group at once: the other one's mirror is the group's.
        group.delete()
        return (
            MirroredGroup.objects.using(using).get(client_code=client_code, erply_id=group_id).group
        )
    return group


def _name(group: Group, names: tuple[str, str]) -> None:
    """Saves the group under the first of the names that is free.

    The database decides what is taken: its collation may not tell `Gold` from `gold`.
    """
    plain, own = names
    group.name = plain
    try:
        with transaction.atomic(using=router.db_for_write(Group)):
            group.save()
    except IntegrityError:
        group.name = own
        group.save()
