"""Clocks as rows: written where they have moved."""

from collections.abc import Iterable

from tickets.sla.models import Target

MOVES = [
    "policy",
    "calendar",
    "state",
    "due_at",
    "paused_at",
    "met_at",
    "breached_at",
    "next_at",
]


def save(targets: Iterable[Target]) -> None:
    """Write new and changed clocks."""
    new: list[Target] = []
    for target in targets:
        if target.pk is None:
            new.append(target)
        else:
            target.save(update_fields=MOVES)
    if new:
        Target.objects.bulk_create(new)
