"""Logs two members in, one of them twice, and prints what became of them as JSON.

Arguments: the user model, and a database router if there is to be a second database.
"""

import json
import sys

import django
from django.conf import settings
from django.core.management import call_command

from erply_auth.sandbox import Sandbox

DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
sandbox = Sandbox().start()
settings.configure(
    SECRET_KEY="for-this-process-only-0123456789-0123456789-0123456789",
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
        "erply_auth",
        "tests.app.projects",
    ],
    AUTH_USER_MODEL=sys.argv[1],
    AUTHENTICATION_BACKENDS=["erply_auth.backend.ErplyBackend"],
    DATABASES=dict.fromkeys(("default", "second"), DATABASE),
    DATABASE_ROUTERS=sys.argv[2:],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "erply_auth.middleware.MemberMiddleware",
    ],
    ROOT_URLCONF="tests.app.projects.urls",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    STATIC_URL="static/",
    ERPLY_AUTH={
        "CLIENT_CODE": sandbox.client_code,
        "USERNAME": sandbox.api_username,
        "PASSWORD": sandbox.api_password,
        "API_URL": sandbox.url,
        "LOG_KEY": "a-log-key-for-this-project-0123456789",
    },
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connections, router  # noqa: E402
from django.test import Client  # noqa: E402

from erply_auth.models import Member, ProcessingEntry  # noqa: E402

for alias in ("default", "second"):
    call_command("migrate", verbosity=0, run_syncdb=True, database=alias)
answers = []
for name in ("person", "gold", "person"):
    client = Client()
    pair = {"username": name, "password": f"Sandbox-{name}-1"}
    answers.append(client.post("/my/area/login/", pair).status_code)
    answers.append(client.get("/my/area/profile/").status_code)
home = router.db_for_write(Member)
users = get_user_model().objects.using(home)
found = {
    "answers": answers,
    "names": sorted(user.get_username() for user in users.all()),
    "usable": any(user.has_usable_password() for user in users.all()),
    "groups": sorted(
        group.name
        for user in users.all()
        if hasattr(user, "groups")
        for group in user.groups.using(home)
    ),
    "members": {alias: Member.objects.using(alias).count() for alias in connections},
    "entries": {alias: ProcessingEntry.objects.using(alias).count() for alias in connections},
}
print(json.dumps(found))  # noqa: T201
sandbox.stop()
