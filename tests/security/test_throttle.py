"""Guessing is slow for whoever guesses, and for nobody else."""

import itertools
import threading
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import authenticate, get_user_model
from django.test import Client, RequestFactory

from erply_auth.forms.login import LoginForm
from erply_auth.sandbox import Sandbox
from tests.app.support import (
    LOGIN,
    NOT_NOW,
    REFUSED,
    closing_connections,
    configure,
    everything_stored,
    log_in,
    names_called,
    pair,
    statements,
    table_gone,
    warm,
)
from tests.selfservice.support import DELETE_ACCOUNT, EXPORT, PASSWORD, PROFILE, form_of

from .guessing import (
    AT_MOST,
    GUESSES,
    addresses,
    counted,
    exhaust,
    guess,
    heard,
    staff_log_in,
)

pytestmark = pytest.mark.django_db
THROTTLED = str(LoginForm.error_messages["throttled"])
VARIANTS = ["person", "PERSON", "Person ", " person", "\uff50erson", "per\u200bson", "pérson"]


@pytest.fixture
def strict(settings: Any) -> None:
    """Limits that are reached sooner than those that are shipped."""
    settings.AXES_FAILURE_LIMIT = 5
    configure(settings, GUESSES_PER_NAME=5, GUESSES_PER_ADDRESS=8)


def without_token(page: bytes) -> str:
    return page.decode().partition("csrfmiddlewaretoken")[2].partition(">")[2]


# Throttles leak: allauth 0.44, 0.51, 65.8.1 and 65.14.2, axes before 5.20.


def test_thirty_guesses_at_a_name_from_one_address_reach_erply_ten_times_at_most(
    erply: Sandbox,
) -> None:
    answers = [guess() for _ in range(GUESSES)]
    assert 0 < heard(erply) <= AT_MOST
    assert {answer.status_code for answer in answers} == {200, 429}
    assert [answer.status_code for answer in answers[AT_MOST:]] == [429] * (GUESSES - AT_MOST)


def test_thirty_guesses_at_a_name_from_thirty_addresses_do_so_too(erply: Sandbox) -> None:
    for address in itertools.islice(addresses(), GUESSES):
        guess(address=address)
    assert 0 < heard(erply) <= AT_MOST


def test_thirty_names_from_one_address_do_so_too(erply: Sandbox) -> None:
    for number in range(GUESSES):
        guess(f"member-{number}")
    assert 0 < heard(erply) <= AT_MOST


def test_one_browser_that_guesses_on_is_slowed_like_thirty(erply: Sandbox) -> None:
    client = Client()
    log_in(client)
    client.post("/account/logout/")
    erply.calls.clear()
    for _ in range(GUESSES):
        log_in(client, password="wrong-one")
    assert 0 < heard(erply) <= AT_MOST


def test_case_width_and_space_variants_of_a_name_are_one_name(erply: Sandbox) -> None:
    for name, address in zip(itertools.cycle(VARIANTS), range(GUESSES), strict=False):
        guess(name, address=f"192.0.2.{address}")
    assert 0 < heard(erply) <= AT_MOST


@pytest.mark.usefixtures("strict")
def test_variants_are_one_pair_too(erply: Sandbox, settings: Any) -> None:
    configure(settings, GUESSES_PER_NAME=1000, GUESSES_PER_ADDRESS=1000)
    statuses = [guess(name).status_code for name in VARIANTS]
    assert (statuses[:4], statuses[4:]) == ([200] * 4, [429] * 3)
    assert AccessAttempt.objects.count() == 1


def test_a_forwarded_address_that_nobody_vouches_for_is_ignored(erply: Sandbox) -> None:
    for number in range(GUESSES):
        guess(f"member-{number}", headers={"x-forwarded-for": f"192.0.2.{number}"})
    assert 0 < heard(erply) <= AT_MOST
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {"127.0.0.1"}


@pytest.mark.usefixtures("strict")
def test_guesses_that_come_all_at_once_are_all_counted(
    transactional_db: None, erply: Sandbox
) -> None:
    warm(erply)
    erply.fault("latency", seconds=0.2, calls="verifyCustomerUser")
    statuses = at_once(12, lambda: guess().status_code)
    assert 0 < heard(erply) <= 6
    assert counted() == heard(erply)
    assert statuses.count(429) >= 12 - heard(erply)


def test_staffs_guesses_that_come_all_at_once_are_all_counted(
    transactional_db: None, staff: Any
) -> None:
    at_once(4, lambda: staff_log_in(Client(), "wrong-one"))
    assert counted() == 4


def at_once(count: int, work: Any) -> list[Any]:
    starting = threading.Barrier(count)
    results: list[Any] = []

    def run() -> None:
        starting.wait()
        results.append(work())

    threads = [threading.Thread(target=closing_connections(run)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    return results


def test_an_outage_counts_as_no_guess(erply: Sandbox) -> None:
    warm(erply)
    erply.fault("http", status=502, calls="verifyCustomerUser")
    for _ in range(GUESSES):
        assert guess().status_code == 503
    erply.clear_faults()
    assert counted() == 0
    assert [guess().status_code for _ in range(4)] == [200] * 4
    assert log_in(Client()).status_code == 302


@pytest.mark.parametrize("name", ["", "   ", "\u3000", "\u200b", "\u0301"])
def test_an_empty_name_is_neither_asked_about_nor_counted(
    rf: RequestFactory, erply: Sandbox, name: str
) -> None:
    for _ in range(GUESSES):
        request = rf.post("/")
        assert authenticate(request, erply_username=name, erply_password="x") is None
        assert guess(name).status_code == 200
    assert erply.calls == []
    assert counted() == 0


@pytest.mark.usefixtures("strict")
def test_an_own_success_clears_no_counter_of_the_address(erply: Sandbox) -> None:
    own = Client()
    for number in range(GUESSES):
        guess(f"member-{number}")
        assert log_in(own, "gold").status_code == 302
    wrong = [c for c in erply.calls_of("verifyCustomerUser") if c.parameters["username"] != "gold"]
    assert 0 < len(wrong) <= AT_MOST


def test_a_success_clears_its_own_pair_and_no_other(erply: Sandbox) -> None:
    for name in ("person", "gold"):
        guess(name)
        guess(name, address="192.0.2.1")
    assert counted() == 4
    assert log_in(Client()).status_code == 302
    assert counted() == 3
    assert AccessAttempt.objects.filter(ip_address="127.0.0.1").count() == 1


# Lock-outs as a weapon: axes PR 5 and #261.


def test_guessing_at_one_member_locks_no_other(erply: Sandbox) -> None:
    for _ in range(GUESSES):
        guess()
    for name in ("company", "contact", "gold"):
        assert log_in(Client(), name).status_code == 302


def test_a_member_gets_in_from_a_known_device_whoever_guesses(erply: Sandbox) -> None:
    known = Client()
    log_in(known)
    known.post("/account/logout/")
    for _ in range(GUESSES):
        guess()
    exhaust()
    assert log_in(Client(REMOTE_ADDR="198.51.100.1")).status_code == 429
    assert log_in(known).status_code == 302


@pytest.mark.usefixtures("strict")
def test_a_known_device_that_errs_is_heard_as_often_as_a_stranger(erply: Sandbox) -> None:
    known = Client()
    log_in(known)
    exhaust()
    answers = [log_in(known, password="wrong-one") for _ in range(8)]
    assert [one.status_code for one in answers] == [200] * 6 + [429] * 2
    assert log_in(known).status_code == 429


def test_a_known_device_is_known_for_its_member_alone(erply: Sandbox) -> None:
    known = Client()
    log_in(known, "gold")
    exhaust()
    assert log_in(known).status_code == 429


def test_a_names_wait_does_not_grow_while_it_lasts(erply: Sandbox) -> None:
    exhaust()
    waits = [int(guess(address=f"198.51.100.{n}")["Retry-After"]) for n in range(5)]
    assert 0 < max(waits) <= 10


# What is answered.


@pytest.mark.parametrize("name", ["person", "nobody"])
def test_a_refusal_is_the_form_again_with_the_time_to_wait(erply: Sandbox, name: str) -> None:
    exhaust(name)
    answer = guess(name, address="198.51.100.1")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 10
    text = answer.content.decode()
    assert (THROTTLED in text, REFUSED in text, NOT_NOW in text) == (True, False, False)
    assert form_of(answer).fields["username"] == name
    assert "wrong-one" not in text
    assert "no-store" in answer["Cache-Control"]


def test_nobody_learns_from_a_refusal_whether_there_is_such_a_member(erply: Sandbox) -> None:
    seen = []
    for name in ("person", "nobody"):
        exhaust(name)
        answer = Client(REMOTE_ADDR="198.51.100.1").post(
            LOGIN, {"username": name, "password": "Sandbox-person-1"}
        )
        headers = set(answer.headers) - {"Content-Length"}
        seen.append((answer.status_code, without_token(answer.content).replace(name, ""), headers))
    assert seen[0] == seen[1]


@pytest.mark.usefixtures("strict")
def test_a_locked_pair_says_how_long(erply: Sandbox, settings: Any) -> None:
    configure(settings, GUESSES_PER_NAME=1000, GUESSES_PER_ADDRESS=1000)
    answers = [guess() for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
    assert {one["Retry-After"] for one in answers[4:]} == {"900"}
    assert heard(erply) == 5
    assert log_in(Client()).status_code == 429
    assert log_in(Client(REMOTE_ADDR="192.0.2.1")).status_code == 302
    settings.AXES_COOLOFF_TIME = 1
    assert guess()["Retry-After"] == "900"


def test_neither_name_nor_password_gets_into_the_tables_of_the_lock_out(
    client: Client, erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    typed = {"username": "canary-user", "password": "Canary-wrong-1"}
    client.post(f"{LOGIN}?next=/offers/", typed)
    staff_log_in(client, "Canary-wrong-1", "canary-user")
    assert counted() == 2
    stored = "".join(rows for table, rows in everything_stored().items() if "axes" in table)
    for value in typed.values():
        assert value not in stored
        assert value not in caplog.text


# Staff.


@pytest.mark.usefixtures("strict")
def test_staff_are_locked_out_in_pairs_too(staff: Any) -> None:
    get_user_model().objects.create_superuser("other", password="Staff-password-1")
    answers = [staff_log_in(Client(), "wrong-one") for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
    assert answers[5]["Retry-After"] == "900"
    assert THROTTLED in answers[5].content.decode()
    assert "no-store" in answers[5]["Cache-Control"]
    assert staff_log_in(Client()).status_code == 429
    assert staff_log_in(Client(REMOTE_ADDR="192.0.2.1")).status_code == 302
    assert staff_log_in(Client(), name="other").status_code == 302


def test_staff_who_get_in_clear_their_pair(staff: Any) -> None:
    staff_log_in(Client(), "wrong-one")
    assert counted() == 1
    assert staff_log_in(Client()).status_code == 302
    assert counted() == 0


@pytest.mark.usefixtures("strict")
def test_a_member_of_the_same_name_neither_opens_nor_resets_a_staff_members_lock(
    erply: Sandbox, erply_customer: Any, staff: Any
) -> None:
    erply_customer(username="boss")
    member = Client()
    for _ in range(6):
        log_in(member, "boss")
        staff_log_in(member, "wrong-one")
    assert staff_log_in(member).status_code == 429
    assert log_in(Client(), "boss").status_code == 302


# A session that somebody has found open.


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(
    ("path", "typed"),
    [
        (
            PASSWORD,
            {
                "old_password": "{}",
                "new_password1": "Uus-parool-77",
                "new_password2": "Uus-parool-77",
            },
        ),
        (PROFILE, {"email": "mari@example.com", "current_password": "{}"}),
        (EXPORT, {"password": "{}"}),
        (DELETE_ACCOUNT, {"password": "{}"}),
    ],
)
def test_who_finds_a_session_open_is_heard_no_more_often(
    client: Client, erply: Sandbox, path: str, typed: dict[str, str]
) -> None:
    log_in(client)
    erply.calls.clear()

    def sent(password: str) -> Any:
        fields = {name: value.format(password) for name, value in typed.items()}
        return client.post(path, form_of(client.get(path)).fields | fields)

    erply.fault("http", status=502, calls="verifyCustomerUser", times=9)
    assert {sent("wrong-one").status_code for _ in range(9)} == {503}
    erply.calls.clear()
    answers = [sent("wrong-one") for _ in range(GUESSES)]
    assert 0 < heard(erply) <= AT_MOST
    assert [one.status_code for one in answers[AT_MOST:]] == [429] * (GUESSES - AT_MOST)
    assert 0 < int(answers[-1]["Retry-After"]) <= 10
    assert THROTTLED in answers[-1].content.decode()
    assert sent("Sandbox-person-1").status_code == 429
    other = Client()
    log_in(other, "gold")
    assert other.get(path).status_code == 200


@pytest.mark.usefixtures("strict")
def test_who_slows_a_name_for_erply_gets_no_uncounted_guesses_at_staff(
    erply: Sandbox, staff: Any, settings: Any
) -> None:
    configure(settings, PLAIN_CREDENTIALS=True)
    exhaust("boss")
    before = counted()
    answers = [staff_log_in(Client(), "wrong-one") for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
    assert counted() == before + 5


# When the counters cannot be kept.


def test_nobody_passes_uncounted_when_the_cache_is_away(erply: Sandbox, settings: Any) -> None:
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:9/0"}}
    answer = log_in(Client())
    assert (answer.status_code, NOT_NOW in answer.content.decode()) == (503, True)
    assert erply.calls == []


def test_nobody_asks_for_a_mail_uncounted_either(erply: Sandbox, settings: Any) -> None:
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:9/0"}}
    answer = Client().post("/account/password/reset/", {"email": "mari@example.ee"})
    assert (answer.status_code, form_of(answer).fields["email"]) == (503, "mari@example.ee")
    assert erply.calls == []


def test_nobody_passes_uncounted_when_the_table_of_the_lock_out_is_away(
    transactional_db: None, erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with table_gone("axes_accessattempt"):
        answer = log_in(Client())
    assert (answer.status_code, NOT_NOW in answer.content.decode()) == (503, True)
    assert "The database refused (OperationalError" in caplog.text or "(Programming" in caplog.text
    assert erply.calls == []


def test_a_repeated_log_in_costs_three_statements_more_with_the_lock_out(erply: Sandbox) -> None:
    log_in(Client())
    warm(erply)
    with statements() as (ours, lock_out):
        assert log_in(Client()).status_code == 302
    assert len(ours) <= 4
    assert len(lock_out) <= 3
    assert names_called(erply) == ["verifyCustomerUser"]


def test_credentials_without_a_request_are_slowed_by_name_and_locked_by_nothing(
    erply: Sandbox,
) -> None:
    for _ in range(GUESSES):
        assert authenticate(None, erply_username="person", erply_password="wrong-one") is None
    assert 0 < heard(erply) <= AT_MOST
    assert counted() == 0


def test_a_log_in_by_a_hosts_own_form_is_counted_as_what_it_names(
    rf: RequestFactory, erply: Sandbox, settings: Any
) -> None:
    configure(settings, PLAIN_CREDENTIALS=True)
    request = rf.post("/")
    given = pair("person")
    assert authenticate(request, **(given | {"password": "wrong-one"})) is None
    assert authenticate(request, **given) is not None
    assert counted() == 1
    assert authenticate(request, token=b"of another backend") is None
    assert counted() == 1
