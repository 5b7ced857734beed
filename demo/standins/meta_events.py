"""Events of the Messenger Platform as Meta sends them: built, signed, posted to the webhook.

Shapes: contracts/messenger.md 4, 6.
"""

import hashlib
import hmac
import itertools
import json
import time
from typing import Any

import httpx

_count = itertools.count(1)

Event = dict[str, Any]


def new_mid() -> str:
    return f"m_{time.time_ns()}{next(_count):04}"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def text(page_id: str, person: str, words: str, **message: Any) -> Event:
    """A person writes to the Page; `message` holds more of its keys (attachments, mid)."""
    return _event(person, page_id, message={"mid": new_mid(), "text": words, **message})


def echo(page_id: str, person: str, message: dict[str, Any], at_ms: int | None = None) -> Event:
    """The Page wrote; `message` has the mid, and app_id and metadata where an app sent it."""
    return _event(page_id, person, at_ms, message={"is_echo": True, **message})


def delivery(page_id: str, person: str, mids: list[str], watermark_ms: int) -> Event:
    return _event(person, page_id, delivery={"mids": mids, "watermark": watermark_ms})


def read(page_id: str, person: str, watermark_ms: int) -> Event:
    return _event(person, page_id, read={"watermark": watermark_ms})


def batch(*events: Event, page_id: str = "") -> bytes:
    """The body of one call, as it is on the wire: non-ASCII and slashes escaped."""
    page_id = page_id or _page_of(events[0])
    entry = {"id": page_id, "time": now_ms(), "messaging": list(events)}
    body = json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":"))
    return body.replace("/", "\\/").encode()


def signature(body: bytes, app_secret: str) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def post(url: str, app_secret: str, body: bytes) -> httpx.Response:
    """Call the webhook as Meta does. Raises `ConnectionError`."""
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": signature(body, app_secret),
    }
    try:
        return httpx.post(url, content=body, headers=headers, timeout=20, trust_env=False)
    except httpx.HTTPError as e:
        raise ConnectionError(str(e)) from e


def _event(sender: str, recipient: str, at_ms: int | None = None, **content: Any) -> Event:
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": at_ms or now_ms(),
        **content,
    }


def _page_of(event: Event) -> str:
    is_echo = event.get("message", {}).get("is_echo")
    return str(event["sender" if is_echo else "recipient"]["id"])
