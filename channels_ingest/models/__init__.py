from channels_ingest.models.connection import Connection
from channels_ingest.models.journal import InboundEvent

__all__ = ["Connection", "InboundEvent"]
