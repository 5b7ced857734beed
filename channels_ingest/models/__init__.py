from channels_ingest.chat.models import (
    ChatCount,
    ChatEvent,
    ChatMail,
    ChatRating,
    ChatSession,
    ChatUpload,
)
from channels_ingest.models.connection import Connection
from channels_ingest.models.journal import InboundEvent

__all__ = [
    "ChatCount",
    "ChatEvent",
    "ChatMail",
    "ChatRating",
    "ChatSession",
    "ChatUpload",
    "Connection",
    "InboundEvent",
]
