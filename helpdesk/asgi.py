"""Entry point of the web server: pages and API by Django, WebSockets by Channels."""

import os
from importlib import import_module
from importlib.util import find_spec

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import URLPattern

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

http = get_asgi_application()

from helpdesk.proxies import TrustedProxies  # noqa: E402 (needs the settings)

# Each of them may hold `websocket_urlpatterns` in routing.py.
APPS_WITH_SOCKETS = ["inbox", "channels_ingest.chat"]


def websocket_routes() -> list[URLPattern]:
    routes: list[URLPattern] = []
    for app in APPS_WITH_SOCKETS:
        if find_spec(f"{app}.routing"):
            routes += import_module(f"{app}.routing").websocket_urlpatterns
    return routes


application = TrustedProxies(
    ProtocolTypeRouter(
        {"http": http, "websocket": AuthMiddlewareStack(URLRouter(websocket_routes()))}
    )
)
