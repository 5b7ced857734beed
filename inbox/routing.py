from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from inbox.consumers import WorkspaceConsumer

websocket_urlpatterns = [
    path("ws/workspace/", AllowedHostsOriginValidator(WorkspaceConsumer.as_asgi())),
]
