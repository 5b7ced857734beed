"""All addresses. Each app keeps its own in urls.py, written from the root of the site."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from helpdesk import health, wellknown

APPS = [
    "accounts",
    "crm",
    "tickets",
    "channels_ingest",
    "kpi",
    "inbox",
    "inbox.settings",
    "selfservice",
    "api",
    "demo",
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/inbox/"), name="home"),
    path("language/", set_language, name="set_language"),
    path("robots.txt", wellknown.robots, name="robots"),
    path(".well-known/security.txt", wellknown.security, name="security"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
urlpatterns += [path("", include(f"{app}.urls")) for app in APPS if find_spec(f"{app}.urls")]
