"""What a visitor says: journaled first, processed at once in this process, acknowledged then."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from channels_ingest import journal
from channels_ingest.chat import conversing, limits, realtime
from channels_ingest.chat.models import ChatEvent, ChatMail, ChatRating, ChatSession, ChatUpload
from channels_ingest.chat.problems import Problem
from channels_ingest.models import InboundEvent
from tickets import receipts
from tickets.incoming import Receipt
from tickets.models import Message, Ticket

LONGEST = 10_000
_LONGEST_ID = 64
_MOST_FILES = 5


def say(
    session: ChatSession,
    *,
    client_msg_id: str,
    text: str,
    uploads: Sequence[str] = (),
    context: dict[str, Any] | None = None,
    address: str = "",
) -> dict[str, Any]:
    """Take a visitor's message and give the acknowledgement; the same id gives the same one.

    Raises `Problem` where it cannot be taken.
    """
    _check(client_msg_id, text, uploads)
    text = storable(text)
    key = f"message:{session.visitor}:{client_msg_id}"
    account = str(session.channel.public_id)
    core = {"text": text.strip(), "uploads": list(uploads)}
    event = InboundEvent.objects.filter(kind="chat", account=account, dedup_key=key).first()
    if event is None:
        _may_speak(session, address)
        _check_uploads(session, uploads)
        raw = json.dumps(_payload(session, client_msg_id, core, context or {})).encode()
        event, _new = journal.keep("chat", account, key, raw, channel=session.channel, wake=False)
    if not _is_same(event, core):
        raise Problem("message_differs")
    numbered = _process(session, event)
    message = _message_of(event, session)
    if message is None or numbered is None:
        raise Problem("unavailable")
    return {
        "type": "message.ack",
        "client_msg_id": client_msg_id,
        "id": conversing.message_id(message),
        "seq": numbered.seq,
        "created_at": message.occurred_at.isoformat(),
    }


def read(session: ChatSession, up_to_seq: int) -> None:
    """The visitor has seen the agents' messages up to this number; it only moves forward."""
    up_to_seq = min(up_to_seq, session.last_seq)
    moved = ChatSession.objects.filter(pk=session.pk, read_seq__lt=up_to_seq).update(
        read_seq=up_to_seq
    )
    if not moved:
        return
    answers = Message.objects.filter(
        chat_events__session=session,
        chat_events__seq__gt=session.read_seq,
        chat_events__seq__lte=up_to_seq,
        direction=Message.Direction.OUTBOUND,
    )
    ids = tuple(conversing.message_id(message) for message in answers)
    if ids:
        receipts.receipt(Receipt(session.channel_id, "read", timezone.now(), external_ids=ids))
    ChatMail.objects.filter(
        session=session, kind=ChatMail.Kind.MISSED, done_at__isnull=True
    ).update(done_at=timezone.now())
    realtime.push(session, {"type": "message.read", "up_to_seq": up_to_seq, "by": "visitor"})


def rate(session: ChatSession, score: int) -> None:
    """Keep what the visitor thought of the ended conversation, once. Raises `Problem`."""
    if isinstance(score, bool) or score not in range(1, 6):
        raise Problem("field_invalid", "score")
    ticket = session.ticket
    if ticket is None or not _is_over(ticket):
        raise Problem("conversation_required")
    _rating, created = ChatRating.objects.get_or_create(
        ticket=ticket, defaults={"session": session, "score": score}
    )
    if not created:
        raise Problem("already_rated")


def storable(text: str) -> str:
    """Without what JSON can say and no text column holds: NUL, and halves of emojis cut in two."""
    return text.replace("\0", "").encode(errors="replace").decode()


def guest_name(session: ChatSession) -> str:
    """A name by which agents tell anonymous visitors apart: "Visitor 4821"."""
    number = int(session.visitor[2:10], 16) % 10_000
    with translation.override(session.channel.shop.locale):
        return _("Visitor %(number)s") % {"number": f"{number:04}"}


def _check(client_msg_id: object, text: object, uploads: object) -> None:
    if not isinstance(client_msg_id, str) or not 0 < len(client_msg_id) <= _LONGEST_ID:
        raise Problem("field_invalid", "client_msg_id")
    if client_msg_id != storable(client_msg_id):
        raise Problem("field_invalid", "client_msg_id")
    if not isinstance(text, str):
        raise Problem("field_invalid", "text")
    if not isinstance(uploads, list | tuple) or len(uploads) > _MOST_FILES:
        raise Problem("field_invalid", "attachments")
    if not all(isinstance(name, str) for name in uploads):
        raise Problem("field_invalid", "attachments")
    if len(text) > LONGEST:
        raise Problem("message_too_long")
    if not storable(text).strip() and not uploads:
        raise Problem("message_empty")


def _may_speak(session: ChatSession, address: str) -> None:
    limits.take(limits.MESSAGES, session.visitor)
    if address:
        limits.take(limits.MESSAGES_OF_NETWORK, limits.network(address))


def _check_uploads(session: ChatSession, uploads: Sequence[str]) -> None:
    """Only files that this visitor uploaded and has not sent yet."""
    mine = {
        str(upload.attachment.public_id)
        for upload in ChatUpload.objects.select_related("attachment").filter(
            session=session, attachment__message__isnull=True
        )
    }
    if not set(uploads) <= mine:
        raise Problem("field_invalid", "attachments")


def _payload(
    session: ChatSession, client_msg_id: str, core: dict[str, Any], context: dict[str, Any]
) -> dict[str, Any]:
    about = {
        "claimed_email": "" if session.email_verified else session.email,
        "claimed_phone": session.phone,
        **context,
    }
    facts = {"client_msg_id": client_msg_id, "uploads": core["uploads"], **context}
    return {
        "type": "message",
        "visitor": session.visitor,
        "client_msg_id": client_msg_id,
        "name": session.name or guest_name(session),
        "text": core["text"],
        "at": timezone.now().isoformat(),
        "context": _said(facts),
        # What agents see beside a new ticket; later messages only tell the page.
        "about": {} if session.ticket and not _is_over(session.ticket) else _said(about),
    }


def _said(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}


def _is_over(ticket: Ticket) -> bool:
    return ticket.status in (Ticket.Status.SOLVED, Ticket.Status.CLOSED)


def _is_same(event: InboundEvent, core: dict[str, Any]) -> bool:
    """Whether a repeat says what the first said; a payload that retention dropped tells nothing."""
    try:
        payload = event.payload
    except FileNotFoundError:
        return True
    uploads = payload["context"].get("uploads", [])
    same: bool = (payload["text"], uploads) == (core["text"], core["uploads"])
    return same


@transaction.atomic
def _process(session: ChatSession, event: InboundEvent) -> ChatEvent | None:
    """The message and its number in one transaction; None where it could not be processed now."""
    journal.process(event.pk)
    message = _message_of(event, session)
    if message is None:
        # Somebody else is at the same row: wait until they are through.
        InboundEvent.objects.select_for_update(of=("self",)).get(pk=event.pk)
        message = _message_of(event, session)
    return conversing.publish(session.pk, message) if message else None


def _message_of(event: InboundEvent, session: ChatSession) -> Message | None:
    return Message.objects.filter(
        channel=session.channel_id, source_key=f"{event.dedup_key}#0"
    ).first()
