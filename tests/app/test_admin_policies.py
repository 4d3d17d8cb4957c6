"""The admin shows who has accepted which policy."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from erply_auth.models import PolicyAcceptance

from .support import MODEL_BACKEND

pytestmark = pytest.mark.django_db
POLICIES = "/admin/erply_auth/policyacceptance/"


def test_accepted_policies_are_listed_and_can_be_deleted_but_not_changed(
    client: Client, staff: Any
) -> None:
    accepted = PolicyAcceptance.objects.create(
        client_code="100100", customer_id=15, version="7b", accepted_at=timezone.now()
    )
    client.force_login(staff, backend=MODEL_BACKEND)
    assert "7b" in client.get(f"{POLICIES}?q=15").content.decode()
    assert client.get(f"{POLICIES}add/").status_code == 403
    assert client.post(f"{POLICIES}{accepted.pk}/change/", {"version": "8"}).status_code == 403
    client.post(f"{POLICIES}{accepted.pk}/delete/", {"post": "yes"})
    assert not PolicyAcceptance.objects.exists()
