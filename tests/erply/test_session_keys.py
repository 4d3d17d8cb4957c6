import os
import subprocess
import sys
import time

import pytest
from django.conf import settings

from erply_auth.connection import CacheStore
from erply_auth.erply.errors import ErplyUnavailable, Reason
from erply_auth.erply.records import Session
from erply_auth.erply.session_keys import SessionKeys
from erply_auth.erply.sharing import SingleFlight
from erply_auth.sandbox import Sandbox

from .support import PATIENT, PROJECT, Client, answering, at_once, client, ok, until

AUTHENTICATION = "verifyUser"


def authentications(erply: Sandbox) -> int:
    return len(erply.calls_of(AUTHENTICATION))


def test_a_key_serves_until_it_ends(erply: Sandbox, shop: Client) -> None:
    for _ in range(10):
        shop.registry.verify_credentials("person", "Sandbox-person-1")
    assert authentications(erply) == 1


def test_twelve_threads_without_a_key_get_one(erply: Sandbox, shop: Client) -> None:
    erply.fault("latency", calls=AUTHENTICATION, seconds=0.1)
    keys = at_once(12, lambda number: shop.classic.call("getCustomerGroups"))
    assert all(isinstance(groups, list) for groups in keys), keys
    assert authentications(erply) == 1


@pytest.mark.parametrize("slowly", [0.0, 0.1])
def test_twelve_threads_with_a_dead_key_get_one_new_one(
    erply: Sandbox, shop: Client, slowly: float
) -> None:
    shop.registry.groups()
    erply.expire_sessions()
    erply.fault("latency", seconds=slowly)
    outcomes = at_once(12, lambda number: shop.classic.call("getCustomerGroups"))
    assert all(isinstance(groups, list) for groups in outcomes), outcomes
    assert authentications(erply) == 2


def test_the_failure_of_the_one_who_asks_is_that_of_all_who_wait(
    erply: Sandbox, shop: Client
) -> None:
    erply.fault("latency", calls=AUTHENTICATION, seconds=0.5)
    refused = erply.fault("error", calls=AUTHENTICATION, code=1051)
    outcomes = at_once(12, lambda number: shop.classic.call("getCustomerGroups"))
    assert {type(outcome) for outcome in outcomes} == {ErplyUnavailable}
    assert {(outcome.code, outcome.reason) for outcome in outcomes} == {(1051, Reason.API_USER)}
    assert len({id(outcome) for outcome in outcomes}) == 12
    assert refused.hits == 1
    erply.clear_faults()
    assert shop.classic.call("getCustomerGroups")
    assert authentications(erply) == 2


def test_whoever_comes_after_a_failure_tries_anew(erply: Sandbox, shop: Client) -> None:
    erply.fault("error", calls=AUTHENTICATION, code=1000, times=1)
    with pytest.raises(ErplyUnavailable):
        shop.registry.groups()
    assert shop.registry.groups()


@pytest.mark.parametrize("code", [1054, 1055, 1056])
def test_a_refused_key_is_renewed_and_the_call_repeated(
    erply: Sandbox, shop: Client, code: int
) -> None:
    shop.registry.groups()
    erply.fault("error", calls="verifyCustomerUser", code=code, times=1)
    assert shop.registry.verify_credentials("person", "Sandbox-person-1").customer_id == 15
    first, second = erply.calls_of("verifyCustomerUser")
    assert first.session_key != second.session_key
    assert authentications(erply) == 2


@pytest.mark.parametrize("code", [1054, 1055, 1056])
def test_the_call_is_repeated_once_and_never_more(erply: Sandbox, shop: Client, code: int) -> None:
    erply.fault("error", calls="verifyCustomerUser", code=code)
    with pytest.raises(ErplyUnavailable) as caught:
        shop.registry.verify_credentials("person", "Sandbox-person-1")
    assert (caught.value.code, caught.value.reason) == (code, Reason.API_USER)
    assert len(erply.calls_of("verifyCustomerUser")) == 2
    assert authentications(erply) == 2


def test_expired_and_unknown_keys_of_the_account_are_renewed_unseen(
    erply: Sandbox, shop: Client
) -> None:
    shop.registry.verify_credentials("person", "Sandbox-person-1")
    erply.expire_sessions()
    shop.registry.verify_credentials("person", "Sandbox-person-1")
    erply.forget_sessions()
    shop.registry.verify_credentials("person", "Sandbox-person-1")
    assert authentications(erply) == 3


def test_a_bulk_request_renews_its_key_too(erply: Sandbox, shop: Client) -> None:
    shop.registry.groups()
    erply.expire_sessions()
    assert len(shop.classic.bulk([("getCustomerGroups", {})] * 3)) == 3
    assert authentications(erply) == 2


def test_a_key_that_cannot_be_renewed_is_not_tried_again(erply: Sandbox, shop: Client) -> None:
    shop.registry.groups()
    erply.expire_sessions()
    erply.fault("error", calls=AUTHENTICATION, code=1000)
    for _ in range(2):
        with pytest.raises(ErplyUnavailable) as caught:
            shop.classic.call("getCustomers")
        assert caught.value.reason is Reason.MAINTENANCE
    assert len(erply.calls_of("getCustomers")) == 1


def test_a_key_that_another_has_renewed_is_taken_from_the_store(
    erply: Sandbox, shop: Client
) -> None:
    shop.registry.groups()
    erply.expire_sessions()
    with client(erply) as other:
        other.classic.call("getCustomers")
    shop.classic.call("getCustomers")
    assert authentications(erply) == 2


def test_late_news_of_a_dead_key_leaves_the_new_one_alone(erply: Sandbox, shop: Client) -> None:
    shop.registry.groups()
    old = erply.calls_of("getCustomerGroups")[0].session_key
    erply.expire_sessions()
    shop.classic.call("getCustomers")
    new = shop.store.get("key")
    assert shop.classic.session_keys.renew(refused=old) == new
    assert shop.store.get("key") == new
    assert authentications(erply) == 2


def test_the_key_is_asked_to_last_as_long_as_set(erply: Sandbox) -> None:
    with client(erply, session_seconds=7200) as made:
        made.registry.groups()
    assert erply.calls_of(AUTHENTICATION)[0].parameters["sessionLength"] == "7200"


class TimedStore(CacheStore):
    """Notes how long a key is kept."""

    def set(self, name: str, value: object, seconds: int) -> None:
        self.seconds = seconds
        super().set(name, value, seconds)


@pytest.mark.parametrize(
    ("lasts", "kept"), [(86400, 86340), (3600, 3540), (121, 61), (61, 30), (2, 1), (1, 1)]
)
def test_a_key_is_given_up_before_it_ends(lasts: int, kept: int) -> None:
    store = TimedStore("default", "tests")
    keys = SessionKeys(store, SingleFlight(store, 5), lambda: Session(lasts, "a-key"))
    assert keys.current() == "a-key"
    assert store.seconds == kept


@pytest.mark.parametrize("seconds", [1, 3])
def test_a_short_session_serves_as_well(erply: Sandbox, seconds: int) -> None:
    with client(erply, session_seconds=seconds) as made:
        made.registry.groups()
        made.classic.call("getCustomers")
        assert authentications(erply) == 1
        until(lambda: made.store.get("key") is None)
        assert made.classic.call("getCustomerGroups")
        assert authentications(erply) == 2


def test_the_lock_of_a_crashed_process_is_waited_for_and_then_given_up(erply: Sandbox) -> None:
    with client(erply, wait_seconds=0.2) as made:
        made.store.add("verifyUser.lock", "of a process that is gone", 60)
        started = time.monotonic()
        with pytest.raises(ErplyUnavailable) as caught:
            made.classic.call("getCustomerGroups")
        assert 0.2 <= time.monotonic() - started < PATIENT
        assert caught.value.call == AUTHENTICATION
        assert erply.calls == []


def test_the_lock_of_a_crashed_process_ends_by_itself(erply: Sandbox, shop: Client) -> None:
    shop.store.add("verifyUser.lock", "of a process that is gone", 1)
    assert shop.classic.call("getCustomerGroups")


def test_whoever_waits_goes_on_when_the_lock_passes_to_another(
    erply: Sandbox, shop: Client
) -> None:
    """Two crashes in a row: the second lock is another one's, and its failure is not ours."""
    shop.store.add("verifyUser.lock", "first", 60)

    def work(number: int) -> object:
        if number:
            return shop.classic.call("getCustomerGroups")
        time.sleep(0.1)
        shop.store.set("verifyUser.lock", "second", 60)
        time.sleep(0.1)
        shop.store.delete("verifyUser.lock")
        return None

    assert at_once(2, work)[1]


def test_a_lock_that_another_has_taken_over_meanwhile_is_left_to_them(shop: Client) -> None:
    def fetch() -> str:
        shop.store.set("thing.lock", "theirs", 60)
        return "value"

    assert shop.flight.value("thing", lambda: None, fetch) == "value"
    assert shop.store.get("thing.lock") == "theirs"


def test_what_another_brings_between_look_and_lock_is_taken(shop: Client) -> None:
    found = iter((None, "theirs"))
    shop.store.set("thing", "theirs", 60)
    assert (
        shop.flight.value("thing", lambda: shop.store.get("thing"), lambda: next(found)) == "theirs"
    )
    assert next(found) is None


def test_an_error_of_our_own_lets_the_next_one_try(shop: Client) -> None:
    def fail() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        shop.flight.value("thing", lambda: None, fail)
    assert shop.flight.value("thing", lambda: None, lambda: "value") == "value"


PROCESS = """
import sys
import django
django.setup()
from erply_auth import connection
print("ready", flush=True)
sys.stdin.readline()
print(len(connection.registry().groups()), flush=True)
"""


@pytest.mark.redis
def test_processes_that_share_a_redis_share_one_key(erply: Sandbox) -> None:
    erply.fault("latency", seconds=0.2)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.erply.forked_settings",
        "PYTHONPATH": str(PROJECT),
        "ERPLY_FORKED_URL": erply.url,
        "ERPLY_FORKED_PREFIX": settings.CACHES["default"]["KEY_PREFIX"],
    }
    command = [sys.executable, "-W", "error", "-c", PROCESS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    processes = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.communicate(timeout=PATIENT)[0] == "4\n"
        assert process.returncode == 0
    assert authentications(erply) == 1
    assert len(erply.calls_of("getCustomerGroups")) == 1


def test_a_session_longer_than_asked_for_is_not_believed() -> None:
    endless = ok({"sessionKey": "x", "sessionLength": 10**15})
    with answering(endless, ok()) as erply, client(erply) as made:
        assert made.classic.verify_user().seconds == 3600
