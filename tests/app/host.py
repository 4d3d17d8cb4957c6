"""A host project's urls: the members' area, the admin and views of its own."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import include, path
from django.views.decorators.cache import cache_page
from django.views.generic import View

from erply_auth.access import MemberRequiredMixin, member_required
from erply_auth.models import Activity, Member
from erply_auth.processing import Purpose, recorded


def who(request: HttpRequest) -> HttpResponse:
    """Whom this request knows."""
    member: Member | None = request.member  # type: ignore[attr-defined]
    return JsonResponse({"member": member.pk if member else None, "user": str(request.user)})


def indifferent(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the same for everybody")


def greeting(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@member_required
def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"for {request.member.pk}")  # type: ignore[attr-defined]


@member_required
async def patient(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"for {request.member.pk}")  # type: ignore[attr-defined]


@member_required(groups=["Gold", 4])
def gold(request: HttpRequest) -> HttpResponse:
    return HttpResponse("gold")


@member_required(groups=("Gold", 4))
async def patient_gold(request: HttpRequest) -> HttpResponse:
    return HttpResponse("gold")


@member_required(groups=[])
def nobodys(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nobody sees this")


@member_required
def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


@cache_page(600)
@member_required
def cached(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"for {request.member.pk}")  # type: ignore[attr-defined]


@member_required
def lending(request: HttpRequest) -> HttpResponse:
    """A view of the host's own that reads a card, inside the host's transaction if there is one."""
    member = request.member  # type: ignore[attr-defined]
    with recorded(member, Activity.READ, ("name",), Purpose.PROFILE):
        return HttpResponse("read")


class Thoughtful(MemberRequiredMixin, View):
    erply_groups = ("Business",)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return HttpResponse("business")


class PatientView(MemberRequiredMixin, View):
    async def get(self, request: HttpRequest, *args: Any) -> HttpResponseBase:
        return HttpResponse(f"for {request.member.pk}")  # type: ignore[attr-defined]


urlpatterns = [
    path("", greeting, name="home"),
    path("offers/", indifferent, name="offers"),
    path("who/", who),
    path("indifferent/", indifferent),
    path("plain/", plain),
    path("patient/", patient),
    path("gold/", gold),
    path("patient-gold/", patient_gold),
    path("nobodys/", nobodys),
    path("missing/", missing),
    path("cached/", cached),
    path("lending/", lending),
    path("thoughtful/", Thoughtful.as_view()),
    path("patient-view/", PatientView.as_view()),
    path("account/", include("erply_auth.urls")),
    path("admin/", admin.site.urls),
]
