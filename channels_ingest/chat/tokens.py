"""The visitor's key to their conversation: opaque, signed, bound to channel and visitor.

It is not stored. Raising the session's `revision` makes every copy worthless; its life slides with
each use and ends with `expires_at`.
"""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone

from channels_ingest.chat.models import SESSION_LIFE, ChatSession
from channels_ingest.chat.problems import Problem
from tickets.models import Channel


def issue(session: ChatSession) -> str:
    body = _encode(session.public_id.bytes + session.revision.to_bytes(4))
    return f"rt_{body}.{_encode(_mac(_keys()[0], session.channel, body))}"


def session_of(token: str, channel: Channel) -> ChatSession:
    """The session that a token opens. Raises `Problem("session_expired")`."""
    body, _dot, mac = token.removeprefix("rt_").partition(".")
    public_id, revision = _opened(channel, body, mac)
    session = (
        ChatSession.objects.select_related("channel__shop", "ticket")
        .filter(public_id=public_id, channel=channel, revision=revision)
        .first()
    )
    if session is None or session.expires_at <= timezone.now():
        raise Problem("session_expired")
    return session


def slide(session: ChatSession) -> None:
    """Whoever comes back within 30 days keeps the session for 30 more."""
    session.expires_at = timezone.now() + SESSION_LIFE
    session.save(update_fields=["expires_at"])


def _opened(channel: Channel, body: str, mac: str) -> tuple[uuid.UUID, int]:
    try:
        raw, given = _decode(body), _decode(mac)
        public_id, revision = uuid.UUID(bytes=raw[:16]), int.from_bytes(raw[16:])
    except (ValueError, TypeError) as error:
        raise Problem("session_expired") from error
    # Every key is tried, so that the time taken does not tell which one fits.
    fits = [hmac.compare_digest(given, _mac(key, channel, body)) for key in _keys()]
    if not any(fits):
        raise Problem("session_expired")
    return public_id, revision


def _keys() -> Sequence[str]:
    keys: list[str] = settings.HELPDESK_TOKEN_KEYS
    return keys


def _mac(key: str, channel: Channel, body: str) -> bytes:
    text = f"chat-session|{channel.public_id}|{body}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
