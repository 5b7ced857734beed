"""Settings, read from the environment; a wrong value stops the start and names the variable.

Every variable can also be given as NAME_FILE, the path of a file that holds the value.
README.md lists them all.
"""

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_email_url
from cryptography.fernet import Fernet
from environs import EnvError, FileAwareEnv, ValidationError
from marshmallow.validate import OneOf, Range

from helpdesk import installation

env = FileAwareEnv(strip_whitespace=True)

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = installation.data_dir(BASE_DIR)
SOCKET_DIR = installation.socket_dir(DATA_DIR)
if not env.str("DATABASE_URL", ""):
    installation.join_run(DATA_DIR)


# Checks of values


def _is_web_address(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ValidationError("Give an address like https://helpdesk.example.com, without a path.")


def _are_networks(values: list[str]) -> None:
    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError as e:
            raise ValidationError(f"{value} is no IP address or network.") from e


def _are_roles(values: list[str]) -> None:
    if unknown := set(values) - {"agent", "supervisor", "manager", "admin"}:
        raise ValidationError(f"{unknown.pop()} is no role: agent, supervisor, manager or admin.")


def _is_mail_server(value: str) -> None:
    if urlsplit(value).scheme not in dj_email_url.SCHEMES:
        raise ValidationError("Give an address like smtp://user:password@mail.example.com:587.")


def _are_mail_doors(value: str) -> None:
    for place in filter(None, value.split(",")):
        parts = urlsplit(place.strip() if "://" in place else f"smtp://{place.strip()}")
        if parts.scheme not in {"smtp", "lmtp", "mx"} or not parts.port:
            raise ValidationError("Give addresses like smtp://127.0.0.1:2525 or mx://0.0.0.0:25.")


def _are_field_keys(value: str) -> None:
    for key in value.split(","):
        try:
            Fernet(key)
        except ValueError as e:
            raise ValidationError("A key is 32 random bytes in URL-safe base64.") from e


def _key(name: str, *checks: Callable[[str], None]) -> str:
    value: str = env.str(name, "", validate=checks) or installation.stored_key(DATA_DIR, name)
    if not value:
        raise EnvError(f'"{name}" is not set: `make run` makes it, or set your own.')
    return value


# Keys. The first of a list signs or encrypts, the others are still accepted.

SECRET_KEY = _key("SECRET_KEY")
HELPDESK_FIELD_KEYS = _key("HELPDESK_FIELD_KEYS", _are_field_keys).split(",")
HELPDESK_TOKEN_KEYS = _key("HELPDESK_TOKEN_KEYS").split(",")


# The site

DEBUG = env.bool("DEBUG", False)
BASE_URL = env.str("HELPDESK_BASE_URL", "http://localhost:8000", validate=_is_web_address).rstrip(
    "/"
)
_base = urlsplit(BASE_URL)
HTTPS = _base.scheme == "https"
ALLOWED_HOSTS = env.list(
    "HELPDESK_ALLOWED_HOSTS", [str(_base.hostname), "localhost", "127.0.0.1", "[::1]"]
)
TRUSTED_PROXIES: list[str] = env.list("HELPDESK_TRUSTED_PROXIES", [], validate=_are_networks)
METRICS_NETWORKS = env.list(
    "HELPDESK_METRICS_NETWORKS",
    ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
    validate=_are_networks,
)
SECURITY_CONTACT = env.str("HELPDESK_SECURITY_CONTACT", "")
ALLOW_PRIVATE_HOSTS = env.bool("HELPDESK_ALLOW_PRIVATE_HOSTS", False)

ROOT_URLCONF = "helpdesk.urls"
ASGI_APPLICATION = "helpdesk.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "helpdesk",
    "history",
    "accounts",
    "crm",
    "tickets",
    "channels_ingest",
    "kpi",
    "selfservice",
    "inbox",
    "api",
    "demo",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "csp",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "helpdesk.headers.SecurityHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.UserLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]


# Sign-in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.sign_in.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/inbox/"
PASSWORD_RESET_TIMEOUT = 24 * 3600
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
ACCOUNT_ADAPTER = "accounts.sign_in.AccountAdapter"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation proves the address
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Wrong passwords count by address and by account; a password reset lifts the account's limit.
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "20/m/ip,5/5m/key"}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
SECOND_FACTOR_ROLES: list[str] = env.list("HELPDESK_SECOND_FACTOR_ROLES", [], validate=_are_roles)
MFA_ADAPTER = "accounts.sign_in.MfaAdapter"
MFA_TOTP_ISSUER = "Okienko"


# Demo mode has known users, so it never meets a database that somebody set up on purpose.


def _is_embedded_only(demo: bool) -> None:
    if demo and env.str("DATABASE_URL", ""):
        raise ValidationError("Demo mode needs the embedded database: unset DATABASE_URL.")


DEMO = env.bool("HELPDESK_DEMO", False, validate=_is_embedded_only)


# Database and Redis; without an address those that `make run` starts are used.

DATABASE_URL = env.str("DATABASE_URL", "")
REDIS_URL = env.str("REDIS_URL", f"unix://{SOCKET_DIR}/redis.sock?db=0")
DATABASE_IS_EMBEDDED = not DATABASE_URL
_pool_size = env.int("HELPDESK_DATABASE_POOL", 10, validate=Range(min=1))
_statement_timeout_s = env.int("HELPDESK_STATEMENT_TIMEOUT_S", 30, validate=Range(min=1))


def _database() -> dict[str, Any]:
    if DATABASE_IS_EMBEDDED:
        database: dict[str, Any] = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "okienko",
            "USER": "okienko",
            "HOST": str(SOCKET_DIR),
        }
    else:
        database = dict(env.dj_db_url("DATABASE_URL"))
    database |= {"CONN_HEALTH_CHECKS": True, "CONN_MAX_AGE": 60}
    options = {"connect_timeout": 5, **database.get("OPTIONS", {})}
    # A socket's folder can stand in the query alone; `pg_dump` and others look for it here.
    database["HOST"] = options.pop("host", database["HOST"])
    database["OPTIONS"] = options
    return database


DATABASES = {"default": _database()}

# The web server (web.py) runs each request in a thread of its own, so its connections are
# pooled; and it ends slow statements: who waited longer for a page has left it.
WEB_DATABASE_OPTIONS = {
    "pool": {"min_size": 1, "max_size": _pool_size, "timeout": 10},
    "options": f"-c statement_timeout={_statement_timeout_s}s",
}

# Publishing in Redis knows no database numbers, so the number goes into the names.
_redis = urlsplit(REDIS_URL)
_redis_number = _redis.query.removeprefix("db=") or _redis.path.strip("/") or "0"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"okienko{_redis_number}"},
    }
}
CACHES = {
    "default": {
        "BACKEND": "helpdesk.cache.AbsentCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
        "KEY_PREFIX": "cache",
    }
}


# Background work: see celery.py for the queues

CELERY_BROKER_URL = (
    f"redis+socket://{_redis.path}?virtual_host={_redis_number}"
    if _redis.scheme == "unix"
    else REDIS_URL
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A message whose worker was killed is given again after this time.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_connect_timeout": 5,
    "socket_timeout": 5,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "bulk"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"


# Files: private, only views that check the right hand them out

STATIC_URL = "/static/"
# Two helpdesks of one checkout, each with its own data, do not collect into one folder.
STATIC_ROOT = DATA_DIR / "static" if DATABASE_IS_EMBEDDED else BASE_DIR / "staticfiles"
STATICFILES_DIRS = [("dist", BASE_DIR / "static" / "dist")]
WHITENOISE_USE_FINDERS = DEBUG
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
_bucket = env.str("HELPDESK_S3_BUCKET", "")


def _file_storage() -> dict[str, Any]:
    if not _bucket:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": _bucket,
            "endpoint_url": env.str("HELPDESK_S3_ENDPOINT", None),
            "region_name": env.str("HELPDESK_S3_REGION", None),
            "access_key": env.str("HELPDESK_S3_ACCESS_KEY", None),
            "secret_key": env.str("HELPDESK_S3_SECRET_KEY", None),
            "default_acl": "private",
            "file_overwrite": False,
        },
    }


STORAGES = {
    "default": _file_storage(),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}


# Mail of the installation itself (passwords, invitations); channels have their own settings

_email = dj_email_url.parse(
    env.str(
        "EMAIL_URL",
        "console://" if DEBUG or DEMO else "smtp://localhost:25",
        validate=_is_mail_server,
    )
)
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email["EMAIL_HOST"]
EMAIL_PORT = _email["EMAIL_PORT"]
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _email["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _email["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"Okienko <helpdesk@{_base.hostname}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Where `run_receivers` takes mail: smtp://, lmtp:// or mx://host:port, several by comma; empty
# means nowhere, save in demo mode, where a newcomer writes mail. With a certificate: STARTTLS.
_demo_door = f"smtp://127.0.0.1:{env.int('PORT', 8000) + 25}" if DEMO else ""
SMTP_LISTEN = env.str("HELPDESK_SMTP_LISTEN", _demo_door, validate=_are_mail_doors)
SMTP_TLS_CERT = env.str("HELPDESK_SMTP_TLS_CERT", "")
SMTP_TLS_KEY = env.str("HELPDESK_SMTP_TLS_KEY", "")


# Security

SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [BASE_URL]
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
# The load balancer asks over plain HTTP inside its own network.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# The browsers' preload list takes whole domains: the owner's choice, not the helpdesk's.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "media-src": ["'self'", "blob:"],
        "connect-src": ["'self'", f"{'wss' if HTTPS else 'ws'}://{_base.netloc}"],
        "frame-src": ["'self'"],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        # See static/src/ui/trusted.ts
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default"],
    }
}


# REST API

API_REQUESTS_PER_MINUTE = env.int("HELPDESK_API_REQUESTS_PER_MINUTE", 600, validate=Range(min=1))
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttles.PerMinute"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "helpdesk.rest.negotiation.OnlyRenderer",
    "DEFAULT_SCHEMA_CLASS": "helpdesk.rest.schema.Schema",
    "EXCEPTION_HANDLER": "api.problems.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Okienko",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_PATCH": False,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["helpdesk.rest.schema.without_marks"],
}


# Language and time

LANGUAGE_CODE = "pl"
LANGUAGES = [("pl", "Polski"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("HELPDESK_TIME_ZONE", "Europe/Warsaw")
USE_TZ = True


# Logs

_log_format = env.str("HELPDESK_LOG_FORMAT", "text", validate=OneOf(["text", "json"]))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "helpdesk.logs.TextFormatter"},
        "json": {"()": "helpdesk.logs.JSONFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": _log_format}},
    "root": {"handlers": ["stderr"], "level": env.str("HELPDESK_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # Their INFO lines name full addresses, with the secrets that some carry.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING"},
        # Its lines name the people who write.
        "mail.log": {"level": "WARNING"},
        # One line for each task would bury the rest.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
