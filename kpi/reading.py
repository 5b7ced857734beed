"""The reader of the event log that keeps the figures: nothing else writes them."""

from collections.abc import Sequence

from history.models import Event
from kpi import refreshing
from kpi.story import KINDS

READER = "kpi"


def handle(events: Sequence[Event]) -> None:
    """Count again the tickets that these events speak of."""
    tickets: set[int] = set()
    for event in events:
        if event.kind in KINDS and event.ticket_id:
            tickets.add(event.ticket_id)
        if event.kind == "ticket.merged":
            tickets.add(event.data["other"])
    if tickets:
        refreshing.refresh(sorted(tickets))
