"""Computes clocks again from the event log: for a check, and where other terms hold now."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from history.models import Event
from tickets.locking import locked
from tickets.models.ticket import Ticket
from tickets.sla import clock, current, rows
from tickets.sla.clock import Terms, next_step_at
from tickets.sla.models import Target

_OPEN = {Target.State.RUNNING, Target.State.PAUSED}


def renew(ticket: Ticket) -> int:
    """Bring the running clocks of a locked ticket under the terms of now. Returns how many moved.

    What has broken or ended keeps its terms: a change never touches a past figure.
    """
    return _replay(ticket, renewing=True)


@transaction.atomic
def recompute(ticket_id: int) -> int:
    """Compute the ticket's clocks from its events, each with its own versions of the terms.

    Returns how many rows were not what the events say; there should be none.
    """
    return _replay(locked(ticket_id), renewing=False)


def _replay(ticket: Ticket, *, renewing: bool) -> int:
    stored = list(
        Target.objects.filter(ticket=ticket)
        .select_related("policy", "calendar")
        .prefetch_related("fired")
        .order_by("pk")
    )
    known = {(target.metric, target.started_at): target for target in stored}
    now = timezone.now()

    def choose(metric: Target.Metric, at: datetime) -> Terms:
        target = known.get((metric, at))
        if target is None or (renewing and _is_loose(target)):
            return current.promises().terms(ticket)
        return Terms(target.policy, target.calendar)

    events = Event.objects.filter(ticket_id=ticket.pk, kind__in=clock.KINDS).order_by("pk")
    replayed = {
        (target.metric, target.started_at): target
        for target in clock.replay(ticket, events, choose).targets
    }
    changed = [
        target for key, target in known.items() if _take(target, replayed.pop(key, None), now)
    ]
    changed += replayed.values()
    rows.save(changed)
    return len(changed)


def _is_loose(target: Target) -> bool:
    """Whether the clock still runs towards its promise, so that a change may move it."""
    return target.state in _OPEN and target.breached_at is None


def _take(stored: Target, found: Target | None, now: datetime) -> bool:
    """Make the stored clock what was found; whether that changed anything."""
    if found is None:
        # Nothing is promised any more.
        if stored.state not in _OPEN:
            return False
        stored.state, stored.paused_at, stored.next_at = Target.State.ENDED, None, None
        return True
    broke = stored.breached_at is not None and found.state in _OPEN and found.due_at <= now
    found.breached_at = found.due_at if broke else found.breached_at
    names = [name for name in rows.MOVES if name != "next_at"]
    if all(getattr(stored, name) == getattr(found, name) for name in names):
        return False
    for name in names:
        setattr(stored, name, getattr(found, name))
    running = stored.state == Target.State.RUNNING
    fired = [step.key for step in stored.fired.all()]
    stored.next_at = next_step_at(stored, now, fired) if running else None
    return True
