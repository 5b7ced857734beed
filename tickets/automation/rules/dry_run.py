"""What a rule would have done in the last days: looked at, never done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from history.models import Event
from tickets.automation.models import Rule
from tickets.automation.rules import running
from tickets.automation.rules.facts import Situation
from tickets.automation.rules.tree import Tree
from tickets.models import Message, Ticket

_PERIOD = timedelta(days=30)
_MOST = 1_000
_SEARCHED = 100_000
_SHOWN = 20


@dataclass(frozen=True)
class Trial:
    """`looked_at` occasions, of which `held` made the rule act; the newest are shown."""

    looked_at: int
    held: int
    shown: list[tuple[Ticket, list[dict[str, Any]]]]


def try_out(tree: Tree) -> Trial:
    """Hold the rule against the newest occasions of 30 days, on tickets as they are now."""
    looked_at = 0
    held: dict[int, tuple[Ticket, list[dict[str, Any]]]] = {}
    for situation in _situations(tree):
        looked_at += 1
        why = tree.why(situation)
        if why is not None:
            held.setdefault(situation.ticket.pk, (situation.ticket, why))
    return Trial(looked_at, len(held), list(held.values())[:_SHOWN])


def _situations(tree: Tree) -> Iterable[Situation]:
    now = timezone.now()
    if tree.since:
        for ticket in running.due(Rule(pk=0), tree)[:_MOST]:
            yield Situation.of(ticket, None, now)
        return
    # The log has no index by kind, so that only its newest part is searched.
    newest = Event.objects.aggregate(seq=Max("seq"))["seq"] or 0
    recent = Event.objects.filter(seq__gt=newest - _SEARCHED, at__gt=now - _PERIOD)
    events = list(
        recent.filter(kind=tree.on, ticket_id__isnull=False)
        .exclude(actor_kind=running.ACTOR)
        .order_by("-seq")[:_MOST]
    )
    tickets = Ticket.objects.select_related("channel", "customer", "shop")
    by_id = tickets.in_bulk({event.ticket_id for event in events})
    messages = Message.objects.in_bulk({event.message_id for event in events if event.message_id})
    for event in events:
        happened_to = by_id.get(event.ticket_id or 0)
        if happened_to is not None:
            yield Situation.of(happened_to, messages.get(event.message_id or 0), event.at)
