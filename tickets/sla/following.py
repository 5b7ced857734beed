"""Moves a ticket's clocks when something happens to it. No clock moves but by an event."""

from datetime import datetime

from django.db.models import QuerySet

from history.models import Event
from tickets.models.ticket import Ticket
from tickets.sla import current
from tickets.sla.calendar import NeverOpen, WorkingHours
from tickets.sla.models import Target

_WAITS = {Ticket.Status.PENDING, Ticket.Status.ON_HOLD}
_DONE = {Ticket.Status.SOLVED, Ticket.Status.CLOSED}


def follow(ticket: Ticket, event: Event) -> None:
    """Start, pause, resume and stop the ticket's clocks; called under the ticket's lock."""
    match event.kind:
        case "message.received" if not event.data["automatic"]:
            _customer_wrote(ticket, datetime.fromisoformat(event.data["received_at"]))
        case "message.sent" if not event.data["automatic"]:
            _met(ticket, event.at, Target.Metric.FIRST_RESPONSE, Target.Metric.NEXT_RESPONSE)
        case "message.cancelled":
            _unmet(ticket, datetime.fromisoformat(event.data["sent_at"]))
        case "ticket.status_changed":
            _status_changed(ticket, event.data["old"], event.data["new"], event.at)
        case "ticket.spam_changed" if event.data["new"]:
            _end(_clocks(ticket))
        case "ticket.merged":
            _end(_clocks(ticket))


def is_breached(target: Target, at: datetime) -> bool:
    """Whether the promise is broken at this moment."""
    return target.state == Target.State.RUNNING and target.due_at <= at


def _clocks(ticket: Ticket) -> QuerySet[Target]:
    return Target.objects.select_related("calendar").filter(
        ticket=ticket, state__in=[Target.State.RUNNING, Target.State.PAUSED]
    )


def _customer_wrote(ticket: Ticket, at: datetime) -> None:
    metric = (
        Target.Metric.NEXT_RESPONSE if ticket.first_response_at else Target.Metric.FIRST_RESPONSE
    )
    _start(ticket, metric, at)
    if not ticket.solved_at:
        _start(ticket, Target.Metric.RESOLUTION, at)


def _start(ticket: Ticket, metric: Target.Metric, at: datetime) -> None:
    """Start a clock unless it runs or, as happens once a ticket, it has been stopped already."""
    once = metric != Target.Metric.NEXT_RESPONSE
    same = Target.objects.filter(ticket=ticket, metric=metric)
    if same.exists() if once else _clocks(ticket).filter(metric=metric).exists():
        return
    promises = current.promises()
    promised = promises.policy.promised(metric)
    if promised is None:
        return
    calendar = promises.calendar(promises.policy.calendar_id)
    try:
        due_at = WorkingHours.of(calendar).add(at, promised)
    except NeverOpen:
        # Whoever never works promises nothing; the customer's message counts all the same.
        return
    Target.objects.create(
        ticket=ticket,
        metric=metric,
        policy=promises.policy,
        calendar=calendar,
        started_at=at,
        due_at=due_at,
    )


def _status_changed(ticket: Ticket, old: str, new: str, at: datetime) -> None:
    if new in _DONE:
        _met(ticket, at, Target.Metric.RESOLUTION)
        _end(_clocks(ticket))
    elif new in _WAITS and old not in _WAITS:
        for target in _clocks(ticket).filter(state=Target.State.RUNNING):
            target.state, target.paused_at = Target.State.PAUSED, at
            target.save(update_fields=["state", "paused_at"])
    elif old in _WAITS and new not in _WAITS:
        for target in _clocks(ticket).filter(state=Target.State.PAUSED):
            _resume(target, at)


def _resume(target: Target, at: datetime) -> None:
    """The open time that was left when the clock stopped is left now."""
    hours = WorkingHours.of(target.calendar)
    if target.paused_at is not None and target.due_at > target.paused_at:
        target.due_at = hours.add(at, hours.between(target.paused_at, target.due_at))
    target.state, target.paused_at = Target.State.RUNNING, None
    target.save(update_fields=["state", "paused_at", "due_at"])


def _met(ticket: Ticket, at: datetime, *metrics: Target.Metric) -> None:
    for target in _clocks(ticket).filter(metric__in=metrics):
        late = (target.paused_at or at) > target.due_at
        target.state = Target.State.BREACHED if late else Target.State.MET
        target.breached_at = target.breached_at or (target.due_at if late else None)
        target.met_at, target.paused_at = at, None
        target.save(update_fields=["state", "met_at", "breached_at", "paused_at"])


def _unmet(ticket: Ticket, sent_at: datetime) -> None:
    """The answer was taken back: the clocks that it stopped (it, and what came with it) run on."""
    Target.objects.filter(ticket=ticket, met_at__gte=sent_at).update(
        state=Target.State.RUNNING, met_at=None
    )


def _end(targets: QuerySet[Target]) -> None:
    targets.update(state=Target.State.ENDED, paused_at=None)
