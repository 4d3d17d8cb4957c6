"""The log-in page: who comes in, who does not, and what they are told."""

import re
import time
from typing import Any

import pytest
import requests
from django.contrib.auth import authenticate, get_user_model
from django.test import Client, RequestFactory
from django.utils import timezone

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox

from .support import (
    LOGIN,
    NOT_NOW,
    OVERVIEW,
    REFUSED,
    is_logged_in,
    log,
    log_in,
    member_of,
    names_called,
    pair,
    warm,
)

pytestmark = pytest.mark.django_db
User = get_user_model()

ABSURD = {
    "empty": "",
    "256 characters": "a" * 256,
    "NUL": "a\0b",
    "line feed": "a\nb",
    "escape": "a\x1bb",
    "delete": "a\x7fb",
    "C1 control": "a\x85b",
    "lone surrogate": "a\ud800b",
}


def normalised(page: bytes, name: str) -> str:
    """A page without what differs from one visit, and one typed name, to the next."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.decode())
    return text.replace(f'value="{name}"', 'value="…"')


@pytest.mark.parametrize("name", ["person", "company", "contact", "gold"])
def test_a_member_logs_in_and_sees_their_record(client: Client, erply: Sandbox, name: str) -> None:
    answer = log_in(client, name)
    assert (answer.status_code, answer["Location"]) == (302, OVERVIEW)
    page = client.get(OVERVIEW)
    assert page.status_code == 200
    assert str(member_of(name, erply).customer_id) in page.content.decode()


def test_a_contact_person_is_linked_to_their_own_id_and_knows_their_employer(
    client: Client, erply: Sandbox
) -> None:
    log_in(client, "contact")
    member = member_of("contact", erply)
    assert (member.customer_id, member.company_id) == (21, 20)
    assert member.is_contact_person
    assert not Member(company_id=0).is_contact_person


def test_a_log_in_writes_one_entry_of_the_reading_and_its_outcome(
    client: Client, erply: Sandbox
) -> None:
    log_in(client)
    assert log() == [(15, "read", "Log-in to the web shop", "member", "done")]


def test_a_password_of_awkward_characters_logs_in(client: Client, erply_customer: Any) -> None:
    erply_customer(username="õ&%+= Õ", password="a&b%41+c=d e Õ#;\"'")
    answer = client.post(LOGIN, {"username": "õ&%+= Õ", "password": "a&b%41+c=d e Õ#;\"'"})
    assert answer.status_code == 302


def test_a_password_is_not_stripped_and_a_user_name_is(client: Client, erply_customer: Any) -> None:
    erply_customer(username="mari", password="  Secret-1  ")
    assert client.post(LOGIN, {"username": "mari", "password": "Secret-1"}).status_code == 200
    answer = client.post(LOGIN, {"username": " mari ", "password": "  Secret-1  "})
    assert answer.status_code == 302


def test_the_longest_user_name_and_password_log_in(client: Client, erply_customer: Any) -> None:
    longest = {"username": "n" * 255, "password": "p" * 255}
    erply_customer(**longest)
    assert client.post(LOGIN, longest).status_code == 302


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("absurd", ABSURD.values(), ids=ABSURD)
def test_absurd_input_never_reaches_erply(
    client: Client, rf: RequestFactory, erply: Sandbox, field: str, absurd: str
) -> None:
    credentials = {f"erply_{key}": value for key, value in pair("person").items()}
    assert authenticate(rf.post("/"), **{**credentials, f"erply_{field}": absurd}) is None
    if "\ud800" not in absurd:
        # A form field strips nothing inside; what a browser cannot send is only tried above.
        assert client.post(LOGIN, {**pair("person"), field: absurd}).status_code == 200
    assert erply.calls == []


def test_credentials_that_are_no_text_never_reach_erply(erply: Sandbox) -> None:
    assert authenticate(None, erply_username=["person"], erply_password=1) is None
    assert authenticate(None, erply_username="person") is None
    assert erply.calls == []


def test_the_walk_in_customer_is_refused_and_not_linked(client: Client, erply: Sandbox) -> None:
    answer = log_in(client, "walkin")
    assert answer.status_code == 200
    assert REFUSED in answer.content.decode()
    assert not Member.objects.exists()
    assert log() == [(1, "read", "Log-in to the web shop", "member", "failed")]


def test_each_tills_walk_in_customer_is_refused(
    client: Client, erply: Sandbox, erply_customer: Any, settings: Any
) -> None:
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "POINTS_OF_SALE": [7]}
    erply.customers[1]["pointOfSaleID"] = 3
    erply_customer(username="till7", isPOSDefaultCustomer=1, pointOfSaleID=7)
    assert log_in(client, "till7").status_code == 200
    assert log_in(client, "walkin").status_code == 200
    assert log_in(client, "person").status_code == 302


def test_a_walk_in_customer_known_only_by_their_card_is_closed_when_it_is_read(
    client: Client, erply: Sandbox, erply_customer: Any
) -> None:
    # Erply names one default customer; the card of another till's says it of itself.
    other = erply_customer(username="till2", isPOSDefaultCustomer=1)
    assert log_in(client, "till2").status_code == 302
    answer = client.get(OVERVIEW)
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)
    assert not is_logged_in(client)
    member = Member.objects.get(customer_id=other["id"])
    assert member.closed_at is not None
    assert log_in(client, "till2").status_code == 200


def test_a_member_who_becomes_the_walk_in_customer_is_refused(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    log_in(client)
    client.post("/account/logout/")
    erply.customers[1]["isPOSDefaultCustomer"] = 0
    erply.customers[15]["isPOSDefaultCustomer"] = 1
    # Another secret: nothing kept in the cache is found again.
    settings.SECRET_KEY = "another-secret-key-0123456789-abcdefghijklmnop"
    assert log_in(client).status_code == 200


def test_nothing_personal_is_asked_for_while_nobody_can_tell_who_the_walk_in_customer_is(
    client: Client, erply: Sandbox
) -> None:
    erply.fault("error", code=1000, calls="getDefaultCustomer")
    answer = log_in(client)
    assert answer.status_code == 503
    assert names_called(erply) == ["verifyUser", "getDefaultCustomer"]
    assert log() == []


def test_the_walk_in_customer_that_was_known_serves_while_erply_cannot_tell(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "REFERENCE_SECONDS": 1}
    warm(erply)
    erply.fault("error", code=1000, calls="getDefaultCustomer")
    time.sleep(1.1)
    assert log_in(client).status_code == 302
    assert "getDefaultCustomer" in names_called(erply)
    assert log_in(Client(), "walkin").status_code == 200


def unknown(erply: Sandbox) -> dict[str, str]:
    return {"username": "nobody", "password": "Sandbox-person-1"}


def wrong(erply: Sandbox) -> dict[str, str]:
    return {"username": "person", "password": "Sandbox-person-2"}


def walk_in(erply: Sandbox) -> dict[str, str]:
    return pair("walkin")


def without_password(erply: Sandbox) -> dict[str, str]:
    erply.add_customer(username="fresh", password="", firstName="F", lastName="F")
    return {"username": "fresh", "password": "Sandbox-fresh-1"}


def inactive(erply: Sandbox) -> dict[str, str]:
    log_in(Client())
    user = member_of("person", erply).user
    user.is_active = False
    user.save()
    return pair("person")


def inactive_and_wrong(erply: Sandbox) -> dict[str, str]:
    return {**inactive(erply), "password": "Sandbox-person-2"}


def closed(erply: Sandbox) -> dict[str, str]:
    log_in(Client())
    member = member_of("person", erply)
    member.closed_at = timezone.now()
    member.save()
    return pair("person")


def an_api_user(erply: Sandbox) -> dict[str, str]:
    return {"username": erply.api_username, "password": erply.api_password}


REFUSALS = [
    wrong, walk_in, without_password, inactive, inactive_and_wrong, closed, an_api_user
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_every_refusal_looks_the_same_and_costs_the_same(erply: Sandbox, case: Any) -> None:
    seen = []
    for prepare in (unknown, case):
        credentials = prepare(erply)
        warm(erply)
        answer = Client().post(LOGIN, credentials)
        headers = {k: v for k, v in answer.items() if k not in ("Content-Length", "Expires")}
        seen.append(
            (
                answer.status_code,
                normalised(answer.content, credentials["username"]),
                headers,
                set(answer.cookies),
                names_called(erply),
            )
        )
    assert seen[0] == seen[1]
    assert seen[0][0] == 200
    assert REFUSED in seen[0][1]
    assert seen[0][4] == ["verifyCustomerUser"]


def test_inactive_with_a_wrong_password_hears_the_generic_words_only(
    client: Client, erply: Sandbox
) -> None:
    page = client.post(LOGIN, inactive_and_wrong(erply)).content.decode()
    assert REFUSED in page
    assert "inactive" not in page.lower()


def test_a_members_pair_does_not_open_the_api(erply: Sandbox) -> None:
    call = {"clientCode": erply.client_code, "request": "verifyUser", **pair("person")}
    answer = requests.post(erply.url, data=call, timeout=5).json()
    assert answer["status"]["errorCode"] == 1051


def test_a_refused_form_comes_back_with_the_name_and_without_the_password(
    client: Client, erply: Sandbox
) -> None:
    page = client.post(LOGIN, {"username": "person", "password": "wrong-one"}).content.decode()
    assert 'value="person"' in page
    assert "wrong-one" not in page


def test_a_refused_api_user_is_an_outage_whose_line_names_the_setting(
    client: Client, erply: Sandbox, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "PASSWORD": "changed-in-erply"}
    answer = log_in(client)
    assert answer.status_code == 503
    assert NOT_NOW in answer.content.decode()
    assert REFUSED not in answer.content.decode()
    (line,) = [r.getMessage() for r in caplog.records if r.name == "erply_auth.outages"]
    assert "verifyUser" in line
    assert "1051" in line
    assert "ERPLY_AUTH['USERNAME'] and ERPLY_AUTH['PASSWORD']" in line
    assert "changed-in-erply" not in caplog.text


def test_the_member_stays_logged_in_when_they_ask_for_it(
    client: Client, erply: Sandbox, settings: Any
) -> None:
    settings.ERPLY_AUTH = {**settings.ERPLY_AUTH, "REMEMBER_SECONDS": 1234}
    log_in(client, remember_me="on")
    assert client.cookies["sessionid"]["max-age"] == 1234
    assert client.session.get_expiry_age() == 1234


def test_otherwise_the_session_ends_with_the_browser(client: Client, erply: Sandbox) -> None:
    log_in(client)
    assert client.cookies["sessionid"]["max-age"] == ""
    assert client.session.get_expire_at_browser_close()


def test_whoever_is_logged_in_is_sent_on_from_the_log_in_page(
    client: Client, erply: Sandbox
) -> None:
    assert client.get(LOGIN).status_code == 200
    log_in(client)
    assert client.get(LOGIN)["Location"] == OVERVIEW
    assert client.get(f"{LOGIN}?next=/who/")["Location"] == "/who/"


def test_staff_see_the_log_in_page_like_any_stranger(client: Client, staff: Any) -> None:
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(LOGIN).status_code == 200


def test_a_form_without_its_token_is_refused_and_changes_nothing(erply: Sandbox) -> None:
    client = Client(enforce_csrf_checks=True)
    assert log_in(client).status_code == 403
    assert erply.calls == []
    token = client.get(LOGIN).cookies["csrftoken"].value
    assert log_in(client, csrfmiddlewaretoken=token).status_code == 302
    assert client.post("/account/logout/").status_code == 403
    assert is_logged_in(client)


def test_ten_log_ins_cost_ten_checks_and_one_authentication(erply: Sandbox) -> None:
    for _ in range(10):
        assert log_in(Client()).status_code == 302
    called = names_called(erply)
    assert called.count("verifyCustomerUser") == 10
    assert called.count("verifyUser") == 1
    assert called.count("getDefaultCustomer") == 1
    assert len(called) == 12


def test_a_log_in_with_a_warm_key_is_one_call(client: Client, erply: Sandbox) -> None:
    warm(erply)
    log_in(client)
    assert names_called(erply) == ["verifyCustomerUser"]
