"""What comes in becomes part of a ticket: once, in order, whoever else is at work."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import singledispatch

from django.db import transaction
from django.utils import timezone

from crm import identifying
from crm.models import Identity
from helpdesk.text import storable
from history.recording import Actor
from tickets import (
    attaching,
    html,
    opening,
    order_linking,
    recording,
    replying,
    searching,
    thanks,
    threading,
)
from tickets.incoming import Incoming, Item
from tickets.models import Channel, Delivery, Message, Participant, Ticket, TicketLink

_PREVIEW = 160
# Mail travels for days, and a platform's clock may be wrong: contracts/kpi.md, cases 14 and 15.
_CLOCKS_DIFFER = timedelta(minutes=10)


class Duplicate(Exception):
    """The message is stored already, perhaps in another coding; nothing was changed."""


class NotYet(Exception):
    """It speaks of a message that is not here, or not yet: events may overtake each other."""


@singledispatch
def take(
    item: Item, *, event_id: int | None = None, source_key: str | None = None
) -> Message | None:
    """Take in one item that an adapter parsed. Safe to repeat.

    `source_key` is the journal's dedup key with the item's index. Raises `Duplicate` for a message
    that came before by another way, `NotYet` for what speaks of an unknown message.
    """
    raise TypeError(f"nothing takes {type(item).__name__}")


def receive(
    incoming: Incoming, *, event_id: int | None = None, source_key: str | None = None
) -> Message:
    """Store a customer's message, on the ticket it continues or on a new one.

    Safe to repeat: a message already stored is returned as it is.
    """
    incoming = _fit(incoming)
    with transaction.atomic():
        channel = Channel.objects.select_related("team").get(pk=incoming.channel_id)
        # Locks the sender: two of their messages that arrive together queue up here.
        identity = identifying.locked(incoming.sender)
        if known := _stored(incoming, channel, source_key):
            return known
        identifying.fill_in_name(identity, incoming.sender.name)
        found = threading.find(incoming, identity, channel)
        ticket = found.ticket or _open(incoming, identity, channel, found)
        message = _store(
            ticket, incoming, identity, found, event_id=event_id, source_key=source_key
        )
        if incoming.outbound:
            _sent_elsewhere(ticket, message)
        else:
            _arrived(ticket, message, found, incoming)
        return message


@transaction.atomic
def file_automatic(
    ticket: Ticket, incoming: Incoming, *, event_id: int | None, source_key: str | None
) -> Message:
    """Keep a report (bounce, read receipt) with the ticket that it speaks of; it moves nothing."""
    incoming = _fit(incoming)
    identity = identifying.find_or_create(incoming.sender)
    channel = Channel.objects.get(pk=incoming.channel_id)
    if known := _stored(incoming, channel, source_key):
        return known
    found = threading.Found(Message.Rule.REFERENCES, ticket)
    message = _store(ticket, incoming, identity, found, event_id=event_id, source_key=source_key)
    recording.record(
        ticket,
        "message.received",
        message=message,
        automatic=True,
        third_party=False,
        received_at=message.occurred_at,
        rule=found.rule,
    )
    return message


def _stored(incoming: Incoming, channel: Channel, source_key: str | None) -> Message | None:
    """The message if it was stored before. Raises `Duplicate` for a re-encoded copy."""
    of_channel = Message.objects.filter(channel=channel)
    same = of_channel.filter(source_key=source_key)
    # To ask whether there is one costs less than to fetch it, and there is none nearly always.
    if source_key and same.exists():
        return same.get()
    if incoming.outbound and _is_ours(incoming):
        raise Duplicate
    if incoming.external_id and incoming.content_hash:
        # A mail to two mailboxes of the shop comes by both.
        copies = Message.objects.filter(
            channel__shop=channel.shop_id,
            external_id=incoming.external_id,
            content_hash=incoming.content_hash,
        )
        if copies.exists():
            raise Duplicate
    elif incoming.external_id and not incoming.content_hash:
        return of_channel.filter(external_id=incoming.external_id).first()
    return None


def _is_ours(incoming: Incoming) -> bool:
    """Whether the echo is of a message that the helpdesk itself has sent."""
    return Delivery.objects.filter(
        channel=incoming.channel_id, external_id=incoming.external_id, external_id__gt=""
    ).exists()


def _open(
    incoming: Incoming, identity: Identity, channel: Channel, found: threading.Found
) -> Ticket:
    ticket = opening.open_ticket(
        customer=identity.customer,
        requester=identity,
        channel=channel,
        subject=incoming.subject.strip(),
        at=min(incoming.occurred_at, timezone.now()),
        by=Actor("customer", identity.customer_id),
        status=Ticket.Status.OPEN if incoming.outbound else Ticket.Status.NEW,
    )
    if found.follows:
        opening.link(ticket, found.follows, TicketLink.Kind.FOLLOW_UP)
    if found.may_belong:
        opening.link(ticket, found.may_belong, TicketLink.Kind.MAY_BELONG)
    return ticket


def _store(
    ticket: Ticket,
    incoming: Incoming,
    identity: Identity,
    found: threading.Found,
    *,
    event_id: int | None,
    source_key: str | None,
) -> Message:
    message = Message.objects.create(
        ticket=ticket,
        channel_id=incoming.channel_id,
        direction=Message.Direction.OUTBOUND if incoming.outbound else Message.Direction.INBOUND,
        author_kind=Message.Author.AGENT if incoming.outbound else Message.Author.CUSTOMER,
        sender=identity,
        inbound_event_id=event_id,
        source_key=source_key,
        content_hash=incoming.content_hash,
        subject=incoming.subject,
        body_text=incoming.body_text,
        body_html=html.sanitize(incoming.body_html) if incoming.body_html else "",
        reply_text=incoming.body_text if incoming.reply_text is None else incoming.reply_text,
        recipients={"cc": [handle.value for handle in incoming.cc]} if incoming.cc else {},
        context=_context(incoming),
        external_id=incoming.external_id[:998],
        threaded_by=found.rule,
        authentication=incoming.authentication,
        automatic=incoming.automatic,
        flagged=found.flagged or found.stranger,
        occurred_at=incoming.occurred_at,
        search=searching.vector(
            incoming.body_text, incoming.subject, incoming.sender.name, incoming.sender.value
        ),
    )
    attaching.attach(message, incoming.files)
    return message


_TEXTS = ("subject", "body_text", "body_html", "reply_text", "external_id", "answers", "context")


def _fit(incoming: Incoming) -> Incoming:
    """The same message, without what the database refuses; handles are made fit by `crm`."""
    return replace(incoming, **{name: storable(getattr(incoming, name)) for name in _TEXTS})


def _context(incoming: Incoming) -> dict[str, object]:
    answers = {"answers": incoming.answers} if incoming.answers else {}
    outside = {"outside": True} if incoming.outbound else {}
    return {**incoming.context, **answers, **outside}


def _arrived(ticket: Ticket, message: Message, found: threading.Found, incoming: Incoming) -> None:
    """What a customer's message does to its ticket. Automatic mail and strangers move nothing."""
    moves = not (incoming.automatic or found.stranger)
    _join(ticket, incoming, message, found)
    old_status = ticket.status
    at = min(message.occurred_at, timezone.now())
    since = _since(at, incoming.received_at or timezone.now())
    # What comes late is shown in its place, and is not the newest of the list.
    if at >= ticket.last_message_at or not ticket.preview:
        ticket.preview = preview(message)
    ticket.last_message_at = max(ticket.last_message_at, at)
    if moves:
        ticket.last_inbound_at = max(ticket.last_inbound_at or at, at)
        ticket.waiting_since = ticket.waiting_since or since
        ticket.snoozed_until = None
        if ticket.status != Ticket.Status.NEW:
            ticket.status = Ticket.Status.OPEN
    ticket.needs_review = ticket.needs_review or found.stranger or found.flagged
    customer = Actor("customer", ticket.customer_id)
    recording.record(
        ticket,
        "message.received",
        actor=customer,
        message=message,
        changed=_MOVED,
        automatic=not moves,
        third_party=found.stranger,
        received_at=since,
        rule=found.rule,
        thanks=thanks.is_all(message.reply_text),
    )
    if moves:
        order_linking.link_named(ticket, message)
    if ticket.status != old_status:
        recording.record(
            ticket, "ticket.status_changed", actor=customer, old=old_status, new=ticket.status
        )


# What a message may change in its ticket
_MOVED = (
    "last_message_at",
    "last_inbound_at",
    "waiting_since",
    "snoozed_until",
    "status",
    "needs_review",
    "preview",
)


def _since(at: datetime, received_at: datetime) -> datetime:
    """When the customer began to wait: the sender's clock counts only where it is near to ours."""
    return at if abs(received_at - at) <= _CLOCKS_DIFFER else received_at


def _sent_elsewhere(ticket: Ticket, message: Message) -> None:
    """An answer given past the helpdesk (the Page's own inbox) counts as ours: the clock stops."""
    replying.answered(ticket, message, by=Actor("agent"))


def _join(ticket: Ticket, incoming: Incoming, message: Message, found: threading.Found) -> None:
    """The sender and those in copy take part; what an unconfirmed sender says is a proposal."""
    # Who opens a ticket is its requester already.
    if message.sender is not None and found.ticket is not None:
        role = Participant.Role.THIRD_PARTY if found.stranger else Participant.Role.CC
        Participant.objects.get_or_create(
            ticket=ticket, identity=message.sender, defaults={"role": role}
        )
    if incoming.automatic:
        return
    confirmed = incoming.authentication in ("", "pass") and not found.stranger
    role = Participant.Role.CC if confirmed else Participant.Role.PROPOSED
    named = [(handle, role) for handle in incoming.cc[:50]]
    named += [(handle, Participant.Role.PROPOSED) for handle in incoming.proposed[:50]]
    for handle, role in named:
        Participant.objects.get_or_create(
            ticket=ticket,
            identity=identifying.find_or_create(handle),
            defaults={"role": role},
        )


def preview(message: Message) -> str:
    """The first words of a message in one line, for the list."""
    text = " ".join((message.reply_text or message.body_text).split())
    return text[:_PREVIEW]


take.register(Incoming, receive)
