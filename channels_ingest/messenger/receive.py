"""The webhook: proves that Meta is calling, splits the batch, journals each event, answers.

Sources: contracts/messenger.md 3-6.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from channels_ingest import journal
from channels_ingest.models import Connection

logger = logging.getLogger(__name__)

KIND = "messenger"

# During a rotation Meta may still sign with the secret that was replaced.
_SECRETS = ("app_secret", "app_secret_previous")

# What an event can be; the key in it that says so.
_KINDS = (
    "message",
    "message_edit",
    "postback",
    "reaction",
    "delivery",
    "read",
    "referral",
    "optin",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "app_roles",
    "policy_enforcement",
)


class Entry(NamedTuple):
    """One event of a batch: whose Page, its dedup key, and the batch that would hold it alone."""

    page_id: str
    dedup_key: str
    envelope: dict[str, Any]


def webhook(request: HttpRequest, connection: Connection, body: bytes) -> HttpResponse:
    """Answer the subscription handshake, or take a signed batch. Raises `PermissionDenied`."""
    if request.method == "GET":
        return _handshake(request, connection)
    signature = request.headers.get("X-Hub-Signature-256", "")
    if not _is_signed(connection, body, signature):
        raise PermissionDenied
    batch = _decoded(body)
    if batch is None:
        # Signed, so Meta's own, and not what it documents: an admin sees it in the journal.
        key = f"broken:{hashlib.sha256(body).hexdigest()}"
        journal.keep(KIND, connection.account, key, body, channel=connection.channel)
        return HttpResponse("ok", content_type="text/plain")
    _keep(batch, connection, body, signature)
    return HttpResponse("ok", content_type="text/plain")


def _handshake(request: HttpRequest, connection: Connection) -> HttpResponse:
    expected = connection.secrets.get("verify_token", "")
    given = request.GET.get("hub.verify_token", "")
    challenge = request.GET.get("hub.challenge", "")
    is_known = bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
    # A challenge is a number; anything else would let a caller put words on our address.
    is_plain = challenge.isascii() and challenge.isalnum()
    if request.GET.get("hub.mode") != "subscribe" or not is_known or not is_plain:
        raise PermissionDenied
    return HttpResponse(challenge, content_type="text/plain")


def _is_signed(connection: Connection, body: bytes, signature: str) -> bool:
    """Whether the raw body bears a signature by one of the connection's secrets; none set: no."""
    secrets = connection.secrets
    given = signature.encode(errors="replace")
    return any(
        hmac.compare_digest(given, f"sha256={_digest(secrets[name], body)}".encode())
        for name in _SECRETS
        if secrets.get(name)
    )


def _digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _decoded(body: bytes) -> dict[str, Any] | None:
    """The batch, in text that can be stored; None where it is none."""
    try:
        # Lone halves of surrogate pairs are valid JSON, and no valid text.
        text = json.dumps(json.loads(body), ensure_ascii=False).encode(errors="replace")
        batch = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_batch = isinstance(batch, dict) and isinstance(batch.get("entry"), list)
    return batch if is_batch else None


def _keep(batch: dict[str, Any], called: Connection, body: bytes, signature: str) -> None:
    """Journal each event for its own Page, if that Page's own app secret verifies the body.

    What comes for a Page that nobody connected is kept too, and found ignored.
    """
    pages: dict[str, Connection | None] = {}
    for entry in entries(batch):
        if entry.page_id not in pages:
            pages[entry.page_id] = _connection(entry.page_id, called)
        page = pages[entry.page_id]
        if page is not None and page != called and not _is_signed(page, body, signature):
            logger.warning("an entry for channel %s was not signed by its app", page.channel_id)
            continue
        keep(entry, page)


def keep(entry: Entry, page: Connection | None) -> bool:
    """Journal one event of a Page; False where it came before."""
    _event, is_new = journal.keep(
        KIND,
        entry.page_id,
        entry.dedup_key,
        json.dumps(entry.envelope, ensure_ascii=False).encode(),
        channel=page.channel if page else None,
        meta=_meta(page) if page else None,
    )
    return is_new


def _connection(page_id: str, called: Connection) -> Connection | None:
    if called.account == page_id:
        return called
    rows = Connection.objects.select_related("channel").filter(
        channel__kind=KIND, account=page_id, account__gt=""
    )
    return rows.order_by("-channel__active", "pk").first()


def _meta(page: Connection) -> dict[str, Any]:
    """What parsing needs to know of the channel; it asks no database."""
    return {
        "scope": str(page.channel.public_id),
        "app_id": str(page.setting("app_id", "")),
    }


def entries(batch: dict[str, Any]) -> Iterator[Entry]:
    """Each event of the batch in an envelope of its own, whatever it holds."""
    for each in batch["entry"]:
        entry = each if isinstance(each, dict) else {"unknown": each}
        page_id = str(entry.get("id", ""))[:320].replace("\0", "")
        rest = {key: value for key, value in entry.items() if key not in ("messaging", "standby")}
        lists = {key: entry[key] for key in ("messaging", "standby") if key in entry}
        if not lists:
            yield Entry(page_id, _fallback_key("entry", {}, entry), {**batch, "entry": [entry]})
        for name, events in lists.items():
            for event in events if isinstance(events, list) else [events]:
                envelope = {**batch, "entry": [{**rest, name: [event]}]}
                yield Entry(page_id, _dedup_key(event), envelope)


def _dedup_key(event: Any) -> str:
    """The provider's id of the event where it has one, so that a repeat is known as such."""
    if not isinstance(event, dict):
        return _fallback_key("unknown", {}, event)
    kind = next((name for name in _KINDS if name in event), "unknown")
    detail = event.get(kind)
    if not isinstance(detail, dict) or not isinstance(detail.get("mid"), str):
        return _fallback_key(kind, event, event)
    mid = detail["mid"]
    match kind:
        case "message" if detail.get("is_deleted"):
            return f"removal:{mid}"
        case "message":
            return f"{'echo' if detail.get('is_echo') else 'message'}:{mid}"
        case "message_edit":
            return f"edit:{mid}:{detail.get('num_edit', '')}"
        case "postback":
            return f"postback:{mid}"
    return _fallback_key(kind, event, event)


def _fallback_key(kind: str, event: dict[str, Any], content: Any) -> str:
    """For what has no id of its own: who, when, and the fingerprint of what."""
    sender = event.get("sender")
    who = sender.get("id", "") if isinstance(sender, dict) else ""
    fingerprint = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    return f"{kind}:{who}:{event.get('timestamp', '')}:{fingerprint}"
