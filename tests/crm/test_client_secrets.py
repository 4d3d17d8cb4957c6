"""The CRM API's client keeps secrets out of whatever is kept or shown."""

import logging

import pytest

from erply_auth.erply.errors import PasswordRefused
from erply_auth.sandbox import Sandbox

from .parts import shop


def test_no_secret_is_in_addresses_logs_and_exceptions(
    erply: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with shop(erply.url) as crm:
        customer = crm.customers.customer(15).customer
        crm.customers.update_customer(customer, {"password": "Canary-parool-1"})
        with pytest.raises(PasswordRefused) as caught:
            crm.customers.update_customer(customer, {"password": "Canary"})
        key = crm.classic.session_keys.current()
        for secret in ("Canary", key, "webshop-sandbox"):
            assert secret not in caplog.text
            assert secret not in repr(caught.value) + str(caught.value)
            assert not [call for call in erply.calls if secret in call.target]
        calls = [call for call in erply.calls if " " in call.name]
        assert {call.headers["sessionkey"] for call in calls} == {key}
