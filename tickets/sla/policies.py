"""Making and changing policies. A change is a new version, and moves the clocks that run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from tickets.errors import BrokenRule
from tickets.sla import moving
from tickets.sla.models import Calendar, Policy, PolicyVersion, Step


class StandardPolicy(BrokenRule):
    code = "standard_policy"
    text = _("The standard promises are for everything else and stay.")


@dataclass(frozen=True)
class Promise:
    """What a version says; minutes are None where nothing is promised."""

    calendar: Calendar
    first_response_minutes: int | None
    next_response_minutes: int | None
    resolution_minutes: int | None
    conditions: dict[str, Any]
    round_the_clock: bool
    pauses: list[str]
    restarts: bool
    steps: Sequence[Step]

    @classmethod
    def of(cls, version: PolicyVersion) -> "Promise":
        return cls(
            calendar=version.calendar,
            first_response_minutes=version.first_response_minutes,
            next_response_minutes=version.next_response_minutes,
            resolution_minutes=version.resolution_minutes,
            conditions=version.conditions,
            round_the_clock=version.round_the_clock,
            pauses=version.pauses,
            restarts=version.restarts,
            steps=tuple(Step(**step) for step in version.steps),
        )


@transaction.atomic
def create(name: str, promise: Promise) -> Policy:
    """A new policy, tried after those that are there."""
    last = Policy.objects.filter(is_default=False).aggregate(at=Max("position"))["at"] or 0
    policy = Policy.objects.create(name=name, position=last + 1)
    _add_version(policy, promise)
    return policy


@transaction.atomic
def change(policy: Policy, name: str, promise: Promise) -> None:
    """Rename it and, where it promises something else, make a new version."""
    policy.name = name
    policy.save(update_fields=["name"])
    if Promise.of(newest(policy)) != promise:
        _add_version(policy, promise)


@transaction.atomic
def switch(policy: Policy, *, active: bool) -> None:
    """Use it or not; past figures keep it. Raises `StandardPolicy`."""
    if policy.is_default:
        raise StandardPolicy
    policy.active = active
    policy.save(update_fields=["active"])
    moving.soon()


@transaction.atomic
def move(policy: Policy, *, up: bool) -> None:
    """Change places with the neighbour before or after it. Raises `StandardPolicy`."""
    if policy.is_default:
        raise StandardPolicy
    order = list(Policy.objects.select_for_update().filter(is_default=False))
    at = order.index(policy)
    to = max(at - 1, 0) if up else min(at + 1, len(order) - 1)
    order.insert(to, order.pop(at))
    for position, row in enumerate(order, start=1):
        row.position = position
        row.save(update_fields=["position"])
    moving.soon()


def newest(policy: Policy) -> PolicyVersion:
    return policy.versions.select_related("calendar").latest("pk")


def _add_version(policy: Policy, promise: Promise) -> None:
    said = {name: getattr(promise, name) for name in promise.__dataclass_fields__}
    said["steps"] = [asdict(step) for step in promise.steps]
    PolicyVersion.objects.create(policy=policy, **said)
    moving.soon()
