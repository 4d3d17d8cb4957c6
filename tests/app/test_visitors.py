"""Whose address and whose device a request is, and the counters that go by them."""

import threading
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from erply_auth import throttle
from erply_auth.lockout import client_ip, is_not_counted, response
from erply_auth.sandbox import Sandbox
from erply_auth.throttle import Pace, Throttled
from erply_auth.visitors import client_address, device_of, remember_device

from .support import configure, log_in

PROXIES = ["10.0.0.0/8", "2001:db8:1::/48", "unix"]


def seen(rf: RequestFactory, sender: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return client_address(rf.get("/", headers=headers, REMOTE_ADDR=sender))


def test_an_address_is_the_senders(rf: RequestFactory) -> None:
    assert seen(rf, "192.0.2.1") == "192.0.2.1"
    assert seen(rf, "192.0.2.1", "198.51.100.1") == "192.0.2.1"
    assert seen(rf, "::ffff:192.0.2.1") == "192.0.2.1"
    assert seen(rf, "") == seen(rf, "no address") == ""


def test_an_ipv6_network_is_one_address(rf: RequestFactory) -> None:
    assert seen(rf, "2001:db8::1") == seen(rf, "2001:db8::ffff:2%eth0") == "2001:db8::"
    assert seen(rf, "2001:db8:0:1::1") == "2001:db8:0:1::"


@pytest.mark.parametrize(
    ("sender", "forwarded", "address"),
    [
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.9, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "192.0.2.1, forged", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("2001:db8:1::7", "2001:db8::1", "2001:db8::"),
        ("", "192.0.2.1", "192.0.2.1"),
        ("", None, ""),
        ("forged", "192.0.2.1", ""),
        ("192.0.2.9", "192.0.2.1", "192.0.2.9"),
    ],
)
def test_what_an_own_proxy_says_counts(
    rf: RequestFactory, settings: Any, sender: str, forwarded: str | None, address: str
) -> None:
    configure(settings, TRUSTED_PROXIES=PROXIES)
    assert seen(rf, sender, forwarded) == address


def test_settings_that_cannot_be_read_trust_nobody(rf: RequestFactory, settings: Any) -> None:
    settings.ERPLY_AUTH = {}
    assert seen(rf, "10.0.0.1", "192.0.2.1") == "10.0.0.1"


def test_axes_hears_of_no_address_where_there_is_none(rf: RequestFactory) -> None:
    assert client_ip(rf.get("/", REMOTE_ADDR="")) is None


def remembered(rf: RequestFactory, cookies: dict[str, str], name: str) -> dict[str, str]:
    request = rf.get("/")
    request.COOKIES = cookies
    answer = HttpResponse()
    remember_device(request, answer, name)
    return {key: morsel.value for key, morsel in answer.cookies.items()}


def known(rf: RequestFactory, cookies: dict[str, str], name: str) -> str:
    request = rf.get("/")
    request.COOKIES = cookies
    return device_of(request, name)


def test_a_device_is_remembered_for_its_last_five_members(rf: RequestFactory) -> None:
    cookies: dict[str, str] = {}
    for number in range(7):
        cookies = remembered(rf, cookies, f"member-{number}")
    assert [bool(known(rf, cookies, f"member-{n}")) for n in range(7)] == [False] * 2 + [True] * 5
    assert len(next(iter(cookies.values()))) < 500


def test_a_device_stays_the_same_device(rf: RequestFactory) -> None:
    first = remembered(rf, {}, "person")
    again = remembered(rf, remembered(rf, first, "gold"), "Person ")
    assert known(rf, first, "person") == known(rf, again, "PERSON") != ""
    assert known(rf, again, "gold") != ""


def test_a_forged_device_is_unknown(rf: RequestFactory) -> None:
    ((name, value),) = remembered(rf, {}, "person").items()
    for forged in ("", "x", "a:b:c", value[:-1], f"x{value}", "." * 1000):
        assert known(rf, {name: forged}, "person") == ""
    assert known(rf, {name: value}, "gold") == ""


@pytest.mark.django_db
def test_the_devices_cookie_is_out_of_reach_of_scripts_and_of_other_hosts(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    log_in(client)
    cookie = client.cookies["erply_device"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
    assert cookie["max-age"] == 365 * 86400
    assert "person" not in cookie.value
    settings.SESSION_COOKIE_SECURE = True
    log_in(client, "gold")
    cookie = client.cookies["__Host-erply_device"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


@pytest.mark.django_db
def test_a_devices_cookie_logs_nobody_in(client: Client, erply: Sandbox) -> None:
    log_in(client)
    del client.cookies["sessionid"]
    assert client.get("/account/").status_code == 302


def test_the_lock_outs_page_stands_alone_where_there_is_no_other(rf: RequestFactory) -> None:
    request = rf.get("/admin/login/")
    request.axes_locked_out = True  # type: ignore[attr-defined]
    # Axes hands the credentials over in the answer's place where a project is async.
    answer = response(request, {"username": "boss"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert not is_not_counted(request, {"username": "boss"})


# Counters.


def test_an_attempt_is_free_up_to_its_limit_and_waits_then() -> None:
    key = throttle.key_of("address", "192.0.2.1")
    waits = [throttle.attempt("reset", key, 3, 10**9) for _ in range(5)]
    assert waits[:3] == [None] * 3
    assert all(wait is not None and 0 < wait <= 10**9 for wait in waits[3:])
    assert throttle.attempt("reset", throttle.key_of("address", "192.0.2.2"), 3, 10**9) is None
    assert throttle.attempt("register", key, 3, 10**9) is None


def test_attempts_at_once_are_all_counted() -> None:
    results: list[int | None] = []

    def run() -> None:
        results.append(throttle.attempt("reset", "key", 5, 10**9))

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(results), results.count(None)) == (16, 5)


def test_a_wait_doubles_up_to_the_longest() -> None:
    pace = Pace(free=2, window=3600, first_wait=10, longest_wait=300)
    assert [pace.wait(number) for number in (3, 4, 5, 6, 7, 8, 9, 1000)] == [
        *(10, 20, 40, 80, 160, 300, 300, 300)
    ]


def lets_through(pace: Pace) -> bool:
    try:
        throttle.enter("name", "key", pace)
    except Throttled:
        return False
    return True


def test_after_the_wait_one_more_gets_through() -> None:
    pace = Pace(free=1, window=10**9, first_wait=1, longest_wait=1)
    throttle.enter("name", "key", pace)
    throttle.enter("name", "key", pace)
    while not lets_through(pace):
        pass
    with pytest.raises(Throttled):
        throttle.enter("name", "key", pace)


def test_who_closed_the_gate_for_nothing_opens_it_again() -> None:
    pace = Pace(free=1, window=10**9, first_wait=10**6, longest_wait=10**6)
    throttle.enter("name", "key", pace)
    ticket = throttle.enter("name", "key", pace)
    with pytest.raises(Throttled):
        throttle.enter("name", "key", pace)
    ticket.give_back()
    second = throttle.enter("name", "key", pace)
    ticket.give_back()  # Not its own gate any more.
    with pytest.raises(Throttled):
        throttle.enter("name", "key", pace)
    assert second.number == 2


def test_of_two_who_come_at_once_one_is_counted_after_the_other(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.app.caches.HastyCache", "LOCATION": "hasty"}}
    # Both begin to count, and both would be the one after the wait.
    pace = Pace(free=1, window=10**9, first_wait=7, longest_wait=7)
    with pytest.raises(Throttled) as raised:
        throttle.enter("name", "key", pace)
    assert raised.value.retry_after == 7
    assert throttle.attempt("reset", "key", 1, 10**9) is not None


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("person", " PERSON\t"),
        ("mari  m", "Mari M"),
        ("straße", "STRASSE"),
        ("\uff4d\uff41ri", "mari"),
        ("jõgi", "JO\u0303GI"),
        ("ma\u200bri", "mari"),
    ],
)
def test_names_that_differ_in_nothing_people_see_are_one(name: str, other: str) -> None:
    assert throttle.key_of("member", name) == throttle.key_of("member", other)
    assert throttle.key_of("member", name) != throttle.key_of("staff", other)
