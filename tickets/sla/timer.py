"""What happens by time alone: promises that break. One indexed query over what is due."""

from django.db import transaction
from django.utils import timezone

from tickets import recording
from tickets.sla.models import Target


@transaction.atomic
def mark_breaches(limit: int = 500) -> int:
    """Note each running clock whose time has come, once. Returns how many.

    A ticket that somebody is at work on is left for the next time. Waiting for it with its clock
    in hand would be a deadlock: everybody else takes the ticket first.
    """
    due = list(
        Target.objects.select_for_update(skip_locked=True, of=("self", "ticket"))
        .select_related("ticket")
        .filter(state=Target.State.RUNNING, breached_at__isnull=True, due_at__lte=timezone.now())
        .order_by("due_at")[:limit]
    )
    for target in due:
        target.breached_at = target.due_at
        target.save(update_fields=["breached_at"])
        recording.record(
            target.ticket,
            "sla.breached",
            metric=target.metric,
            due_at=target.due_at,
        )
    return len(due)
