"""Lets rules act: on events, as a reader of the log, and on time that passes, by the timer.

A rule never reacts to what a rule did, and a ticket is touched by rules so often an hour at most.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from history import readers
from history.models import Event
from history.recording import Actor
from tickets.automation.models import Rule, RuleRun
from tickets.automation.rules import actions
from tickets.automation.rules.facts import Situation
from tickets.automation.rules.tree import TIMES, Tree
from tickets.errors import BrokenRule
from tickets.locking import locked
from tickets.models import Message, Ticket

logger = logging.getLogger(__name__)

READER = "rules"
ACTOR = "rule"

MOST_AN_HOUR = 20
_KEPT_S = 2.0
# What happened longer ago is history: nobody is written to because of it.
_FRESH = timedelta(hours=24)
# Of the tickets for which the time of a rule has come, the newest.
_MOST = 2_000


def register() -> None:
    readers.register(READER, handle)


def handle(events: Sequence[Event]) -> None:
    """Let the rules look at what these events tell of."""
    for event in events:
        rules = _rules().get(event.kind)
        stale = timezone.now() - event.at > _FRESH
        if rules and event.ticket_id and event.actor_kind != ACTOR and not stale:
            _on_event(event, rules)


def _on_event(event: Event, rules: Sequence[tuple[Rule, Tree]]) -> None:
    ticket = locked(event.ticket_id or 0)
    message = Message.objects.filter(pk=event.message_id or 0).first()
    for rule, tree in rules:
        situation = Situation.of(ticket, message, timezone.now())
        if run(rule, tree, situation, f"event:{event.pk}") and tree.stop:
            break
        ticket.refresh_from_db()


def run_due() -> int:
    """Let time rules act on the tickets for which their time has come. Returns on how many."""
    rules = [pair for since in TIMES for pair in _rules().get(since, ())]
    return sum(_run_time_rule(rule, tree) for rule, tree in rules)


def _run_time_rule(rule: Rule, tree: Tree) -> int:
    """Most tickets do not hold and are only looked at; what does is locked and looked at again."""
    done = 0
    for ticket in due(rule, tree)[:_MOST]:
        if tree.why(Situation.of(ticket, None, timezone.now())) is not None:
            done += _run_locked(rule, tree, ticket.pk)
    return done


@transaction.atomic
def _run_locked(rule: Rule, tree: Tree, ticket_id: int) -> bool:
    locked(ticket_id)
    ticket = due(rule, tree).filter(pk=ticket_id).first()
    if ticket is None:
        return False
    return run(rule, tree, Situation.of(ticket, None, timezone.now()), occasion(tree, ticket))


def due(rule: Rule, tree: Tree) -> "QuerySet[Ticket]":
    """Tickets whose time has come, and on which the rule has not acted in this state."""
    column = _COLUMNS[tree.since]
    now = timezone.now()
    until = now - timedelta(minutes=tree.minutes)
    # Rules look back a month: one that is switched on does not rake up the archive.
    waiting = _WAITING[tree.since].filter(
        **{f"{column}__lte": until, f"{column}__gt": until - timedelta(days=30)}
    )
    acted = RuleRun.objects.filter(rule=rule, ticket=OuterRef("pk"), at__gte=OuterRef(column))
    found = waiting.filter(~Exists(acted), spam=False, merged_into__isnull=True)
    return found.select_related("channel", "customer", "shop").order_by(f"-{column}")


_COLUMNS = {
    "waiting_since": "waiting_since",
    "silent_since": "last_message_at",
    "solved_at": "solved_at",
}
_WAITING = {
    "waiting_since": Ticket.objects.filter(waiting_since__isnull=False),
    "silent_since": Ticket.objects.filter(status=Ticket.Status.PENDING),
    "solved_at": Ticket.objects.filter(status=Ticket.Status.SOLVED),
}


def occasion(tree: Tree, ticket: Ticket) -> str:
    """Names the state in which time has passed: once it ends, the rule may act again."""
    at: datetime = getattr(ticket, _COLUMNS[tree.since])
    return f"{tree.since}:{at.isoformat()}"


def run(rule: Rule, tree: Tree, situation: Situation, occasion: str) -> bool:
    """Act on a locked ticket if the rule holds, once for the occasion. Returns whether it did."""
    why = tree.why(situation)
    if why is None or _too_often(situation):
        return False
    row, created = RuleRun.objects.get_or_create(
        rule=rule,
        ticket=situation.ticket,
        occasion=occasion,
        defaults={"at": situation.at, "why": why},
    )
    if not created:
        return False
    row.done = [_act(action.do, action.value, situation, rule) for action in tree.actions]
    row.save(update_fields=["done"])
    return True


def _act(do: str, value: str, situation: Situation, rule: Rule) -> dict[str, Any]:
    """Do one thing; what the helpdesk's rules do not allow is noted and left."""
    try:
        with transaction.atomic():
            actions.get(do).run(situation, value, Actor(ACTOR, rule.pk))
    except BrokenRule as broken:
        return {"do": do, "refused": broken.code}
    return {"do": do}


def _too_often(situation: Situation) -> bool:
    recent = RuleRun.objects.filter(
        ticket=situation.ticket, at__gt=situation.at - timedelta(hours=1)
    )
    if recent.count() < MOST_AN_HOUR:
        return False
    logger.warning("rules touch ticket %s too often; they leave it alone", situation.ticket.pk)
    return True


def _rules() -> dict[str, list[tuple[Rule, Tree]]]:
    """The active rules in their order, by what they wait for; read once in two seconds."""
    return _read(int(time.monotonic() / _KEPT_S))


def forget(**_kwargs: object) -> None:
    _read.cache_clear()


@lru_cache(maxsize=1)
def _read(_moment: int) -> dict[str, list[tuple[Rule, Tree]]]:
    found: dict[str, list[tuple[Rule, Tree]]] = {}
    for rule in Rule.objects.filter(active=True):
        try:
            tree = Tree.parse(rule.tree)
        except ValueError:
            # What it names is gone (a tag, a team). It rests until somebody mends it.
            logger.warning("rule %s is not valid any more", rule.pk)
            continue
        found.setdefault(rule.trigger, []).append((rule, tree))
    return found
