"""The shop's settings, all of them from the environment (see `.env.example`).

With nothing set the commands work and the web server does not: it asks for a SECRET_KEY.
"""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from shop import environment

BASE_DIR = Path(__file__).resolve().parent.parent

environment.read(BASE_DIR / ".env")

DEBUG = environment.flag("DEBUG", default=False)
HTTPS_ONLY = environment.flag("HTTPS_ONLY", default=not DEBUG)

_INSECURE_KEY = "django-insecure-only-for-development-on-this-machine-never-for-a-shop-on-the-net"
SECRET_KEY = environment.text("SECRET_KEY", _INSECURE_KEY if DEBUG else "")
ALLOWED_HOSTS = environment.names("ALLOWED_HOSTS", [".localhost", "127.0.0.1", "[::1]"])

INSTALLED_APPS = [
    "shop.apps.ShopConfig",
    "erply_auth.apps.ErplyAuthConfig",
    "axes",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    # These two see the answers of all others: redirects to HTTPS and refused hosts too.
    "shop.middleware.HeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "erply_auth.middleware.MemberMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
ASGI_APPLICATION = "shop.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # The shop's own pages come first, so that they can replace the app's.
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "erply_auth.context_processors.member",
            ],
        },
    },
]

DATABASES = {"default": environment.database(BASE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": environment.cache()}

_EMAIL = environment.email()
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = _EMAIL.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _EMAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _EMAIL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _EMAIL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = BASE_DIR / (_EMAIL.get("EMAIL_FILE_PATH") or "mails")
EMAIL_TIMEOUT = 10

# Members come from Erply; staff have passwords of their own here.
AUTHENTICATION_BACKENDS = [
    "erply_auth.lockout.LockoutBackend",
    "erply_auth.backend.ErplyBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Eight wrong passwords for one name from one address lock the two for a quarter of an hour.
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_USERNAME_CALLABLE = "erply_auth.lockout.username"
AXES_CLIENT_IP_CALLABLE = "erply_auth.lockout.client_ip"
AXES_WHITELIST_CALLABLE = "erply_auth.lockout.is_not_counted"
AXES_LOCKOUT_CALLABLE = "erply_auth.lockout.response"

LOGIN_URL = "erply_auth:login"
LOGIN_REDIRECT_URL = "erply_auth:overview"
LOGOUT_REDIRECT_URL = "home"

ERPLY_AUTH: dict[str, object] = {
    "CLIENT_CODE": environment.text("ERPLY_CLIENT_CODE"),
    "USERNAME": environment.text("ERPLY_USERNAME"),
    "PASSWORD": environment.text("ERPLY_PASSWORD"),
    "SITE_URL": environment.text("SITE_URL"),
    "REGISTRATION": True,
    "POLICY_URL": "/policy/",
    # To be raised with every change of templates/policy.html.
    "POLICY_VERSION": "2026-11",
}
for key in ("API_URL", "CRM_URL", "CUSTOMER_API", "ADDRESS_API"):
    if value := environment.text(f"ERPLY_{key}"):
        ERPLY_AUTH[key] = value
ERPLY_AUTH["LOG_KEY"] = environment.text("ERPLY_LOG_KEY")
ERPLY_AUTH["LOG_KEY_FALLBACKS"] = environment.names("ERPLY_LOG_KEY_FALLBACKS", [])
if (card_seconds := environment.number("ERPLY_CARD_SECONDS")) is not None:
    ERPLY_AUTH["CARD_SECONDS"] = card_seconds
if (hourly_quota := environment.number("ERPLY_HOURLY_QUOTA")) is not None:
    ERPLY_AUTH |= {"HOURLY_QUOTA": hourly_quota, "QUOTA_RESERVE": hourly_quota // 10}
ERPLY_AUTH["TRUSTED_PROXIES"] = environment.names("TRUSTED_PROXIES", [])

SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if HTTPS_ONLY:
    # With this prefix no other host of the same domain can set them, nor anybody over plain HTTP.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
# Kept in the session, so that no message lies readable in a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Own style sheets and pictures, own forms, and nothing else: no script, no frame, nothing inline.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "style-src": [SELF],
        "img-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# Links in mails hold tokens: no address of ours leaves for other sites, nor for our own logs.
SECURE_REFERRER_POLICY = "strict-origin"
X_FRAME_OPTIONS = "DENY"
# The browsers' preload list takes a whole domain for good: its owner's decision, not a default.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
if not any(ERPLY_AUTH[key] for key in ("CLIENT_CODE", "USERNAME", "PASSWORD")):
    # Most commands do not need the account: shop.W001 says that it is missing and stops nothing.
    SILENCED_SYSTEM_CHECKS.append("erply_auth.E001")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Served straight from the apps' folders too: `collectstatic` is a choice, not a condition.
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Named without handlers, which turns off Django's mails to ADMINS: they quote requests.
        "django": {"level": "INFO"},
        "erply_auth": {"level": "INFO"},
    },
}
