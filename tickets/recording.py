"""The one way in which anything that happens to a ticket enters the event log."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import F
from django.utils import timezone

from history import recording
from history.models import Event
from history.recording import SYSTEM, Actor
from tickets.models.message import Message
from tickets.models.ticket import Ticket
from tickets.sla.following import follow
from tickets.sla.models import Target


def record(
    ticket: Ticket,
    kind: str,
    *,
    actor: Actor = SYSTEM,
    message: Message | None = None,
    changed: Iterable[str] = (),
    **data: Any,
) -> Event:
    """Write the event, raise the ticket's version, move its clocks. Needs the ticket's lock.

    `changed` are fields of the ticket that are saved with it, in the one UPDATE of the version.
    """
    [event] = recording.record_all([_event(ticket, kind, actor, message, data)])
    values = {name: getattr(ticket, name) for name in changed}
    Ticket.objects.filter(pk=ticket.pk).update(
        **values, version=F("version") + 1, updated_at=timezone.now()
    )
    record_all(broken(target) for target in follow(ticket, event))
    return event


def record_first(ticket: Ticket, kind: str, *, actor: Actor = SYSTEM, **data: Any) -> Event:
    """Write the event with which a ticket begins, that was inserted with `version` 1 for it."""
    [event] = recording.record_all([_event(ticket, kind, actor, None, data)])
    return event


class Fact(NamedTuple):
    """What the helpdesk itself found or did about a ticket."""

    ticket: Ticket
    kind: str
    data: dict[str, Any]


def broken(target: Target) -> Fact:
    return Fact(target.ticket, "sla.breached", {"metric": target.metric, "due_at": target.due_at})


def record_all(facts: Iterable[Fact]) -> None:
    """Write many facts at once that move no clock. Needs the locks of their tickets."""
    facts = list(facts)
    if not facts:
        return
    recording.record_all(
        [_event(fact.ticket, fact.kind, SYSTEM, None, fact.data) for fact in facts]
    )
    Ticket.objects.filter(pk__in={fact.ticket.pk for fact in facts}).update(
        version=F("version") + 1, updated_at=timezone.now()
    )


def _event(
    ticket: Ticket, kind: str, actor: Actor, message: Message | None, data: dict[str, Any]
) -> Event:
    return recording.event(
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
