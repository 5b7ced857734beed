"""The reader of the event log that keeps the figures: nothing else writes them."""

from collections.abc import Sequence

from history.models import Event
from kpi import refreshing
from kpi.story import KINDS
from kpi.surveys import counting

READER = "kpi"
SURVEY_KINDS = ("survey.sent", "survey.answered")


def handle(events: Sequence[Event]) -> None:
    """Count again the tickets and surveys that these events speak of."""
    tickets: set[int] = set()
    surveys: set[int] = set()
    for event in events:
        if event.kind in SURVEY_KINDS:
            surveys.add(event.data["survey"])
        if event.kind in KINDS and event.ticket_id:
            tickets.add(event.ticket_id)
        if event.kind == "ticket.merged":
            tickets.add(event.data["other"])
    if tickets:
        refreshing.refresh(sorted(tickets))
    if surveys or tickets:
        counting.refresh(surveys, tickets)
