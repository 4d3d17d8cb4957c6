"""The shop's addresses: its own pages, the members' area and the staff's admin."""

from django.contrib import admin
from django.urls import include, path

from shop.views import HomeView, OffersView, PolicyView

handler400 = "shop.views.bad_request"
handler404 = "shop.views.page_not_found"

urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("offers/", OffersView.as_view(), name="offers"),
    path("policy/", PolicyView.as_view(), name="policy"),
    path("account/", include("erply_auth.urls")),
    path("admin/", admin.site.urls),
]
