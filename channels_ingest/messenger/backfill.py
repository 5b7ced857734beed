"""What was written while Meta could not reach us: read from the Page's conversations.

Meta repeats a call for a day and a half and then ends the subscription (contracts/messenger.md 5,
10). Each message is journaled as the event that it would have been, so none comes twice.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from channels_ingest.adapter import Unavailable
from channels_ingest.messenger import graph, receive
from channels_ingest.models import Connection

_FIELDS = "id,updated_time,messages{id,created_time,from,to,message,attachments}"
# Meta allows two calls a second.
_BETWEEN_CALLS_S = 0.5
_MOST_PAGES = 40


def fetch_missed(connection: Connection, since: datetime) -> int:
    """Journal what was written since then and is not there yet; returns how much.

    Raises `Refused`, `Unavailable`.
    """
    page_id = graph.page_id(connection)
    try:
        events = [
            _event(page_id, message)
            for conversation in _conversations(connection, since)
            for message in conversation.get("messages", {}).get("data", [])
            if _moment(message["created_time"]) >= since
        ]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as e:
        raise Unavailable("conversations of an unknown form") from e
    events.sort(key=lambda event: int(event["timestamp"]))
    batch = {"object": "page", "entry": [{"id": page_id, "messaging": events}]}
    return sum(receive.keep(entry, connection) for entry in receive.entries(batch))


def _conversations(connection: Connection, since: datetime) -> Iterator[dict[str, Any]]:
    """The Page's conversations that were touched since then; Meta gives the newest first."""
    params = {"platform": "messenger", "fields": _FIELDS}
    for _page in range(_MOST_PAGES):
        answer = graph.call(connection, f"{graph.page_id(connection)}/conversations", params=params)
        for conversation in answer.get("data", []):
            if _moment(conversation["updated_time"]) < since:
                return
            yield conversation
        after = answer.get("paging", {}).get("cursors", {}).get("after")
        if not after or not answer.get("paging", {}).get("next"):
            return
        params = {**params, "after": after}
        time.sleep(_BETWEEN_CALLS_S)


def _event(page_id: str, message: dict[str, Any]) -> dict[str, Any]:
    """A message of a conversation in the form of the webhook's event."""
    sender = str(message["from"]["id"])
    content: dict[str, Any] = {"mid": message["id"], "text": message.get("message", "")}
    if files := message.get("attachments", {}).get("data", []):
        content["attachments"] = [_attachment(file) for file in files]
    if sender == page_id:
        content["is_echo"] = True
    return {
        "sender": {"id": sender},
        "recipient": {"id": str(message["to"]["data"][0]["id"])},
        "timestamp": int(_moment(message["created_time"]).timestamp() * 1000),
        "message": content,
    }


def _attachment(file: dict[str, Any]) -> dict[str, Any]:
    for kind, key in (("image", "image_data"), ("video", "video_data")):
        if url := file.get(key, {}).get("url"):
            return {"type": kind, "payload": {"url": url}}
    return {"type": "file", "payload": {"url": file.get("file_url")}}


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
