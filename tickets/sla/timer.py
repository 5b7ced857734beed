"""What happens by time alone: promises that break. One indexed query over what is due."""

from django.db import transaction
from django.utils import timezone

from tickets import recording
from tickets.models.ticket import Ticket
from tickets.sla.models import Target


@transaction.atomic
def mark_breaches(limit: int = 500) -> int:
    """Note each running clock whose time has come, once. Returns how many."""
    due = list(
        Target.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(state=Target.State.RUNNING, breached_at__isnull=True, due_at__lte=timezone.now())
        .order_by("due_at")[:limit]
    )
    tickets = Ticket.objects.in_bulk([target.ticket_id for target in due])
    for target in due:
        target.breached_at = target.due_at
        target.save(update_fields=["breached_at"])
        recording.record(
            tickets[target.ticket_id],
            "sla.breached",
            metric=target.metric,
            due_at=target.due_at,
        )
    return len(due)
