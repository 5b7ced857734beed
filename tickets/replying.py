"""What goes out: a reply or a note is written, and the outbox holds what must be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from crm.models import Identity
from history.recording import Actor
from tickets import changing, html, kinds, parts, recording, searching, signals
from tickets.errors import (
    AnsweredElsewhere,
    ChannelInactive,
    EmptyMessage,
    FileNotAllowed,
    NewerMessage,
    NoRecipient,
    TicketClosed,
    TooLate,
    WindowClosed,
)
from tickets.locking import locked, locked_for_work
from tickets.models import Attachment, Channel, Delivery, Message, Participant, Ticket
from tickets.windows import reply_window


@dataclass(frozen=True)
class Draft:
    """What is to be said. Without `body_text` the text of `body_html` is taken."""

    body_text: str = ""
    body_html: str = ""
    attachments: Sequence[Attachment] = ()
    # None: everybody in copy of the ticket. Addresses otherwise.
    cc: Sequence[str] | None = None
    bcc: Sequence[str] = ()
    context: dict[str, object] | None = None


@transaction.atomic
def reply(
    ticket: Ticket,
    draft: Draft,
    *,
    by: Actor,
    user: User | None = None,
    channel: Channel | None = None,
    seen: int | None = None,
    then: Ticket.Status | None = None,
    not_before: datetime | None = None,
    automatic: bool = False,
) -> Message:
    """Answer the customer: the message, its deliveries and the event in one transaction.

    `seen` is the newest message the author had on the screen; `then` the status to set after it;
    `not_before` sends later (the channel's undo window holds at least). Raises `TicketClosed`,
    `NewerMessage`, `NoRecipient`, `WindowClosed`, `AnsweredElsewhere`, `EmptyMessage`,
    `FileNotAllowed`, `ChannelInactive`.
    """
    ticket = locked_for_work(ticket)
    channel = channel or ticket.channel
    _check(ticket, channel, seen, automatic=automatic)
    to = recipient(ticket, channel)
    before = _before(ticket)
    message = _write(
        ticket, channel, draft, Message.Direction.OUTBOUND, user=user, automatic=automatic
    )
    message.recipients = _recipients(ticket, channel, to, draft)
    message.context = {**message.context, "before": before}
    make_id = kinds.get(channel.kind).external_id
    message.external_id = make_id(message) if make_id else ""
    message.save(update_fields=["recipients", "context", "external_id"])
    _queue(message, channel, not_before, automatic)
    answered(ticket, message, by=by, automatic=automatic)
    if then and then != ticket.status:
        changing.set_status(ticket, then, by=by)
    return message


@transaction.atomic
def note(
    ticket: Ticket,
    draft: Draft,
    *,
    by: Actor,
    user: User | None = None,
    author: Message.Author | None = None,
) -> Message:
    """Write an internal note; it never leaves the helpdesk. Closed tickets take notes as well."""
    ticket = locked_for_work(ticket)
    message = _write(ticket, ticket.channel, draft, Message.Direction.NOTE, user=user)
    if author:
        message.author_kind = author
        message.save(update_fields=["author_kind"])
    recording.record(ticket, "message.noted", actor=by, message=message)
    return message


@transaction.atomic
def take_back(message: Message, *, by: Actor) -> None:
    """Undo a send while nothing has left: the ticket is as it was before. Raises `TooLate`."""
    ticket = locked(message.ticket_id)
    deliveries = list(message.deliveries.select_for_update())
    if not deliveries or any(row.state != Delivery.State.QUEUED for row in deliveries):
        raise TooLate
    if all((row.not_before or timezone.now()) <= timezone.now() for row in deliveries):
        raise TooLate
    message.deliveries.update(state=Delivery.State.CANCELLED)
    message.removed_at, message.search = timezone.now(), None
    message.save(update_fields=["removed_at", "search"])
    old_status = ticket.status
    _restore(ticket, message)
    recording.record(
        ticket, "message.cancelled", actor=by, message=message, sent_at=message.occurred_at
    )
    if ticket.status != old_status:
        recording.record(
            ticket, "ticket.status_changed", actor=by, old=old_status, new=ticket.status
        )


def answered(ticket: Ticket, message: Message, *, by: Actor, automatic: bool = False) -> None:
    """What an outbound message does to its locked ticket; an automatic one answers nothing."""
    old_status = ticket.status
    ticket.last_message_at = max(ticket.last_message_at, message.occurred_at)
    fields = ["last_message_at"]
    if not automatic:
        ticket.waiting_since = None
        ticket.first_response_at = ticket.first_response_at or message.occurred_at
        ticket.snoozed_until = None
        fields += ["waiting_since", "first_response_at", "snoozed_until", "status"]
        if ticket.status == Ticket.Status.NEW:
            ticket.status = Ticket.Status.OPEN
    recording.record(
        ticket,
        "message.sent",
        actor=by,
        message=message,
        changed=fields,
        automatic=automatic,
        outside=bool(message.context.get("outside")),
    )
    if ticket.status != old_status:
        recording.record(
            ticket, "ticket.status_changed", actor=by, old=old_status, new=ticket.status
        )


def recipient(ticket: Ticket, channel: Channel) -> Identity:
    """The requester's identity on this channel. Raises `NoRecipient`."""
    kind = kinds.get(channel.kind)
    identities = Identity.objects.filter(kind=kind.identity_kind).order_by("-pk")
    if kind.scoped:
        identities = identities.filter(scope=str(channel.public_id))
    requester = identities.filter(
        participations__ticket=ticket, participations__role=Participant.Role.REQUESTER
    ).first()
    # The customer may have been met elsewhere: an address that is theirs will do.
    own = requester or identities.filter(customer=ticket.customer_id).first()
    if own is None:
        raise NoRecipient
    return own


def _check(ticket: Ticket, channel: Channel, seen: int | None, *, automatic: bool) -> None:
    if ticket.status == Ticket.Status.CLOSED:
        raise TicketClosed
    if not channel.active:
        raise ChannelInactive
    window = reply_window(ticket, channel)
    if not (window.open or (window.human and not automatic)):
        raise AnsweredElsewhere if window.elsewhere else WindowClosed
    if seen is not None:
        newer = ticket.messages.filter(
            direction=Message.Direction.INBOUND, pk__gt=seen, automatic=False
        )
        if newer.exists():
            raise NewerMessage


def _write(
    ticket: Ticket,
    channel: Channel,
    draft: Draft,
    direction: Message.Direction,
    *,
    user: User | None,
    automatic: bool = False,
) -> Message:
    body_html = html.sanitize(draft.body_html) if draft.body_html else ""
    body_text = (draft.body_text or html.text_of(body_html)).replace("\0", "").strip()
    if not body_text and not draft.attachments:
        raise EmptyMessage
    if direction == Message.Direction.OUTBOUND:
        _check_files(draft.attachments, channel)
    message = Message.objects.create(
        ticket=ticket,
        channel=channel,
        direction=direction,
        author_kind=Message.Author.AGENT if user else Message.Author.SYSTEM,
        author_user=user,
        body_text=body_text,
        body_html=body_html,
        reply_text=body_text,
        threaded_by=Message.Rule.REPLY,
        automatic=automatic,
        context=draft.context or {},
        occurred_at=timezone.now(),
        search=searching.vector(body_text),
    )
    Attachment.objects.filter(
        pk__in=[file.pk for file in draft.attachments], message__isnull=True
    ).update(message=message)
    return message


def _check_files(files: Sequence[Attachment], channel: Channel) -> None:
    can = channel.capabilities
    fits = (
        len(files) <= can.max_files
        and all(file.size <= can.max_file_bytes for file in files)
        and sum(file.size for file in files) <= can.max_total_bytes
        and all(not can.file_types or file.content_type in can.file_types for file in files)
    )
    if not fits:
        raise FileNotAllowed


def _recipients(
    ticket: Ticket, channel: Channel, to: Identity, draft: Draft
) -> dict[str, list[str]]:
    if not channel.capabilities.copies:
        return {"to": [to.value]}
    cc = draft.cc if draft.cc is not None else _in_copy(ticket, to)
    return {"to": [to.display or to.value], "cc": list(cc), "bcc": list(draft.bcc)}


def _in_copy(ticket: Ticket, to: Identity) -> list[str]:
    rows = ticket.participants.filter(role=Participant.Role.CC, identity__kind=to.kind).exclude(
        identity=to
    )
    return [str(row.identity) for row in rows.select_related("identity").order_by("pk")]


def _queue(
    message: Message, channel: Channel, not_before: datetime | None, automatic: bool
) -> None:
    """One row a provider call. What may be undone waits until the undo window is over."""
    can = channel.capabilities
    earliest = timezone.now() + (timedelta(0) if automatic else can.undo)
    not_before = max(not_before or earliest, earliest)
    waits = not_before > timezone.now()
    deliveries = Delivery.objects.bulk_create(
        [
            Delivery(
                message=message,
                channel=channel,
                ticket_id=message.ticket_id,
                part=number,
                not_before=not_before if waits else None,
                next_attempt_at=not_before,
            )
            for number, _part in enumerate(parts.parts_of(message, can))
        ]
    )
    transaction.on_commit(
        lambda: signals.deliveries_queued.send_robust(Message, deliveries=deliveries)
    )


def _before(ticket: Ticket) -> dict[str, str | None]:
    """What `take_back` restores, in JSON's types."""

    def text(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "status": ticket.status,
        "waiting_since": text(ticket.waiting_since),
        "first_response_at": text(ticket.first_response_at),
        "snoozed_until": text(ticket.snoozed_until),
        "solved_at": text(ticket.solved_at),
    }


def _restore(ticket: Ticket, message: Message) -> None:
    """Give back what the reply changed, unless something else has changed it since."""

    def moment(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    before = message.context.get("before", {})
    newer = ticket.messages.public().filter(pk__gt=message.pk, removed_at__isnull=True)
    if not before or newer.exists() or ticket.status == Ticket.Status.CLOSED:
        return
    ticket.status = before["status"]
    fields = ["waiting_since", "first_response_at", "snoozed_until", "solved_at"]
    for name in fields:
        setattr(ticket, name, moment(before[name]))
    ticket.save(update_fields=["status", *fields])
