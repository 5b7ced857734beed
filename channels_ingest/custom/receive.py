"""Journals what a shop's own system posts to `channels/{id}/messages/`."""

import json
from typing import Any

from channels_ingest import journal
from channels_ingest.models import Connection, InboundEvent


def keep(connection: Connection, message: dict[str, Any]) -> InboundEvent:
    """Commit the message and process it at once; the same id again changes nothing."""
    account = str(connection.channel.public_id)
    event, _is_new = journal.keep(
        connection.channel.kind,
        account,
        f"message:{message['id']}",
        json.dumps(message, default=str).encode(),
        channel=connection.channel,
        meta={"scope": account},
        wake=False,
    )
    journal.process(event.pk)
    event.refresh_from_db()
    return event
