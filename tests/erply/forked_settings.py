"""The settings of a process of its own that talks to a test's sandbox."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import CACHES, ERPLY_AUTH

ERPLY_AUTH = {**ERPLY_AUTH, "API_URL": os.environ["ERPLY_FORKED_URL"]}
_PREFIX = {"KEY_PREFIX": os.environ.get("ERPLY_FORKED_PREFIX", "")}
CACHES = {alias: cache | _PREFIX for alias, cache in CACHES.items()}
