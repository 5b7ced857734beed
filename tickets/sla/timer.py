"""What happens to promises by time alone: warnings, breaches, steps of escalation.

One indexed query over what is due. Each step of a clock happens once, by its row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from tickets import recording
from tickets.sla import clock, escalating
from tickets.sla.models import FiredStep, Step, Target

_BATCH = 500


@dataclass(frozen=True)
class _Due:
    """A step of a clock whose time has come."""

    target: Target
    step: Step


def run_due() -> int:
    """Do everything that is due now. Returns how many clocks were looked at."""
    done = 0
    while count := fire_due(_BATCH):
        done += count
        if count < _BATCH:
            break
    return done


@transaction.atomic
def fire_due(limit: int) -> int:
    """Warn, note breaches and escalate for the clocks that are due. Returns how many were.

    A ticket that somebody is at work on is left for the next time. Waiting for it with its clock
    in hand would be a deadlock: everybody else takes the ticket first.
    """
    now = timezone.now()
    targets = list(
        Target.objects.select_for_update(skip_locked=True, of=("self", "ticket"))
        .select_related("ticket__channel", "policy", "calendar")
        .filter(next_at__lte=now)
        .order_by("next_at")[:limit]
    )
    if not targets:
        return 0
    fired = _fired(targets)
    steps = [due for target in targets for due in _due(target, fired[target.pk], now)]
    broken = [row for row in targets if row.breached_at is None and row.due_at <= now]
    _note(broken, steps, now)
    for target in targets:
        done = fired[target.pk] | {due.step.key for due in steps if due.target is target}
        target.next_at = clock.next_step_at(target, now, done)
    Target.objects.bulk_update(targets, ["breached_at", "warned_at", "next_at"])
    for due in steps:
        escalating.do(due.target, due.step)
    return len(targets)


def _fired(targets: Iterable[Target]) -> dict[int, set[str]]:
    keys: dict[int, set[str]] = {target.pk: set() for target in targets}
    rows = FiredStep.objects.filter(target__in=keys)
    for target_id, key in rows.values_list("target", "key"):
        keys[target_id].add(key)
    return keys


def _due(target: Target, fired: set[str], now: datetime) -> list[_Due]:
    left = [step for step in target.policy.steps_of(target.metric) if step.key not in fired]
    times = [(step, clock.step_at(target, step.share, now)) for step in left]
    return [_Due(target, step) for step, at in times if at is not None and at <= now]


def _note(broken: Iterable[Target], steps: Iterable[_Due], now: datetime) -> None:
    """The rows and the events of what happens, all at once."""
    facts: list[recording.Fact] = []
    for target in broken:
        target.breached_at = target.due_at
        facts.append(recording.broken(target))
    for due in steps:
        target, step = due.target, due.step
        if step.share < 100:
            target.warned_at = target.warned_at or now
        kind = "sla.warned" if step.share < 100 else "sla.escalated"
        said = {"metric": target.metric, "due_at": target.due_at, "share": step.share}
        facts.append(recording.Fact(target.ticket, kind, {**said, "action": step.do}))
    FiredStep.objects.bulk_create(
        FiredStep(target=due.target, key=due.step.key, fired_at=now) for due in steps
    )
    recording.record_all(facts)
