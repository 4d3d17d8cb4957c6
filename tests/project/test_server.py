"""The shop under a production web server: gunicorn, nothing collected, HTTPS in front."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.project.support import copy_shop, environment, free_port, is_listening, run

PRODUCTION = {
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ERPLY_CLIENT_CODE": "100100",
    "ERPLY_USERNAME": "webshop",
    "ERPLY_PASSWORD": "webshop-sandbox",
    "ERPLY_API_URL": "http://127.0.0.1:9/api/",
    "ERPLY_LOG_KEY": "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijk",
    "SITE_URL": "https://shop.example.com",
}
# What a proxy that ends TLS on the same machine sends.
OVER_HTTPS = {"X-Forwarded-Proto": "https"}


@contextmanager
def gunicorn(folder: Path, *options: str, **variables: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += [*options, "shop.wsgi"]
    env = environment(**(PRODUCTION | variables))
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 20
        while not is_listening(port) and time.monotonic() < deadline:
            assert server.poll() is None, "gunicorn did not start"
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.mark.parametrize("module", ["shop.wsgi", "shop.asgi"])
def test_without_debug_nothing_is_served_until_there_is_a_secret_key(
    tmp_path: Path, module: str
) -> None:
    started = run("-c", f"import {module}", folder=copy_shop(tmp_path))
    assert started.returncode == 1
    last_line = started.stderr.splitlines()[-1]
    assert "SECRET_KEY is not set: without DEBUG the shop does not start" in last_line


def test_gunicorn_gives_up_at_once_without_a_secret_key(tmp_path: Path) -> None:
    command = ["-m", "gunicorn", "--bind", "127.0.0.1:0", "shop.wsgi"]
    started = run(*command, folder=copy_shop(tmp_path))
    assert started.returncode != 0
    assert "SECRET_KEY is not set" in started.stderr


@pytest.mark.parametrize("module", ["shop.wsgi", "shop.asgi"])
def test_with_debug_an_insecure_key_will_do(tmp_path: Path, module: str) -> None:
    started = run("-c", f"import {module}", folder=copy_shop(tmp_path), DEBUG="on")
    assert started.returncode == 0, started.stderr


def test_pages_and_static_files_are_served_without_collecting_anything(tmp_path: Path) -> None:
    with gunicorn(copy_shop(tmp_path)) as site:
        page = requests.get(site, headers=OVER_HTTPS, timeout=10)
        style = requests.get(f"{site}/static/shop/shop.css", headers=OVER_HTTPS, timeout=10)
    assert (page.status_code, style.status_code) == (200, 200)
    assert style.headers["Content-Type"].startswith("text/css")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "strict-origin"


def test_plain_http_is_sent_to_https(tmp_path: Path) -> None:
    with gunicorn(copy_shop(tmp_path)) as site:
        answer = requests.get(f"{site}/offers/", timeout=10, allow_redirects=False)
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{site.replace('http:', 'https:')}/offers/"


def test_cookies_are_for_https_and_this_host_only(tmp_path: Path) -> None:
    with gunicorn(copy_shop(tmp_path)) as site:
        answer = requests.get(f"{site}/account/login/", headers=OVER_HTTPS, timeout=10)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-csrftoken=")
    attributes = {part.strip() for part in cookie.split(";")}
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
    assert "Domain" not in cookie


def test_a_forged_host_is_refused(tmp_path: Path) -> None:
    with gunicorn(copy_shop(tmp_path)) as site:
        answer = requests.get(site, headers={**OVER_HTTPS, "Host": "evil.example"}, timeout=10)
    assert answer.status_code == 400
