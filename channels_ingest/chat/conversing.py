"""The conversation as its visitor sees it: numbered events, each once, in order, without gaps."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from channels_ingest.chat import realtime, serving
from channels_ingest.chat.models import ChatEvent, ChatSession, ChatUpload
from history.models import Event
from tickets.models import Attachment, Channel, Message, Ticket

PAGE = 50
# Whoever missed more loads the history anew.
MOST_MISSED = 200

_WAITS_FOR_US = "waiting_for_agent"
STATUSES: dict[str, str] = {
    Ticket.Status.NEW: _WAITS_FOR_US,
    Ticket.Status.OPEN: _WAITS_FOR_US,
    Ticket.Status.PENDING: "waiting_for_customer",
    Ticket.Status.ON_HOLD: "on_hold",
    Ticket.Status.SOLVED: "solved",
    Ticket.Status.CLOSED: "closed",
}


@transaction.atomic
def publish(session_id: int, message: Message) -> ChatEvent:
    """Give a message its number in the conversation. Safe to repeat: the number stays."""
    # The lock makes numbers follow each other: the next one is given after this one's commit.
    session = ChatSession.objects.select_for_update(of=("self",)).get(pk=session_id)
    if known := ChatEvent.objects.filter(session=session, message=message).first():
        return known
    if message.direction == Message.Direction.INBOUND:
        _attach_uploads(session, message)
    session.ticket_id = message.ticket_id
    return _append(session, message=message)


def publish_status(session_id: int, event: Event) -> None:
    """Tell the visitor that their ticket waits for somebody else now, or is solved."""
    old, new = (STATUSES[event.data[key]] for key in ("old", "new"))
    if old == new:
        return
    with transaction.atomic():
        session = ChatSession.objects.select_for_update(of=("self",)).get(pk=session_id)
        told = ChatEvent.objects.filter(session=session, status=new, created_at=event.at)
        if not told.exists():
            _append(session, status=new, created_at=event.at)


def follow(events: Sequence[Event]) -> None:
    """Reader of the event log: new statuses, and messages that a crash left without a number."""
    chats = set(Channel.objects.filter(kind="chat").values_list("pk", flat=True))
    for event in events:
        if event.channel_id not in chats:
            continue
        if event.kind == "message.received":
            _catch_up(event)
        elif event.kind == "ticket.status_changed":
            for session in ChatSession.objects.filter(ticket=event.ticket_id):
                publish_status(session.pk, event)


def events_after(session: ChatSession, seq: int) -> list[dict[str, Any]] | None:
    """What came after this number, in order; None where it is more than is sent again."""
    if session.last_seq - seq > MOST_MISSED:
        return None
    rows = _for_widget(session).filter(seq__gt=seq).order_by("seq")
    return [as_frame(event) for event in rows]


def resumed(session: ChatSession, last_seq: int) -> dict[str, Any]:
    """What a visitor missed while their line was down; `reload` where it is too much to repeat."""
    missed = events_after(session, last_seq)
    answer: dict[str, Any] = {
        "missed": missed or [],
        "unread": unread(session),
        "seq": session.last_seq,
    }
    return answer if missed is not None else {**answer, "reload": True}


def page_before(session: ChatSession, seq: int) -> tuple[list[dict[str, Any]], bool]:
    """One page of history before this number, oldest first, and whether there is more."""
    rows = list(_for_widget(session).filter(seq__lt=seq).order_by("-seq")[: PAGE + 1])
    return [as_frame(event) for event in reversed(rows[:PAGE])], len(rows) > PAGE


def unread(session: ChatSession) -> int:
    """Agents' messages that the visitor has not seen."""
    return session.events.filter(
        seq__gt=session.read_seq, message__direction=Message.Direction.OUTBOUND
    ).count()


def message_id(message: Message) -> str:
    return f"msg_{message.public_id.hex}"


def as_frame(event: ChatEvent) -> dict[str, Any]:
    """An event in the form in which the widget gets it."""
    if event.message is None:
        return {
            "type": "conversation.status",
            "seq": event.seq,
            "status": event.status,
            "created_at": event.created_at.isoformat(),
        }
    message = event.message
    frame = {
        "type": "message.new",
        "seq": event.seq,
        "id": message_id(message),
        "from": _author(message),
        "text": message.body_text,
        "attachments": [serving.as_dict(file) for file in message.attachments.all()],
        "created_at": message.occurred_at.isoformat(),
    }
    if message.author_user is not None:
        frame["name"] = first_name(message.author_user.name)
    if own_id := message.context.get("client_msg_id"):
        frame["client_msg_id"] = own_id
    return frame


def first_name(name: str) -> str:
    """Visitors see an agent's first name only."""
    return name.split(maxsplit=1)[0] if name.split() else ""


def _append(session: ChatSession, **fields: Any) -> ChatEvent:
    session.last_seq += 1
    session.save(update_fields=["last_seq", "ticket"])
    event = ChatEvent.objects.create(session=session, seq=session.last_seq, **fields)
    transaction.on_commit(lambda: realtime.wake(session))
    return event


def _attach_uploads(session: ChatSession, message: Message) -> None:
    """The files that the message names and that this visitor uploaded become its own."""
    ids: Iterable[str] = message.context.get("uploads", [])
    if ids:
        mine = ChatUpload.objects.filter(session=session, attachment__public_id__in=ids)
        Attachment.objects.filter(pk__in=mine.values("attachment_id"), message__isnull=True).update(
            message=message
        )


def _catch_up(event: Event) -> None:
    if event.message_id is None:
        return
    message = Message.objects.select_related("sender").filter(pk=event.message_id).first()
    if message is None or message.sender is None:
        return
    session = ChatSession.objects.filter(
        channel=message.channel_id, visitor=message.sender.value
    ).first()
    if session:
        publish(session.pk, message)


def _for_widget(session: ChatSession) -> QuerySet[ChatEvent]:
    """Events with all that the widget shows of them: three queries, however many there are."""
    return session.events.select_related("message__author_user").prefetch_related(
        "message__attachments"
    )


def _author(message: Message) -> str:
    if message.direction == Message.Direction.INBOUND:
        return "visitor"
    return "agent" if message.author_user_id else str(message.author_kind)
