"""A new password: the old one proves who asks, Erply has the last word, other sessions end."""

from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox
from tests.app.support import hurry, log_in, names_called, table_gone

from .support import (
    MARI,
    OVERVIEW,
    PASSWORD,
    entries,
    errors,
    form_of,
    newest,
    only_write,
    page,
    said,
    writes,
)

pytestmark = pytest.mark.django_db

OLD = "Sandbox-person-1"
NEW = "Uus-salasõna-77"
FILLED = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}


def change(client: Client, **changes: str) -> Any:
    return client.post(PASSWORD, FILLED | changes)


def test_the_new_password_is_the_only_parameter_and_logs_in(mari: Client, erply: Sandbox) -> None:
    since = newest()
    answer = change(mari)
    assert names_called(erply) == ["getCustomers", "verifyCustomerUser", "saveCustomer"]
    assert only_write(erply) == {"customerID": "15", "password": NEW}
    assert entries(since) == [(MARI, "update", "done")]
    assert "Your password is changed." in said(mari, answer)
    assert log_in(Client(), password=OLD).status_code == 200
    assert log_in(Client(), password=NEW).status_code == 302


def test_outer_space_belongs_to_the_password(mari: Client, erply: Sandbox) -> None:
    spaced = f" {NEW} "
    assert change(mari, new_password1=spaced, new_password2=spaced).status_code == 302
    assert erply.customers[MARI]["password"] == spaced


def test_this_session_stays_and_every_other_one_ends(
    mari: Client, enter: Any, erply: Sandbox
) -> None:
    phone, kalle = enter("person"), enter("gold")
    before = mari.session.session_key
    password = Member.objects.get(customer_id=MARI).user.password
    assert change(mari).status_code == 302
    assert mari.get(OVERVIEW).status_code == 200
    assert mari.session.session_key != before
    assert phone.get(OVERVIEW).status_code == 302
    assert kalle.get(OVERVIEW).status_code == 200
    user = Member.objects.get(customer_id=MARI).user
    assert user.password != password
    assert not user.has_usable_password()


def test_a_notice_goes_to_every_stored_address(
    enter: Any, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    answer = change(enter("gold"), old_password="Sandbox-gold-1")
    assert answer.status_code == 302
    assert [mail.to for mail in mailoutbox] == [
        ["kalle.kuld@example.ee"],
        ["kalle@kuld.example.ee"],
    ]
    for mail in mailoutbox:
        assert NEW not in mail.body
        assert "http" not in mail.body


@pytest.mark.parametrize(
    "backend", ["tests.selfservice.mailing.Refusing", "tests.selfservice.mailing.Breaking"]
)
def test_a_mail_server_that_fails_undoes_nothing(
    mari: Client, erply: Sandbox, settings: Any, backend: str
) -> None:
    settings.EMAIL_BACKEND = backend
    assert change(mari).status_code == 302
    assert mari.get(OVERVIEW).status_code == 200
    assert erply.customers[MARI]["password"] == NEW


def unchanged(client: Client, erply: Sandbox, answer: Any, *fields: str) -> None:
    assert answer.status_code == 200
    assert sorted(errors(answer)) == sorted(fields)
    assert erply.customers[MARI]["password"] == OLD
    for secret in (OLD, NEW):
        assert secret not in page(answer)
    assert client.get(OVERVIEW).status_code == 200


def test_a_wrong_old_password_changes_nothing_and_ends_nothing(
    mari: Client, enter: Any, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    phone = enter("person")
    since = newest()
    unchanged(mari, erply, change(mari, old_password="wrong"), "old_password")
    assert entries(since)[0] == (MARI, "update", "failed")
    assert phone.get(OVERVIEW).status_code == 200
    assert writes(erply) == mailoutbox == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_password2": "Another-one-1"}, "new_password2"),
        ({"new_password2": ""}, "new_password2"),
        ({"new_password1": ""}, "new_password1"),
        ({"old_password": ""}, "old_password"),
        ({"new_password1": "Ab1-xyz", "new_password2": "Ab1-xyz"}, "new_password1"),
        ({"new_password1": "password1", "new_password2": "password1"}, "new_password1"),
        ({"new_password1": "8214770365", "new_password2": "8214770365"}, "new_password1"),
        ({"new_password1": "a\x01bcdefgh1", "new_password2": "a\x01bcdefgh1"}, "new_password1"),
        ({"new_password1": "a\nbcdefgh1", "new_password2": "a\nbcdefgh1"}, "new_password1"),
    ],
)
def test_what_django_refuses_does_not_reach_erply(
    mari: Client, erply: Sandbox, changes: dict[str, str], field: str
) -> None:
    answer = change(mari, **changes)
    assert names_called(erply) == []
    unchanged(mari, erply, answer, field)


def test_too_long_or_with_a_nul_is_refused(mari: Client, erply: Sandbox) -> None:
    for value in ("ä1" * 200, "abc\x00defgh1"):
        answer = change(mari, old_password=value, new_password1=value, new_password2=value)
        unchanged(mari, erply, answer, "old_password", "new_password1", "new_password2")
    assert writes(erply) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1100, "too short"),
        (1101, "needs letters"),
        (1102, "too simple"),
        (1103, "too recently"),
        (1196, "used before"),
        (1016, "does not accept"),
        (1010, "needed"),
    ],
)
@pytest.mark.parametrize("blamed", ["password", ""])
def test_erplys_verdict_stands_at_the_new_password(
    mari: Client, erply: Sandbox, mailoutbox: list[Any], code: int, words: str, blamed: str
) -> None:
    erply.fault("error", code=code, field=blamed, calls="saveCustomer")
    since = newest()
    answer = change(mari)
    assert words in errors(answer)["new_password1"]
    assert entries(since) == [(MARI, "update", "failed")]
    unchanged(mari, erply, answer, "new_password1")
    assert mailoutbox == []


def test_erplys_own_rule_stands_at_the_new_password(mari: Client, erply: Sandbox) -> None:
    letters = "Ainult-tähed"
    answer = change(mari, new_password1=letters, new_password2=letters)
    unchanged(mari, erply, answer, "new_password1")
    assert letters not in page(answer)


@pytest.mark.parametrize(
    "fault", [{"kind": "reset"}, {"kind": "html", "status": 502}, {"kind": "empty"}]
)
def test_an_answer_lost_after_it_happened_is_a_change(
    mari: Client, enter: Any, erply: Sandbox, mailoutbox: list[Any], fault: dict[str, Any]
) -> None:
    phone = enter("person")
    erply.calls.clear()
    erply.fault(calls="saveCustomer", performed=True, **fault)
    since = newest()
    answer = change(mari)
    assert answer.status_code == 302
    assert names_called(erply) == [
        *("getCustomers", "verifyCustomerUser", "saveCustomer", "verifyCustomerUser"),
    ]
    assert entries(since) == [(MARI, "update", "done")]
    assert phone.get(OVERVIEW).status_code == 302
    assert mari.get(OVERVIEW).status_code == 200
    assert len(mailoutbox) == 1


def test_an_answer_lost_before_it_happened_is_no_change(
    mari: Client, enter: Any, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    phone = enter("person")
    erply.fault("reset", calls="saveCustomer")
    since = newest()
    answer = change(mari)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert entries(since) == [(MARI, "update", "failed")]
    assert [len(writes(erply)), mailoutbox] == [1, []]
    assert phone.get(OVERVIEW).status_code == 200
    erply.clear_faults()
    assert change(mari).status_code == 302


def test_what_nobody_can_tell_is_unknown(
    mari: Client, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    erply.fault("reset", calls="saveCustomer", performed=True)
    since = newest()
    answer = change_with_second_look_lost(mari, erply)
    assert answer.status_code == 503
    assert entries(since) == [(MARI, "update", "unknown")]
    assert form_of(answer).action == PASSWORD


def change_with_second_look_lost(client: Client, erply: Sandbox) -> Any:
    """Erply goes away for good while it saves."""

    class Gone(dict[str, Any]):
        def update(self, *args: Any, **kwargs: Any) -> None:
            super().update(*args, **kwargs)
            if "password" in dict(*args):
                erply.fault("reset", calls="verifyCustomerUser")

    erply.customers[MARI] = Gone(erply.customers[MARI])
    return change(client)


def test_an_answer_that_times_out_is_looked_after(
    mari: Client, erply: Sandbox, settings: Any
) -> None:
    hurry(settings)
    erply.fault("timeout", calls="saveCustomer", performed=True, times=1)
    assert change(mari).status_code == 302
    assert erply.customers[MARI]["password"] == NEW


@pytest.mark.parametrize("call", ["getCustomers", "verifyCustomerUser"])
@pytest.mark.parametrize("code", [1000, 1002])
def test_erply_down_is_said_and_no_password_comes_back(
    mari: Client, erply: Sandbox, call: str, code: int
) -> None:
    erply.fault("error", code=code, calls=call)
    answer = change(mari)
    assert answer.status_code == 503
    text = page(answer)
    assert "Try again" in text
    assert [secret for secret in (OLD, NEW) if secret in text or escape(secret) in text] == []
    assert writes(erply) == []


def test_a_record_that_is_gone_is_not_found(mari: Client, erply: Sandbox) -> None:
    del erply.customers[MARI]
    since = newest()
    assert change(mari).status_code == 404
    assert entries(since) == [(MARI, "update", "failed")]


@pytest.mark.django_db(transaction=True)
def test_sessions_end_and_the_notice_goes_even_if_the_log_fails_afterwards(
    mari: Client, enter: Any, erply: Sandbox, mailoutbox: list[Any]
) -> None:
    phone = enter("person")
    with table_gone("erply_auth_processingoutcome"):
        assert change(mari).status_code == 503
    assert erply.customers[MARI]["password"] == NEW
    assert len(mailoutbox) == 1
    assert phone.get(OVERVIEW).status_code == 302


def test_the_form_is_there_without_a_call_and_forgets_nothing(mari: Client, erply: Sandbox) -> None:
    assert form_of(mari.get(PASSWORD)).names == [
        *("csrfmiddlewaretoken", "old_password", "new_password1", "new_password2"),
    ]
    assert names_called(erply) == []
