"""Members and staff do not meet: whose password goes where, and what it costs."""

from typing import Any

import pytest
from django.contrib.auth import aauthenticate, authenticate, get_user_model
from django.contrib.auth.signals import user_login_failed
from django.test import Client, RequestFactory
from django.utils import timezone

from erply_auth.backend import ErplyBackend, outage_of
from erply_auth.erply.errors import ErplyUnavailable, FieldRejected, Reason
from erply_auth.models import Member
from erply_auth.outages import remedy
from erply_auth.sandbox import Sandbox
from erply_auth.signals import erply_unavailable, member_linked

from .hashers import CountingHasher
from .support import (
    BOTH_ORDERS,
    ERPLY_BACKEND,
    configure,
    is_logged_in,
    log_in,
    member_of,
    names_called,
    pair,
    statements_of_the_app,
    warm,
)

pytestmark = pytest.mark.django_db
User = get_user_model()
PERSON = {"erply_username": "person", "erply_password": "Sandbox-person-1"}
either_order = pytest.mark.parametrize("backends", BOTH_ORDERS, ids=["Erply first", "Erply last"])


@pytest.fixture
def hasher(settings: Any) -> type[CountingHasher]:
    settings.PASSWORD_HASHERS = ["tests.app.hashers.CountingHasher"]
    CountingHasher.runs = 0
    return CountingHasher


@either_order
def test_no_password_hasher_runs_when_a_member_logs_in(
    client: Client, erply: Sandbox, settings: Any, hasher: Any, backends: list[str]
) -> None:
    settings.AUTHENTICATION_BACKENDS = backends
    assert log_in(client).status_code == 302
    assert log_in(Client(), "person", password="wrong").status_code == 200
    assert log_in(Client(), "nobody").status_code == 200
    assert is_logged_in(client)
    assert hasher.runs == 0


@either_order
def test_the_hasher_would_have_been_counted(
    erply: Sandbox, settings: Any, hasher: Any, backends: list[str]
) -> None:
    settings.AUTHENTICATION_BACKENDS = backends
    assert authenticate(None, username="nobody", password="anything") is None
    assert hasher.runs == 1


@either_order
@pytest.mark.parametrize("password", ["Staff-password-1", "wrong"])
def test_a_staff_password_typed_into_the_admin_never_reaches_erply(
    client: Client, erply: Sandbox, staff: Any, settings: Any, backends: list[str], password: str
) -> None:
    settings.AUTHENTICATION_BACKENDS = backends
    answer = client.post("/admin/login/", {"username": "boss", "password": password})
    assert answer.status_code == (302 if password == "Staff-password-1" else 200)
    assert erply.calls == []


def test_staff_log_in_although_the_account_is_not_set_up(
    client: Client, staff: Any, settings: Any
) -> None:
    settings.ERPLY_AUTH = {}
    answer = client.post("/admin/login/", {"username": "boss", "password": "Staff-password-1"})
    assert answer.status_code == 302


@either_order
def test_a_staff_password_on_the_members_page_opens_nothing(
    client: Client, erply: Sandbox, staff: Any, settings: Any, backends: list[str]
) -> None:
    settings.AUTHENTICATION_BACKENDS = backends
    assert log_in(client, "boss", password="Staff-password-1").status_code == 200
    assert "sessionid" not in client.cookies


@either_order
def test_plain_credentials_stay_in_the_house_unless_the_host_says_otherwise(
    erply: Sandbox, settings: Any, backends: list[str]
) -> None:
    settings.AUTHENTICATION_BACKENDS = backends
    assert authenticate(None, **pair("person")) is None
    assert erply.calls == []
    configure(settings, PLAIN_CREDENTIALS=True)
    user = authenticate(None, **pair("person"))
    assert user == member_of("person", erply).user
    assert authenticate(None, username="person", password="wrong") is None
    assert authenticate(None, token="something else") is None
    assert authenticate(None, **PERSON) == user


def test_the_user_says_for_which_member_the_session_is(erply: Sandbox) -> None:
    user = authenticate(None, **PERSON)
    assert isinstance(user, User)
    assert user.logged_in_member == member_of("person", erply)  # type: ignore[attr-defined]
    assert user.backend == ERPLY_BACKEND


def test_authenticating_works_in_async_code_too(erply: Sandbox, async_run: Any) -> None:
    assert async_run(aauthenticate, None, **PERSON) == member_of("person", erply).user


def test_a_linked_user_has_a_name_that_says_nothing_and_no_way_in_but_erply(
    erply: Sandbox, hasher: Any
) -> None:
    user = authenticate(None, **PERSON)
    assert isinstance(user, User)
    assert user.username == "erply-100100-15"
    assert not user.has_usable_password()
    assert (user.is_staff, user.is_superuser, user.email) == (False, False, "")
    assert (user.first_name, user.last_name) == ("", "")
    for password in ("", "!", user.password, "Sandbox-person-1"):
        assert authenticate(None, username=user.username, password=password) is None


def test_get_user_knows_members_only(erply: Sandbox, staff: Any) -> None:
    backend = ErplyBackend()
    user = authenticate(None, **PERSON)
    assert isinstance(user, User)
    assert backend.get_user(user.pk) == user
    assert backend.get_user(staff.pk) is None
    assert backend.get_user(987654) is None


def test_a_session_of_another_account_is_nobodys(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    log_in(client)
    assert is_logged_in(client)
    configure(settings, CLIENT_CODE="200200")
    assert not is_logged_in(client)


def test_a_repeated_log_in_is_four_statements_of_the_app(erply: Sandbox) -> None:
    log_in(Client())
    warm(erply)
    with statements_of_the_app() as statements:
        assert log_in(Client()).status_code == 302
    assert len(statements) <= 4, statements
    assert not [sql for sql in statements if sql.startswith(("UPDATE", "DELETE"))]


def test_a_page_is_three_statements_of_the_app(client: Client, erply: Sandbox) -> None:
    log_in(client)
    with statements_of_the_app() as statements:
        assert client.get("/account/profile/").status_code == 200
    assert len(statements) <= 3, statements


def test_first_log_ins_and_only_first_ones_are_told_once_committed(
    client: Client, erply: Sandbox, django_capture_on_commit_callbacks: Any
) -> None:
    linked = []

    def note(sender: Any, member: Member, **kwargs: Any) -> None:
        linked.append((sender, member.customer_id))

    member_linked.connect(note)
    try:
        with django_capture_on_commit_callbacks():
            log_in(client)
            assert linked == []
        with django_capture_on_commit_callbacks(execute=True):
            log_in(client, "gold")
            log_in(client, "gold")
    finally:
        member_linked.disconnect(note)
    assert linked == [(Member, 30)]


def test_an_outage_marks_the_request_and_is_told_to_listeners(
    rf: RequestFactory, erply: Sandbox
) -> None:
    told: list[Any] = []

    def note(sender: Any, request: Any, error: Any, **kwargs: Any) -> None:
        told.append((sender, request, error))

    erply.fault("error", code=1002, calls="verifyCustomerUser", times=2)
    request = rf.post("/")
    erply_unavailable.connect(note)
    try:
        assert authenticate(request, **PERSON) is None
        assert authenticate(None, **PERSON) is None
    finally:
        erply_unavailable.disconnect(note)
    outage = outage_of(request)
    assert isinstance(outage, ErplyUnavailable)
    assert outage.reason is Reason.QUOTA
    assert told[0] == (ErplyBackend, request, outage)
    assert told[1][1] is None


def test_the_mark_is_of_the_last_try_alone(rf: RequestFactory, erply: Sandbox) -> None:
    request = rf.post("/")
    erply.fault("error", code=1002, calls="verifyCustomerUser", times=1)
    authenticate(request, **PERSON)
    assert outage_of(request) is not None
    assert authenticate(request, **{**PERSON, "erply_password": "wrong"}) is None
    assert outage_of(request) is None


def test_who_locks_out_can_tell_an_outage_from_a_wrong_password(
    rf: RequestFactory, erply: Sandbox
) -> None:
    """Django says `user_login_failed` whenever nobody came in: ask `outage_of` before counting."""
    counted = []

    def note(credentials: dict[str, str], request: Any, **kwargs: Any) -> None:
        counted.append((outage_of(request) is None, credentials))

    user_login_failed.connect(note)
    try:
        erply.fault("error", code=1000, calls="verifyCustomerUser", times=1)
        authenticate(rf.post("/"), **PERSON)
        authenticate(rf.post("/"), **{**PERSON, "erply_password": "wrong"})
    finally:
        user_login_failed.disconnect(note)
    assert [blames_the_member for blames_the_member, _ in counted] == [False, True]
    assert "Sandbox-person-1" not in str(counted)
    assert "wrong" not in str(counted)


def test_every_reason_of_an_outage_has_a_remedy() -> None:
    for reason in Reason:
        assert remedy(ErplyUnavailable("verifyUser", reason=reason))
    assert remedy(FieldRejected("saveCustomer")) == "report it"


@pytest.mark.parametrize("how", ["inactive", "closed", "deleted", "unlinked"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_ended_member_is_a_stranger_at_the_next_request(
    client: Client, erply: Sandbox, how: str, method: str
) -> None:
    log_in(client)
    member = member_of("person", erply)
    if how == "inactive":
        member.user.is_active = False
        member.user.save()
    elif how == "closed":
        member.closed_at = timezone.now()
        member.save()
    elif how == "deleted":
        member.user.delete()
    else:
        member.delete()
    erply.calls.clear()
    answer = getattr(client, method)("/account/profile/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")
    assert not is_logged_in(client)
    assert names_called(erply) == []


def test_an_inactive_member_who_is_let_in_again_logs_in_as_the_same_user(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    user = member_of("person", erply).user
    user.is_active = False
    user.save()
    assert log_in(client).status_code == 200
    user.is_active = True
    user.save()
    assert log_in(client).status_code == 302
    assert User.objects.get() == user
