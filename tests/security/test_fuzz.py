"""Whatever is sent to whichever address, by whoever: no crash, and nobody else's record changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from erply_auth.models import Member
from erply_auth.sandbox import Sandbox
from erply_auth.sandbox.account import FIRST_NEW_ID
from tests.app.support import LOGIN, is_logged_in, log_in
from tests.selfservice.support import MARI, forms_of

from .support import AREA, addresses

pytestmark = pytest.mark.django_db
User = get_user_model()

FIELDS = [
    *("username", "password", "remember_me", "next", "csrfmiddlewaretoken", "opened", "email"),
    *("first_name", "last_name", "company_name", "vat_number", "phone", "mobile", "birthday"),
    *("gender", "email_opt_out", "current_password", "old_password", "new_password1"),
    *("new_password2", "type_id", "street", "address2", "city", "postal_code", "state", "country"),
    *("password1", "password2", "customerID", "ownerID", "addressID", "groupID", "", "a" * 300),
]
HEADERS = [
    *("HTTP_HOST", "HTTP_REFERER", "HTTP_ORIGIN", "HTTP_ACCEPT_LANGUAGE", "HTTP_X_FORWARDED_FOR"),
    *("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_ACCEPT", "HTTP_USER_AGENT"),
    *("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_RANGE", "HTTP_X_CSRFTOKEN"),
    *("HTTP_AUTHORIZATION", "HTTP_COOKIE", "CONTENT_LENGTH", "HTTP_EXPECT", "REMOTE_ADDR"),
]
ODD = [
    *("", " ", "0", "-1", "1" * 400, "٣", "1e9", "nan", "None", "[]", "{}", "%00", "\x00", "\r\n"),
    *(
        "../../etc/passwd",
        "<script>",
        "' OR 1=1 --",
        "\u202e",
        "\ufeff",
        "🦆" * 50,
        "ß",
        "İ",
        "\x85",
    ),
    *("person", "Sandbox-person-1", "gold", "15", "30", "131", "2026-02-30", "0000-00-00", "EE"),
    *("//evil.example", "a:b:c", "eyJ9:1x:2y", "EE123", "+" * 30, "a@b", "a@b;c@d", "\x1b[2K"),
]
KINDS = [
    *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"),
    *("multipart/form-data", "text/plain; charset=utf-16", "application/x-www-form-urlencoded; "),
    *("application/x-www-form-urlencoded; charset=utf-7", "multipart/form-data; boundary=", ""),
    *("application/x-www-form-urlencoded; charset=nothing", "multipart/form-data; boundary=ä"),
]
PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'

text = st.one_of(st.sampled_from(ODD), st.text(max_size=40))
raw = st.one_of(st.binary(max_size=60), text.map(lambda value: value.encode("utf-8", "replace")))
pairs = st.lists(st.tuples(st.sampled_from(FIELDS), text), max_size=8)
few = hypothesis_settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, str]:
    """A body, right or wrong for the kind that it says it is."""
    fields = [(name.encode(), value.encode("utf-8", "replace")) for name, value in draw(pairs)]
    form = b"&".join(name + b"=" + quote_from_bytes(value).encode() for name, value in fields)
    parts = [
        PART % (name, draw(st.sampled_from([b"", b'; filename="a"'])), v) for name, v in fields
    ]
    several = b"".join(parts) + draw(st.sampled_from([b"--x--\r\n", b"--x", b""]))
    return draw(st.sampled_from([form, several, draw(raw)])), draw(st.sampled_from(KINDS))


@st.composite
def paths(draw: st.DrawFn) -> str:
    """An address of the area, or nearly one."""
    path = addresses(draw(st.sampled_from([101, 103, 131, 999, 2**63, 10**30])))[
        draw(st.sampled_from(AREA))
    ]
    cut = draw(st.integers(0, len(path)))
    odd = draw(st.one_of(st.just(""), st.just(""), text)).replace("\\", "/")
    return draw(st.sampled_from([path, path, path, path[:cut] + odd + path[cut:], path + odd]))


@contextmanager
def nobody_else_is_touched(erply: Sandbox) -> Iterator[None]:
    before = of_others(erply)
    yield
    assert of_others(erply) == before


def of_others(erply: Sandbox) -> str:
    customers = {id_: one for id_, one in erply.customers.items() if id_ != MARI}
    book = {id_: one for id_, one in erply.addresses.items() if one["ownerID"] != MARI}
    members = Member.objects.exclude(customer_id=MARI).order_by("pk").values()
    users = User.objects.exclude(erply_member__customer_id=MARI).order_by("pk").values()
    return repr([customers, book, list(members), list(users)])


def as_member(client: Client, erply: Sandbox) -> Client:
    """Logged in, with the password that she has by now."""
    if not is_logged_in(client):
        erply.customers[MARI] |= {"webshopUsername": "person", "password": "Sandbox-person-1"}
        assert log_in(client).status_code == 302
    return client


def judge(answer: Any) -> None:
    assert answer.status_code < 500, answer.status_code


@pytest.mark.parametrize("who", ["a stranger", "a member"])
def test_no_body_to_any_address_crashes_or_reaches_another(erply: Sandbox, who: str) -> None:
    client, kalle = Client(), Client()
    log_in(kalle, "gold")

    @few
    @given(
        path=paths(),
        method=st.sampled_from(["POST"] * 6 + ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"]),
        body=bodies(),
        query=raw,
    )
    def attack(path: str, method: str, body: tuple[bytes, str], query: bytes) -> None:
        if who == "a member":
            as_member(client, erply)
        with nobody_else_is_touched(erply):
            judge(client.generic(method, path, *body, QUERY_STRING=query.decode("latin-1")))

    attack()


@pytest.mark.parametrize("page", ["login", "profile", "password_change", "address_add"])
def test_no_form_filled_in_by_a_fuzzer_crashes_or_reaches_another(
    erply: Sandbox, page: str
) -> None:
    """What a browser would send of the form, with some of it replaced: deeper than rubbish gets."""
    client, kalle = Client(), Client()
    log_in(kalle, "gold")
    path = addresses()[page]

    @few
    @given(changes=pairs, odd=st.dictionaries(st.sampled_from(FIELDS), st.lists(text, max_size=3)))
    def attack(changes: list[tuple[str, str]], odd: dict[str, list[str]]) -> None:
        fields: dict[str, Any] = {}
        for added in [id_ for id_ in erply.addresses if id_ >= FIRST_NEW_ID]:
            del erply.addresses[added]  # A long list makes slow pages.
        if page != "login":
            as_member(client, erply)
        for form in forms_of(client.get(path)):
            fields = form.fields | dict(changes) | odd
        fields = {name: _sendable(value) for name, value in fields.items() if name}
        with nobody_else_is_touched(erply):
            judge(client.post(path, fields))

    attack()


def _sendable(value: Any) -> Any:
    if isinstance(value, list):
        return [_sendable(one) for one in value]
    return value.encode("utf-8", "replace").decode()


def test_no_header_and_no_cookie_crashes_or_lets_anybody_in(erply: Sandbox) -> None:
    mari = as_member(Client(), erply)
    session = mari.cookies["sessionid"].value

    @few
    @given(
        path=paths(),
        headers=st.dictionaries(st.sampled_from(HEADERS), raw, max_size=5),
        cookie=st.one_of(text, st.sampled_from([session[:-1], f"{session}0", session + "\x00"])),
        names=st.sampled_from(["sessionid", "csrftoken", "messages", "django_language", ";"]),
        method=st.sampled_from(["GET", "POST"]),
    )
    def attack(path: str, headers: dict[str, bytes], cookie: str, names: str, method: str) -> None:
        client = Client(enforce_csrf_checks=method == "POST")
        extra = {name: value.decode("latin-1") for name, value in headers.items()}
        sent = f"{names}={cookie}".encode("utf-8", "replace").decode("latin-1")
        extra.setdefault("HTTP_COOKIE", sent)
        with nobody_else_is_touched(erply):
            answer = client.generic(method, path, b"username=person&password=x", **extra)
        judge(answer)
        assert "Maasikas" not in answer.content.decode("utf-8", "replace")

    attack()
    assert client_is_refused(session)


def client_is_refused(session: str) -> bool:
    """A key that is merely alike opens nothing. MariaDB takes capitals for the same letters, which
    gives nothing away: Django makes keys of small ones."""
    other = Client()
    other.cookies["sessionid"] = session[:-1] + ("a" if session[-1] != "a" else "b")
    return other.get(addresses()["overview"])["Location"].startswith(LOGIN)
