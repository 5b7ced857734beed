"""What the open workspaces are told, and to whom. They hear only that something changed.

Groups follow permissions: those who see everything, each team, each user, each session.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from accounts.models import User
from history.models import Event
from tickets import signals
from tickets.models import Ticket, TicketFollower

logger = logging.getLogger(__name__)

EVERYTHING = "workspace.all"
_WITHIN_S = 2

# Events that may take a ticket out of somebody's sight.
_LEAVES = {"ticket.team_changed": "team", "ticket.assigned": "user"}


def team_group(team_id: int) -> str:
    return f"workspace.team.{team_id}"


def user_group(user_id: int) -> str:
    return f"workspace.user.{user_id}"


def session_group(session_key: str) -> str:
    """Named by a hash: the key itself would let its reader sign in."""
    return f"workspace.session.{hashlib.sha256(session_key.encode()).hexdigest()[:32]}"


def groups_of(user: User) -> set[str]:
    """Where a user hears of the tickets that they may see."""
    own = {user_group(user.pk)}
    if user.sees_all:
        return own | {EVERYTHING}
    return own | {team_group(pk) for pk in user.teams.values_list("pk", flat=True)}


def groups_for(ticket: Ticket, followers: Iterable[int]) -> set[str]:
    """Where those listen who may see the ticket."""
    users = {ticket.assignee_id, *followers} - {None}
    return {EVERYTHING, team_group(ticket.team_id)} | {user_group(pk) for pk in users if pk}


def push(events: Sequence[Event]) -> None:
    """Reader of the event log: tell the open workspaces which tickets have changed."""
    newest = {event.ticket_id: event for event in events if event.ticket_id}
    tickets = Ticket.objects.filter(pk__in=newest).only("number", "version", "team", "assignee")
    followers: dict[int, list[int]] = {}
    for row in TicketFollower.objects.filter(ticket__in=newest):
        followers.setdefault(row.ticket_id, []).append(row.user_id)
    sends: list[tuple[str, dict[str, Any]]] = []
    for ticket in tickets:
        told = groups_for(ticket, followers.get(ticket.pk, ()))
        message = {
            "type": "ticket.changed",
            "ticket": ticket.number,
            "version": ticket.version,
            "seq": newest[ticket.pk].seq,
        }
        sends += [(group, message) for group in told]
        left = _left(event for event in events if event.ticket_id == ticket.pk)
        sends += [(group, {**message, "type": "ticket.left"}) for group in left - told]
        sends += _alerts(ticket, (event for event in events if event.ticket_id == ticket.pk))
    transaction.on_commit(lambda: send(sends))


def send(messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Hand messages to groups. Without Redis nobody hears them; the pages ask themselves then."""
    try:
        async_to_sync(_send)(list(messages))
    except (RedisError, OSError):
        logger.warning("Redis does not answer; open workspaces are not told of changes.")


async def _send(messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    # Somebody's request waits for this: a Redis that hangs must not hang the page.
    async with asyncio.timeout(_WITHIN_S):
        for group, message in messages:
            await layer.group_send(group, message)


def _left(events: Iterable[Event]) -> set[str]:
    """Groups that could see the ticket before these events."""
    groups = set()
    for event in events:
        room, old = _LEAVES.get(event.kind), event.data.get("old")
        if room and old:
            groups.add(team_group(old) if room == "team" else user_group(old))
    return groups


def _alerts(ticket: Ticket, events: Iterable[Event]) -> list[tuple[str, dict[str, Any]]]:
    """Those whom a promise or a rule wants to look at the ticket now."""
    wanted = {
        pk for event in events if event.kind == "ticket.alerted" for pk in event.data["users"]
    }
    return [(user_group(pk), {"type": "ticket.alert", "ticket": ticket.number}) for pk in wanted]


def listen() -> None:
    """Pass on what wakes, but is worth no event: that a customer types."""
    signals.customer_typing.connect(_customer_types, dispatch_uid="inbox.customer_typing")


def _customer_types(ticket_id: int, on: bool, **_kwargs: Any) -> None:
    ticket = Ticket.objects.only("number", "team", "assignee").get(pk=ticket_id)
    followers = TicketFollower.objects.filter(ticket=ticket).values_list("user", flat=True)
    message = {"type": "customer.typing", "ticket": ticket.number, "on": on}
    send((group, message) for group in groups_for(ticket, followers))
