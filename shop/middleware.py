"""The shop's headers: the content policy, and what Django has no setting for."""

from csp.constants import SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from erply_auth.access import forbid_storing, is_members_address
from shop.views import bad_request

_FIXED = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), "
    "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
}
# The admin's own scripts, and what they look up.
_ADMIN = {"script-src": [SELF], "connect-src": [SELF]}


class HeadersMiddleware(CSPMiddleware):
    """Stands first, so that it sees every answer.

    MemberMiddleware cannot see what is answered above it, such as a redirect to HTTPS; below the
    members' area that is kept out of caches here, since the address may hold a mailed token.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        """400 for a NUL in a cookie, which may be quoted there as `\\000`: Django would look for a
        session of that name, and PostgreSQL refuse the question."""
        super().process_request(request)
        if any("\0" in value for value in request.COOKIES.values()):
            return bad_request(request, BadRequest())
        return None

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add what is missing."""
        for name, value in _FIXED.items():
            response.headers.setdefault(name, value)
        if is_members_address(request.path):
            forbid_storing(response)
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """CONTENT_SECURITY_POLICY, a little wider for the admin, its errors included."""
        parts = super().get_policy_parts(request, response, report_only)
        match = request.resolver_match
        if match is not None and "admin" in match.app_names:
            parts.update = _ADMIN
        return parts
