"""Telling colleagues of a ticket; who reads the event shows it to them."""

from collections.abc import Collection
from typing import Any

from accounts.models import Role, Team, User
from history.recording import SYSTEM, Actor
from tickets import recording
from tickets.models import Ticket


def alert(ticket: Ticket, users: Collection[User], *, by: Actor = SYSTEM, **why: Any) -> None:
    """Record that these are told of the locked ticket; `why` is the `metric` or the `rule`."""
    if users:
        ids = sorted(user.pk for user in users)
        recording.record(ticket, "ticket.alerted", actor=by, users=ids, **why)


def whoever_has(ticket: Ticket) -> list[User]:
    """The assignee, else everybody in the team who answers customers."""
    if ticket.assignee is not None and ticket.assignee.is_active:
        return [ticket.assignee]
    return list(User.objects.agents().filter(teams=ticket.team_id))


def supervisors(team: Team) -> list[User]:
    """The team's supervisors; without any, the administrators."""
    found = list(User.objects.active().filter(teams=team, role=Role.SUPERVISOR))
    return found or list(User.objects.admins())
