"""Settings, read from the environment; a wrong value stops the start and names the variable."""

from pathlib import Path

from environs import Env

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.path("HELPDESK_DATA", BASE_DIR / "var")

SECRET_KEY = env.str("SECRET_KEY", "development-only")
HELPDESK_FIELD_KEYS = env.list("HELPDESK_FIELD_KEYS", ["Zm9yLWRldmVsb3BtZW50LW9ubHktMzItYnl0ZXMhISE="])
HELPDESK_TOKEN_KEYS = env.list("HELPDESK_TOKEN_KEYS", ["development-only"])
DEBUG = env.bool("DEBUG", False)
DEMO = env.bool("DEMO", False)
ALLOWED_HOSTS = env.list("HELPDESK_ALLOWED_HOSTS", ["localhost", "127.0.0.1"])
BASE_URL = env.str("HELPDESK_BASE_URL", "http://localhost:8000")
ALLOW_PRIVATE_HOSTS = env.bool("HELPDESK_ALLOW_PRIVATE_HOSTS", False)

INSTALLED_APPS = [
    "history",
    "accounts",
    "crm",
    "tickets",
    "channels_ingest",
    "inbox",
    "api",
    "demo",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
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
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "helpdesk.urls"
ASGI_APPLICATION = "helpdesk.asgi.application"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]

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
            "libraries": {"ui": "helpdesk.templatetags.ui"},
        },
    }
]

DATABASES = {
    "default": {
        **env.dj_db_url("DATABASE_URL", "postgresql://postgres@/okienko?host=/tmp&port=55432"),
        "OPTIONS": {},
    }
}
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:56379/0")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

LANGUAGE_CODE = "pl"
LANGUAGES = [("pl", "Polski"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Warsaw"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [("dist", BASE_DIR / "static" / "dist")]
MEDIA_ROOT = DATA_DIR / "files"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
