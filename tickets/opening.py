"""A new ticket, however it comes about."""

from datetime import datetime

from accounts.models import Team
from crm.models import Customer, Identity
from history.recording import SYSTEM, Actor
from tickets import recording
from tickets.models import Channel, Participant, Ticket, TicketLink


def open_ticket(
    *,
    customer: Customer,
    requester: Identity,
    channel: Channel,
    subject: str,
    at: datetime,
    by: Actor = SYSTEM,
    status: Ticket.Status = Ticket.Status.NEW,
) -> Ticket:
    """Make a ticket of one customer on one channel, of the channel's team or else the default one.

    It comes back locked: nobody else sees it before the transaction ends.
    """
    ticket = Ticket.objects.create(
        subject=subject,
        customer=customer,
        shop_id=channel.shop_id,
        channel=channel,
        team=channel.team or Team.objects.default(),
        status=status,
        created_at=at,
        last_message_at=at,
        version=1,
    )
    Participant.objects.create(ticket=ticket, identity=requester, role=Participant.Role.REQUESTER)
    recording.record_first(
        ticket,
        "ticket.created",
        actor=by,
        status=ticket.status,
        priority=ticket.priority,
        channel_kind=channel.kind,
    )
    return ticket


def link(ticket: Ticket, other: Ticket, kind: TicketLink.Kind, *, by: Actor = SYSTEM) -> None:
    """Link a ticket to another one; linked already is no error."""
    _link, created = TicketLink.objects.get_or_create(ticket=ticket, other=other, kind=kind)
    if created:
        recording.record(ticket, "ticket.linked", actor=by, other=other.pk, link=kind)
