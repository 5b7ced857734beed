"""Solved tickets close by themselves, and snoozed ones wake."""

from datetime import timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Value
from django.utils import timezone

from tickets import recording
from tickets.models import Ticket


def is_due(ticket: Ticket) -> bool:
    """Whether the channel's follow-up days since the ticket was solved are over."""
    if ticket.status != Ticket.Status.SOLVED or ticket.solved_at is None:
        return False
    return timezone.now() >= ticket.solved_at + timedelta(days=ticket.channel.follow_up_days)


def close_if_due(ticket: Ticket) -> None:
    """Close a locked ticket whose time is over, though the timer has not come to it yet."""
    if not is_due(ticket):
        return
    ticket.status, ticket.closed_at = Ticket.Status.CLOSED, timezone.now()
    ticket.save(update_fields=["status", "closed_at"])
    recording.record(
        ticket, "ticket.status_changed", old=Ticket.Status.SOLVED, new=Ticket.Status.CLOSED
    )


@transaction.atomic
def close_due(limit: int = 200) -> int:
    """Close what is due. Returns how many tickets were looked at; a full batch means more wait."""
    day = ExpressionWrapper(
        F("channel__follow_up_days") * Value(timedelta(days=1)), output_field=DurationField()
    )
    due = (
        Ticket.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("channel")
        .filter(status=Ticket.Status.SOLVED, solved_at__lte=timezone.now() - day)
        .order_by("solved_at")[:limit]
    )
    for ticket in due:
        close_if_due(ticket)
    return len(due)


@transaction.atomic
def wake_snoozed(limit: int = 200) -> int:
    """End the snooze of tickets whose time has come. Returns how many."""
    due = (
        Ticket.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(snoozed_until__lte=timezone.now())
        .order_by("snoozed_until")[:limit]
    )
    for ticket in due:
        ticket.snoozed_until = None
        ticket.save(update_fields=["snoozed_until"])
        recording.record(ticket, "ticket.snoozed", until=None)
    return len(due)
