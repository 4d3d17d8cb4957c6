"""Bytes that no client library would send, at the shop under a real web server."""

import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from erply_auth.sandbox import Sandbox
from tests.project.support import copy_shop, run
from tests.project.test_server import PRODUCTION, gunicorn

from .support import addresses

ROUNDS = 250
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
ODD = [
    *(
        b"\x00",
        b"%00",
        b"%zz",
        b"%",
        b"%ff%fe",
        b"\xff\xfe",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"%u0041",
    ),
    *(
        b"..%2f..%2f",
        b"//evil.example",
        b"\r\nX-Evil: 1",
        b"\n",
        b"\r",
        b"\x1b[2K",
        b"\x85",
        b"a" * 9000,
    ),
    *(
        b"?",
        b"#",
        b";",
        b"&",
        b"=",
        b"&&==",
        b'"',
        b"'",
        b"\\",
        b"\xf0\x9f\xa6\x86",
        b"-1",
        b"1" * 5000,
    ),
]
METHODS = [
    b"GET",
    b"POST",
    b"POST",
    b"POST",
    b"HEAD",
    b"PUT",
    b"OPTIONS",
    b"BREW",
    b"get",
    b"P\x00ST",
]
KINDS = [
    *(
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"application/json",
    ),
    *(
        b"multipart/form-data",
        b"multipart/form-data; boundary=" + b"x" * 300,
        b"text/plain",
        b"\xff",
    ),
    *(
        b"application/x-www-form-urlencoded; charset=\xff",
        b"multipart/form-data; boundary=\xc3\x28",
    ),
]
NAMES = [b"username", b"password", b"next", b"csrfmiddlewaretoken", b"opened", b"phone", b"email"]
NAMES += [b"city", b"type_id", b"country", b"birthday", b"old_password", b"remember_me"]


@pytest.fixture
def site(tmp_path: Path, erply: Sandbox) -> Iterator[str]:
    """The shop under gunicorn, and what it writes to its log."""
    folder = copy_shop(tmp_path)
    variables = PRODUCTION | {"ERPLY_API_URL": erply.url, "HTTPS_ONLY": "off"}
    migrated = run("manage.py", "migrate", "--verbosity", "0", folder=folder, **variables)
    assert migrated.returncode == 0, migrated.stderr
    options = ("--threads", "4", "--error-logfile", str(tmp_path / "log"), "--capture-output")
    with gunicorn(folder, *options, **variables) as url:
        yield url


def logged_in(site: str, name: str) -> requests.Session:
    session = requests.Session()
    session.get(f"{site}/account/login/", timeout=10)
    page = session.get(f"{site}/account/login/", timeout=10).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    fields = {"username": name, "password": f"Sandbox-{name}-1", "csrfmiddlewaretoken": token[1]}
    answer = session.post(f"{site}/account/login/", fields, timeout=10, allow_redirects=False)
    assert answer.status_code == 302
    return session


def exchange(site: str, request: bytes) -> bytes:
    """What comes back before the server hangs up or has nothing more to say."""
    address = urlsplit(site)
    answer = b""
    with socket.create_connection((str(address.hostname), int(address.port or 0)), 10) as sock:
        try:
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
            while part := sock.recv(65536):
                answer += part
        except OSError:  # It hung up on us, as it may.
            return answer
    return answer


def spoilt(chance: random.Random, part: bytes, odds: float) -> bytes:
    if chance.random() > odds:
        return part
    at = chance.randrange(len(part) + 1)
    return part[:at] + chance.choice(ODD) + part[at + chance.randrange(3) :]


def fields(chance: random.Random, token: bytes) -> bytes:
    chosen = [(chance.choice(NAMES), chance.choice([*ODD, b"person"])) for _ in range(4)]
    chosen += [(b"csrfmiddlewaretoken", token)] * chance.choice([1, 1, 2])
    return b"&".join(name + b"=" + value for name, value in chosen)


def a_request(chance: random.Random, cookies: bytes, token: bytes) -> bytes:
    """One request with something wrong in its line, its headers, its cookies or its body."""
    path = chance.choice([*addresses().values(), "/", "/offers/", "/admin/login/", "/static/x"])
    line = b" ".join([chance.choice(METHODS), spoilt(chance, path.encode(), 0.4), b"HTTP/1.1"])
    body = spoilt(chance, fields(chance, token), 0.3)
    if chance.random() < 0.2:
        body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n' + body
    headers = {
        b"Host": spoilt(chance, b"127.0.0.1", 0.1),
        b"Cookie": spoilt(chance, cookies, 0.4),
        b"Content-Type": chance.choice(KINDS),
        b"Content-Length": chance.choice(
            [str(len(body)).encode()] * 6 + [b"0", b"99", b"-1", b"x"]
        ),
        b"Connection": b"close",
        chance.choice(
            [b"Referer", b"Origin", b"Accept-Language", b"X-Forwarded-For"]
        ): chance.choice(ODD).replace(b"\n", b"").replace(b"\r", b""),
    }
    lines = [line, *(name + b": " + value for name, value in headers.items())]
    if chance.random() < 0.2:
        lines.append(chance.choice(lines[1:]))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_no_bytes_make_the_server_stumble_or_change_anothers_record(
    site: str, erply: Sandbox, tmp_path: Path
) -> None:
    mari, kalle = logged_in(site, "person"), logged_in(site, "gold")
    kalles = kalle.get(f"{site}/account/profile/", timeout=10).status_code
    cookies = "; ".join(f"{name}={value}" for name, value in mari.cookies.items()).encode()
    token = mari.cookies["csrftoken"].encode()
    others = repr([one for id_, one in erply.customers.items() if id_ != 15])
    books = repr([one for one in erply.addresses.values() if one["ownerID"] != 15])
    seed = random.randrange(10**9)  # noqa: S311 - rubbish needs no secrecy
    chance = random.Random(seed)  # noqa: S311
    statuses: set[int] = set()
    for number in range(ROUNDS):
        request = a_request(chance, cookies, token)
        found = STATUS.match(exchange(site, request))
        status = int(found[1]) if found else 0
        statuses.add(status)
        assert status != 500, (seed, number, request)
    assert statuses & {200, 302, 403}, statuses
    assert statuses & {400, 404, 405}, statuses
    assert repr([one for id_, one in erply.customers.items() if id_ != 15]) == others
    assert repr([one for one in erply.addresses.values() if one["ownerID"] != 15]) == books
    assert kalle.get(f"{site}/account/profile/", timeout=10).status_code == kalles == 200
    log = (tmp_path / "log").read_text(errors="replace")
    assert "Internal Server Error" not in log, seed
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", log), (seed, "a line was forged")
    assert not [secret for secret in ("Sandbox-person-1", "webshop-sandbox") if secret in log]
