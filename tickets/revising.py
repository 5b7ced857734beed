"""What customers do to messages afterwards: change them, take them back, react to them."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from crm import identifying
from helpdesk.text import storable
from history.recording import Actor
from tickets import receiving, recording, searching
from tickets.incoming import Context, Edit, Reaction, Removal
from tickets.locking import locked, locked_final
from tickets.models import Message, MessageVersion, Ticket
from tickets.models import Reaction as ReactionRow


def edit(item: Edit, *, event_id: int | None = None, source_key: str | None = None) -> None:
    """Show the new text and keep the old one. Raises `NotYet` for an unknown message."""
    with transaction.atomic():
        ticket, message = _message(item.channel_id, item.external_id)
        if (message.edited_at and message.edited_at >= item.at) or message.removed_at:
            return
        MessageVersion.objects.create(
            message=message, body_text=message.body_text, replaced_at=item.at
        )
        message.body_text = message.reply_text = storable(item.body_text)
        message.edited_at = item.at
        message.search = searching.vector(message.body_text)
        message.save(update_fields=["body_text", "reply_text", "edited_at", "search"])
        _record("message.edited", ticket, message, number=item.number)


def remove(item: Removal, *, event_id: int | None = None, source_key: str | None = None) -> None:
    """Hide what the customer took back; that there was a message stays visible.

    Raises `NotYet` for an unknown message.
    """
    with transaction.atomic():
        ticket, message = _message(item.channel_id, item.external_id)
        if message.removed_at:
            return
        if ticket.preview == receiving.preview(message):
            ticket.preview = _earlier_preview(ticket, message)
            ticket.save(update_fields=["preview"])
        message.removed_at, message.search = item.at, None
        message.save(update_fields=["removed_at", "search"])
        _record("message.removed", ticket, message)


def _earlier_preview(ticket: Ticket, message: Message) -> str:
    earlier = ticket.messages.filter(
        direction=Message.Direction.INBOUND, removed_at=None, pk__lt=message.pk
    )
    newest = earlier.order_by("-occurred_at", "-id").first()
    return receiving.preview(newest) if newest else ""


def react(item: Reaction, *, event_id: int | None = None, source_key: str | None = None) -> None:
    """Put the person's emoji on the message, change it or take it off.

    What is older than the emoji that is there changes nothing. Raises `NotYet` for an unknown
    message.
    """
    with transaction.atomic():
        identity = identifying.locked(item.sender)
        ticket, message = _message(item.channel_id, item.external_id)
        if message.reactions.filter(identity=identity, at__gt=item.at).exists():
            return
        if item.emoji:
            ReactionRow.objects.update_or_create(
                message=message,
                identity=identity,
                defaults={"emoji": storable(item.emoji)[:32], "at": item.at},
            )
        else:
            ReactionRow.objects.filter(message=message, identity=identity).delete()
        _record("message.reacted", ticket, message)


def add_context(
    item: Context, *, event_id: int | None = None, source_key: str | None = None
) -> None:
    """Keep a fact of the conversation on the person's newest ticket of the channel, if any."""
    with transaction.atomic():
        newest = (
            Ticket.objects.filter(
                channel=item.channel_id,
                participants__identity__kind=item.sender.kind,
                participants__identity__scope=item.sender.scope,
                participants__identity__value=item.sender.key,
            )
            .order_by("-last_message_at", "-id")
            .first()
        )
        if newest is None:
            return
        ticket = locked_final(newest)
        ticket.context = {**ticket.context, **storable(item.context)}
        ticket.save(update_fields=["context"])
        customer = Actor("customer", ticket.customer_id)
        recording.record(ticket, "ticket.context_changed", actor=customer)
        if item.waits:
            _wait(ticket, item, customer)


def _wait(ticket: Ticket, item: Context, by: Actor) -> None:
    """The customer waits for us from now on; a closed ticket stays closed."""
    old = ticket.status
    if old == Ticket.Status.CLOSED:
        return
    ticket.waiting_since = ticket.waiting_since or min(item.at, timezone.now())
    ticket.snoozed_until = None
    if old != Ticket.Status.NEW:
        ticket.status = Ticket.Status.OPEN
    ticket.save(update_fields=["waiting_since", "snoozed_until", "status"])
    recording.record(ticket, "ticket.handed_over", actor=by)
    if ticket.status != old:
        recording.record(ticket, "ticket.status_changed", actor=by, old=old, new=ticket.status)


def _message(channel_id: int, external_id: str) -> tuple[Ticket, Message]:
    """The locked ticket and the message with this id, of us or of the customer."""
    of_channel = Message.objects.filter(channel=channel_id)
    message = (
        of_channel.filter(external_id=external_id).first()
        or of_channel.filter(deliveries__external_id=external_id).first()
    )
    if message is None:
        raise receiving.NotYet
    ticket = locked(message.ticket_id)
    return ticket, Message.objects.get(pk=message.pk)


def _record(kind: str, ticket: Ticket, message: Message, **data: Any) -> None:
    recording.record(
        ticket, kind, actor=Actor("customer", ticket.customer_id), message=message, **data
    )


def register() -> None:
    """Take in what this module is for (from `AppConfig.ready`)."""
    receiving.take.register(Edit, edit)
    receiving.take.register(Removal, remove)
    receiving.take.register(Reaction, react)
    receiving.take.register(Context, add_context)
