"""The members' area. Include it under any path; the names are in the namespace `erply_auth`."""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction
from django.urls import URLPattern, path

from .views.addresses import (
    AddressAddView,
    AddressDeleteView,
    AddressEditView,
    AddressesView,
)
from .views.password import PasswordChangeView
from .views.privacy import DeleteAccountView, ExportView, PrivacyView
from .views.profile import OverviewView, ProfileView
from .views.registration import RegisterConfirmView, RegisterView
from .views.reset import PasswordResetConfirmView, PasswordResetView
from .views.session import LoginView, LogoutView
from .views.sessions import SessionsView


def _page(route: str, view: Any, name: str) -> URLPattern:
    """A page outside ATOMIC_REQUESTS: its log entry is committed before anything is read."""
    callback = view.as_view()
    for alias in connections:
        callback = transaction.non_atomic_requests(using=alias)(callback)
    pattern: URLPattern = path(route, callback, name=name)
    return pattern


app_name = "erply_auth"

urlpatterns = [
    _page("login/", LoginView, "login"),
    _page("logout/", LogoutView, "logout"),
    _page("", OverviewView, "overview"),
    _page("profile/", ProfileView, "profile"),
    _page("password/", PasswordChangeView, "password_change"),
    _page("sessions/", SessionsView, "sessions"),
    _page("password/reset/", PasswordResetView, "password_reset"),
    _page("password/reset/<str:token>/", PasswordResetConfirmView, "password_reset_confirm"),
    _page("register/", RegisterView, "register"),
    _page("register/<str:token>/", RegisterConfirmView, "register_confirm"),
    _page("addresses/", AddressesView, "addresses"),
    _page("addresses/add/", AddressAddView, "address_add"),
    _page("addresses/<int:address_id>/", AddressEditView, "address_edit"),
    _page("addresses/<int:address_id>/delete/", AddressDeleteView, "address_delete"),
    _page("privacy/", PrivacyView, "privacy"),
    _page("privacy/export/", ExportView, "export"),
    _page("privacy/delete/", DeleteAccountView, "delete_account"),
]
