"""Moves a ticket's clocks when something happens to it. No clock moves but by an event."""

from datetime import datetime

from django.db.models import Q

from history.models import Event
from tickets.models.ticket import Ticket
from tickets.sla import clock, current, replaying, rows
from tickets.sla.clock import Clocks, Terms
from tickets.sla.models import Target

# Another policy may hold after these.
_TURNS = {"ticket.priority_changed", "ticket.reason_changed", "ticket.customer_changed"}


def follow(ticket: Ticket, event: Event) -> list[Target]:
    """Move the ticket's clocks, under its lock. Returns those whose time ran out unseen."""
    if event.kind in clock.KINDS:
        return _move(ticket, event)
    if event.kind in _TURNS and current.promises().differ:
        replaying.renew(ticket)
    return []


def _move(ticket: Ticket, event: Event) -> list[Target]:
    def choose(_metric: Target.Metric, _at: datetime) -> Terms:
        return current.promises().terms(ticket)

    answered = ticket.first_response_at is not None
    clocks = Clocks(ticket, choose, _moving(ticket, event), answered=answered)
    clocks.follow(event)
    rows.save(clocks.changed)
    return clocks.broken


def _moving(ticket: Ticket, event: Event) -> list[Target]:
    """Clocks that may move: the open ones and those that start once; any, where one comes back."""
    targets = Target.objects.filter(ticket=ticket).select_related("policy", "calendar")
    if event.kind not in ("message.cancelled", "ticket.spam_changed"):
        targets = targets.filter(
            Q(state__in=[Target.State.RUNNING, Target.State.PAUSED])
            | ~Q(metric=Target.Metric.NEXT_RESPONSE)
        )
    return list(targets.order_by("pk"))
