from django.urls import path

from channels_ingest.chat.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/chat/<uuid:channel>/", ChatConsumer.as_asgi())]
