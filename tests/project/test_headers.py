"""The shop's headers: on every answer, whoever gives it and whatever becomes of it."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.test import Client

from erply_auth.sandbox import Sandbox
from tests.app.support import MODEL_BACKEND, log_in
from tests.app.test_caching import is_private

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "object-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
OF_THE_ADMIN = {"script-src": "'self'", "connect-src": "'self'"}
ALWAYS = {
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OF_DJANGO = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
AREA = ["", "login/", "logout/", "profile/", "password/", "addresses/", "addresses/add/"]
AREA += ["addresses/101/", "addresses/101/delete/", "addresses/131/", "nowhere/", "profile"]
AREA += ["password/reset/a-mailed-token", "%00", "addresses/101/delete/more"]
PATHS = ["/", "/offers/", "/nowhere/", "/static/shop/shop.css", "/static/nothing.css", "/account"]
PATHS += [f"/account/{path}" for path in AREA]
METHODS = ["get", "post", "head", "options", "put", "delete", "trace"]


def policy_of(answer: Any) -> dict[str, str]:
    parts = answer["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


def assert_guarded(answer: Any) -> None:
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert {name: answer.headers.get(name) for name in OF_DJANGO} == OF_DJANGO
    assert "camera=()" in answer["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer
    assert not {"unsafe-inline", "unsafe-eval", "data:", "*"} & set(
        answer["Content-Security-Policy"].replace("'", "").replace(";", "").split()
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_every_answer_of_the_shop_carries_them(
    client: Client, erply: Sandbox, path: str, method: str
) -> None:
    of_members = path.startswith("/account") or path == "/offers/"
    for who in ("a stranger", "a member"):
        answer = getattr(client, method)(path)
        assert_guarded(answer)
        assert policy_of(answer) == POLICY
        # What names the member is theirs alone, wherever it is.
        assert is_private(answer) is of_members or (who == "a member" and not answer.streaming)
        assert answer.status_code < 500
        if answer.streaming:  # A static file.
            answer.getvalue()
        assert log_in(client).status_code == 302


def test_errors_carry_them_too(client: Client, erply: Sandbox) -> None:
    def crash(**_kwargs: Any) -> None:
        raise ZeroDivisionError

    strict = Client(enforce_csrf_checks=True)
    answers = [strict.post(path) for path in ("/account/login/", "/account/logout/")]
    assert [answer.status_code for answer in answers] == [403, 403]
    client.raise_request_exception = False
    user_logged_in.connect(crash)
    try:
        answers.append(log_in(client))
    finally:
        user_logged_in.disconnect(crash)
    assert answers[-1].status_code == 500
    erply.fault("http", status=502)
    answers.append(log_in(client))
    assert answers[-1].status_code == 503
    answers.append(client.get("/account/login/", headers={"host": "evil.example"}))
    assert answers[-1].status_code == 400
    for answer in answers:
        assert_guarded(answer)
        assert policy_of(answer) == POLICY
        assert is_private(answer)


def test_a_form_with_more_fields_than_anybody_has_is_refused_with_them(client: Client) -> None:
    answer = client.post("/account/login/", {f"field{number}": "x" for number in range(1100)})
    assert answer.status_code == 400
    assert_guarded(answer)
    assert is_private(answer)


@pytest.mark.parametrize("path", ["login/", "nowhere/", "password/reset/a-mailed-token/"])
def test_the_way_to_https_is_kept_out_of_caches_and_guarded(
    client: Client, settings: Any, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for host, status in (("testserver", 301), ("evil.example", 400)):
        answer = client.get(f"/account/{path}", headers={"host": host})
        assert answer.status_code == status
        assert is_private(answer)
        assert {name: answer[name] for name in ALWAYS} == ALWAYS
        assert policy_of(answer) == POLICY


def test_the_admin_may_run_its_own_scripts_and_no_other(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("boss"), MODEL_BACKEND)
    for path in ("", "login/", "auth/user/", "auth/user/add/", "nowhere/", "jsi18n/"):
        answer = client.get(f"/admin/{path}")
        assert_guarded(answer)
        assert policy_of(answer) == POLICY | OF_THE_ADMIN
    strict = Client(enforce_csrf_checks=True).post("/admin/login/")
    assert strict.status_code == 403
    assert policy_of(strict) == POLICY | OF_THE_ADMIN


def test_a_session_cookie_is_for_http_and_this_site_only(client: Client, erply: Sandbox) -> None:
    answer = log_in(client)
    for name in ("sessionid", "csrftoken"):
        cookie = answer.cookies[name]
        assert cookie["httponly"]
        assert (cookie["samesite"], cookie["domain"], cookie["path"]) == ("Lax", "", "/")


@pytest.mark.parametrize("value", ["0000000\x00", '"0000000\\000"'])
@pytest.mark.parametrize("path", ["/", "/account/", "/account/login/"])
def test_a_session_with_a_nul_in_its_name_is_not_looked_for(path: str, value: str) -> None:
    answer = Client().get(path, headers={"cookie": f"sessionid={value}"})
    assert answer.status_code == 400
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
