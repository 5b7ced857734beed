"""The one way in which anything that happens to a ticket enters the event log."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from history import recording
from history.models import Event
from history.recording import SYSTEM, Actor
from tickets.models.message import Message
from tickets.models.ticket import Ticket
from tickets.sla.following import follow


def record(
    ticket: Ticket,
    kind: str,
    *,
    actor: Actor = SYSTEM,
    message: Message | None = None,
    **data: Any,
) -> Event:
    """Write the event, raise the ticket's version, move its clocks. Needs the ticket's lock."""
    event = recording.record(
        kind,
        subject=("ticket", ticket.pk),
        actor=actor,
        data=data,
        ticket_id=ticket.pk,
        customer_id=ticket.customer_id,
        message_id=message.pk if message else None,
        shop_id=ticket.shop_id,
        channel_id=message.channel_id if message else ticket.channel_id,
        team_id=ticket.team_id,
        assignee_id=ticket.assignee_id,
    )
    Ticket.objects.filter(pk=ticket.pk).update(version=F("version") + 1, updated_at=timezone.now())
    follow(ticket, event)
    return event
