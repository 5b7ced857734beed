"""Computes all figures from nothing. What is shown meanwhile is what there was."""

from django.db import transaction
from django.db.models import Max

from history.models import Event, ReaderPosition
from kpi import reading, refreshing
from kpi.models import DailyRollup, TicketFact
from kpi.surveys import counting
from tickets.models import Ticket

_TICKETS_A_STEP = 4_000


@transaction.atomic
def rebuild() -> int:
    """Forget facts and roll-ups and read the whole log again; returns the number of tickets.

    The reader waits: it goes on with what comes after this log.
    """
    position = ReaderPosition.objects.select_for_update().get(reader=reading.READER)
    position.seq = Event.objects.aggregate(seq=Max("seq"))["seq"] or 0
    position.save(update_fields=["seq"])
    # Deleted, not truncated: pages go on reading until this is committed.
    DailyRollup.objects.all().delete()
    TicketFact.objects.all().delete()
    done, last = 0, 0
    while ids := _tickets_after(last):
        refreshing.refresh(ids)
        done, last = done + len(ids), ids[-1]
    counting.rebuild()
    return done


def _tickets_after(last: int) -> list[int]:
    tickets = Ticket.objects.filter(pk__gt=last).order_by("pk")
    return list(tickets.values_list("pk", flat=True)[:_TICKETS_A_STEP])
