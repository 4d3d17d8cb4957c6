"""`make demo`: a sandbox Erply and the shop in one process, ended by Ctrl-C or SIGTERM."""

import argparse
import fcntl
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from erply_auth.sandbox import API_PASSWORD, API_USERNAME, CLIENT_CODE, Sandbox

_HOST = "127.0.0.1"
_MEMBERS = (
    ("person", "Sandbox-person-1", "a private customer"),
    ("company", "Sandbox-company-1", "a company"),
    ("contact", "Sandbox-contact-1", "that company's contact person"),
    ("gold", "Sandbox-gold-1", "a customer of the group Gold"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; 1 when the port cannot be had."""
    port = _port(arguments)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _stop)
    try:
        # The socket is had before anything else starts, and callers wait in its queue meanwhile.
        server = ThreadedWSGIServer((_HOST, port), WSGIRequestHandler)
    except OSError as error:
        sys.stderr.write(f"Port {port}: {error.strerror}. Another one: make demo PORT=N\n")
        return 1
    with server, Sandbox() as sandbox:
        _set_environment(sandbox.url, server.server_port)
        server.set_app(get_wsgi_application())
        _migrate()
        # The group of those who register.
        call_command("erply_setup", stdout=io.StringIO())
        sys.stdout.write(_announcement(server.server_port, sandbox.url))
        sys.stdout.flush()
        server.serve_forever()
    return 0


def _port(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="shop.demo", description=__doc__)
    parser.add_argument("--port", type=int, choices=range(65536), default=8000, metavar="PORT")
    return int(parser.parse_args(arguments).port)


def _stop(_signum: int, _frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C must not disturb the tidying-up.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(0)


def _set_environment(api_url: str, port: int) -> None:
    """What the demo needs, whatever `.env` says; DATABASE_URL and CACHE_URL stay as they are."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="shop.settings",
        DEBUG="on",
        HTTPS_ONLY="off",
        ALLOWED_HOSTS="",
        EMAIL_URL="",
        SITE_URL=f"http://{_HOST}:{port}",
        ERPLY_CLIENT_CODE=CLIENT_CODE,
        ERPLY_USERNAME=API_USERNAME,
        ERPLY_PASSWORD=API_PASSWORD,
        ERPLY_API_URL=api_url,
        ERPLY_CRM_URL="",
        ERPLY_CUSTOMER_API="",
        ERPLY_ADDRESS_API="",
        ERPLY_CARD_SECONDS="",
        ERPLY_LOG_KEY="",
        ERPLY_LOG_KEY_FALLBACKS="",
        # A sandbox has plenty, and a reserve would be in the way of whoever tries it out.
        ERPLY_HOURLY_QUOTA="1000000",
        TRUSTED_PROXIES="",
    )


def _migrate() -> None:
    """Two demos that start at once take turns."""
    with Path(__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("migrate", verbosity=0, interactive=False)
        _reopen()


def _reopen() -> None:
    """The sandbox has all of its customers again, those too who were deleted in the last demo."""
    closed = {"erply_member__client_code": CLIENT_CODE, "erply_member__closed_at__isnull": False}
    get_user_model().objects.filter(**closed).delete()


def _announcement(port: int, api_url: str) -> str:
    members = "".join(f"  {name:<9}{password:<20}{who}\n" for name, password, who in _MEMBERS)
    return (
        f"\nShop:          http://{_HOST}:{port}/\nErply sandbox: {api_url}\n\n"
        f"Log in with one of these user names and passwords:\n{members}\n"
        "Mails are printed here. Ctrl-C ends both.\n\n"
    )


if __name__ == "__main__":
    sys.exit(main())
