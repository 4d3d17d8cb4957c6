"""The shop's own pages: two for everybody, one for members, and two for errors.

Django's own views for errors read the form that was sent, for its token. Where that cannot be
read, such as after a broken upload to an address that does not exist, they crash, and the answer
is a 500. The two for errors read nothing.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.generic import TemplateView

from erply_auth.access import MemberRequiredMixin


class HomeView(TemplateView):
    """The front page."""

    template_name = "home.html"


class PolicyView(TemplateView):
    """What the shop does with its customers' data: whoever registers accepts it."""

    template_name = "policy.html"


class OffersView(MemberRequiredMixin, TemplateView):
    """Members' prices, with one part for the customers of the group "Gold"."""

    template_name = "offers.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether the Gold part is for this member."""
        member = self.request.member  # type: ignore[attr-defined]
        return super().get_context_data(is_gold=member.in_groups(("Gold",)), **kwargs)


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, for anything: nothing of the request is believed, its host least of all."""
    return HttpResponse(render_to_string("400.html"), status=400)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return render(request, "404.html", status=404)
