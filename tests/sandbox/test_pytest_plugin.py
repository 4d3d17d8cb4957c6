"""The fixtures that host projects get."""

import subprocess
import sys
import urllib.request

import pytest
from django.conf import settings as django_settings


def test_the_app_talks_to_the_sandbox(erply_sandbox):
    assert django_settings.ERPLY_AUTH["API_URL"] == erply_sandbox.url
    assert django_settings.ERPLY_AUTH["CLIENT_CODE"] == "100100"
    assert django_settings.ERPLY_AUTH["USERNAME"] == "webshop"
    assert django_settings.ERPLY_AUTH["PASSWORD"] == "webshop-sandbox"


@pytest.fixture
def own_settings(settings):
    settings.ERPLY_AUTH = {
        "SESSION_LENGTH": 60,
        "CRM_URL": "https://crm.example.ee/",
        "USERNAME": "x",
    }


def test_the_projects_other_settings_stay(own_settings, erply_sandbox):
    assert django_settings.ERPLY_AUTH["SESSION_LENGTH"] == 60
    assert django_settings.ERPLY_AUTH["USERNAME"] == "webshop"


def test_no_call_can_reach_the_projects_own_crm(own_settings, erply_sandbox):
    assert "CRM_URL" not in django_settings.ERPLY_AUTH


@pytest.fixture
def no_settings(settings):
    del settings.ERPLY_AUTH


def test_a_project_needs_no_settings_of_its_own(no_settings, erply_sandbox):
    assert django_settings.ERPLY_AUTH["API_URL"] == erply_sandbox.url


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_finds_the_sandbox_fresh(erply_sandbox, turn):
    assert erply_sandbox.calls == []
    assert len(erply_sandbox.customers) == 9
    erply_sandbox.add_customer(lastName="Left behind")
    target = f"{erply_sandbox.url}?clientCode=100100&request=getServiceEndpoints"
    with urllib.request.urlopen(target, timeout=10) as answer:  # noqa: S310 - our sandbox
        assert answer.status == 200
    assert len(erply_sandbox.calls) == 1


def test_customers_are_made_to_order(erply_sandbox, erply_customer):
    customer = erply_customer(username="mari", password="Secret-123", groupID=3, email="m@e.ee")
    assert customer is erply_sandbox.customers[customer["id"]]
    assert (customer["webshopUsername"], customer["password"]) == ("mari", "Secret-123")
    assert (customer["groupID"], customer["email"]) == (3, "m@e.ee")
    assert (customer["firstName"], customer["lastName"]) == ("Test", "Member")


def test_customers_nobody_describes_are_members_of_their_own(erply_customer):
    first, second = erply_customer(), erply_customer()
    assert first["webshopUsername"] != second["webshopUsername"]
    assert first["password"]


def test_a_company_is_made_without_a_persons_name(erply_customer):
    company = erply_customer(companyName="Uus OÜ")
    assert (company["customerType"], company["lastName"]) == ("COMPANY", "")


def test_importing_the_plugin_touches_no_settings():
    code = (
        "import erply_auth.pytest_plugin; from django.conf import settings; "
        "raise SystemExit(settings.configured)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
