"""The signed part of a mailed link, what keeps it out of the logs."""

import logging

import pytest

from erply_auth import tokens

TOKEN = tokens.make("reset", 15, tokens.new_nonce())


def test_a_token_says_whose_it_is_to_its_own_kind_alone() -> None:
    nonce = tokens.new_nonce()
    token = tokens.make("reset", 15, nonce)
    assert tokens.read("reset", token) == (15, nonce)
    assert tokens.read("registration", token) is None


def test_a_fingerprint_depends_on_every_part_and_where_it_ends() -> None:
    prints = [
        tokens.fingerprint("n"),
        tokens.fingerprint("m"),
        tokens.fingerprint("n", "ab"),
        tokens.fingerprint("n", "a", "b"),
        tokens.fingerprint("n", "b", "a"),
    ]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    ("line", "args", "logged"),
    [
        (
            "Not Found: %s",
            (f"/account/register/{TOKEN}/",),
            "Not Found: /account/register/(token)/",
        ),
        ("%s %s", (404, f"{TOKEN} {TOKEN}"), "404 (token) (token)"),
        ("%s", ("/account/addresses/102/",), "/account/addresses/102/"),
        ("%(path)s", ({"path": "/"},), "/"),
        ("as it is", (), "as it is"),
    ],
)
def test_a_log_line_is_the_same_without_the_token(
    line: str, args: tuple[object, ...], logged: str
) -> None:
    record = logging.LogRecord("django.request", logging.INFO, "", 0, line, args, None)
    assert tokens.HideTokens().filter(record)
    assert record.getMessage() == logged


@pytest.mark.parametrize(
    ("args", "logged"),
    [
        (
            ("GET", "/v1/customers?mail=mari%40example.ee&take=20"),
            "GET /v1/customers?mail=(hidden)&take=20",
        ),
        (("GET", "/v1/customers?ids=15&mail=a@b.ee"), "GET /v1/customers?ids=15&mail=(hidden)"),
        (("GET", 200), "GET 200"),
    ],
)
def test_the_http_clients_log_line_is_the_same_without_the_address(
    args: tuple[object, ...], logged: str
) -> None:
    record = logging.LogRecord("urllib3.connectionpool", logging.DEBUG, "", 0, "%s %s", args, None)
    assert tokens.HideAddresses().filter(record)
    assert record.getMessage() == logged


def test_a_line_of_the_http_client_without_arguments_passes_as_it_is() -> None:
    record = logging.LogRecord(
        "urllib3.connectionpool", logging.DEBUG, "", 0, "?mail=x", None, None
    )
    assert tokens.HideAddresses().filter(record)
    assert record.getMessage() == "?mail=x"


def test_the_loggers_hide_tokens_once() -> None:
    tokens.hide_in_logs()
    for name in tokens.LOGGERS:
        filters = [type(each) for each in logging.getLogger(name).filters]
        assert filters.count(tokens.HideTokens) == 1
    for name in tokens.CLIENT_LOGGERS:
        filters = [type(each) for each in logging.getLogger(name).filters]
        assert filters.count(tokens.HideAddresses) == 1
