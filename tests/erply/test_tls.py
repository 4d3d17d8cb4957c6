"""Secrets travel to whoever has proved to be Erply, and to nobody else."""

import gc
import ssl

import pytest

from erply_auth.erply.errors import ErplyUnavailable, Reason
from erply_auth.erply.transport import check_url
from erply_auth.sandbox import Sandbox

from .conftest import Authority
from .support import LOGGED_IN, Server, answering, at_once, client

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def refused(server: Server, **options: str) -> ErplyUnavailable:
    with client(server, **options) as made, pytest.raises(ErplyUnavailable) as caught:
        made.registry.api_user_is_accepted()
    assert caught.value.reason is Reason.SILENT
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert server.requests == []
    return caught.value


def test_a_server_of_the_authority_in_the_ca_bundle_is_trusted(authority: Authority) -> None:
    with (
        Sandbox(ssl_context=authority.server) as erply,
        client(erply, ca_bundle=authority.bundle) as made,
    ):
        assert made.registry.verify_credentials("person", "Sandbox-person-1").customer_id == 15
        assert made.registry.groups()
        assert erply.connections == 1


def test_a_server_that_nobody_vouches_for_is_not(authority: Authority) -> None:
    with answering(LOGGED_IN, tls=authority.server) as server:
        refused(server)


def test_a_server_of_another_authority_is_not(authority: Authority, elsewhere: Authority) -> None:
    with answering(LOGGED_IN, tls=authority.server) as server:
        refused(server, ca_bundle=elsewhere.bundle)


def test_a_certificate_for_another_host_is_not(elsewhere: Authority) -> None:
    with answering(LOGGED_IN, tls=elsewhere.server) as server:
        refused(server, ca_bundle=elsewhere.bundle)


@pytest.mark.parametrize("variable", BUNDLES)
def test_the_environment_cannot_add_an_authority(
    authority: Authority, elsewhere: Authority, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, authority.bundle)
    with answering(LOGGED_IN, tls=authority.server) as server:
        refused(server)
        refused(server, ca_bundle=elsewhere.bundle)


@pytest.mark.parametrize("variable", BUNDLES)
def test_the_environment_cannot_take_an_authority_away(
    authority: Authority, elsewhere: Authority, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, elsewhere.bundle)
    with (
        answering(LOGGED_IN, tls=authority.server) as server,
        client(server, ca_bundle=authority.bundle) as made,
    ):
        made.registry.api_user_is_accepted()


def test_a_tls_address_that_speaks_plain_http_gets_nothing() -> None:
    with answering(LOGGED_IN) as server, client(server.url.replace("http:", "https:")) as made:
        with pytest.raises(ErplyUnavailable):
            made.registry.api_user_is_accepted()
        assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://100100.erply.com/api/",
        "https://erply.example:8443/api/",
        "http://127.0.0.1:8000/api/",
        "http://127.1.2.3/",
        "http://localhost:8000/api/",
        "http://LOCALHOST/api/",
        "http://[::1]:8000/api/",
    ],
)
def test_https_may_be_anywhere_and_http_on_this_machine(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://100100.erply.com/api/",
        "http://192.168.1.10/api/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://[::2]/",
        "http://[fe80::1]/",
        "ftp://127.0.0.1/",
        "file:///etc/canary",
        "//127.0.0.1/api/",
        "127.0.0.1/api/",
        "https:/100100.erply.com",
        "https://",
        "https://:443/",
        "https:///api/",
        "",
        "canary",
        "https://canary@erply.example/",
        "https://webshop:canary@erply.example/api/",
        "https://:canary@erply.example/",
        "http://127.0.0.1\\@canary.example/",
        "https://erply.example/?key=canary",
        "https://erply.example/#canary",
        "https://erply.example:canary/",
        "https://erply.example:99999/",
        "https://[canary/",
        "https://[canary]/",
        "https://[user:canary@::1]/",
        "https://erply\u2100canary.example/",
    ],
)
def test_other_addresses_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        check_url(url)
    assert (
        "canary" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    )


def test_the_check_stands_before_every_call(erply: Sandbox) -> None:
    with (
        client("http://erply.example/api/") as made,
        pytest.raises(ValueError, match="must begin with https"),
    ):
        made.registry.api_user_is_accepted()


@pytest.mark.parametrize(
    "host", ["erply.invalid", "x" * 70 + ".invalid", "a..invalid", "xn--a.invalid", "*.invalid"]
)
def test_a_name_that_leads_nowhere_is_an_outage(host: str) -> None:
    with client(f"https://{host}/api/") as made, pytest.raises(ErplyUnavailable) as caught:
        made.registry.api_user_is_accepted()
    assert caught.value.reason is Reason.SILENT


def test_one_tls_context_serves_all_connections(authority: Authority) -> None:
    with (
        Sandbox(ssl_context=authority.server) as erply,
        client(erply, ca_bundle=authority.bundle) as made,
    ):
        erply.fault("latency", seconds=0.1)
        at_once(4, lambda number: made.registry.api_user_is_accepted())
        assert erply.connections == 4
        sockets = [
            one
            for one in gc.get_objects()
            # By its type: `isinstance` would wake the lazy objects that other tests have left.
            if issubclass(type(one), ssl.SSLSocket) and not one.server_side
        ]
        ours = [one for one in sockets if one.fileno() != -1]
        assert len(ours) == 4
        assert len({id(one.context) for one in ours}) == 1
