"""The shop's settings under a fixed environment, whatever a developer's own `.env` says.

DATABASE_URL and CACHE_URL are the real environment's: the whole suite runs on what they name.
"""

import os

os.environ.update(
    SECRET_KEY="a-key-for-tests-only-0123456789-abcdefghijklmnopqrstuvwxyz",
    DEBUG="off",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    HTTPS_ONLY="off",
    EMAIL_URL="memorymail://",
    SITE_URL="https://shop.example.com",
    ERPLY_CLIENT_CODE="100100",
    ERPLY_USERNAME="webshop",
    ERPLY_PASSWORD="webshop-sandbox",
    # Nobody listens there: a test that calls Erply starts a sandbox and says so.
    ERPLY_API_URL="http://127.0.0.1:9/api/",
    ERPLY_CRM_URL="",
    ERPLY_CUSTOMER_API="",
    ERPLY_ADDRESS_API="",
    ERPLY_CARD_SECONDS="",
    ERPLY_LOG_KEY="a-log-key-for-tests-only-0123456789",
    ERPLY_LOG_KEY_FALLBACKS="",
    ERPLY_HOURLY_QUOTA="",
    TRUSTED_PROXIES="",
)
for name in ("DATABASE_URL", "CACHE_URL"):
    os.environ.setdefault(name, "")

from shop.settings import *  # noqa: E402, F403

# Staff log in often here and no password is worth protecting.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Static files come from the apps' folders, never from a developer's collected ones.
STATIC_ROOT = None  # type: ignore[assignment]
if CACHES["default"]["BACKEND"].endswith(".RedisCache"):  # noqa: F405
    CACHES["default"]["OPTIONS"] = {"pool_class": "tests.pools.OnePool"}  # noqa: F405
