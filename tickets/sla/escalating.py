"""What is done when a promise nears its end or has passed it."""

import logging
from collections.abc import Callable

from django.db import transaction

from accounts.models import Team
from history.recording import SYSTEM
from tickets import alerting, changing
from tickets.errors import BrokenRule
from tickets.models.ticket import Ticket
from tickets.sla.models import Step, Target

logger = logging.getLogger(__name__)

_RANKS = list(Ticket.Priority)


def do(target: Target, step: Step) -> None:
    """Do one step on its locked ticket. What the rules do not allow any more is left out."""
    try:
        with transaction.atomic():
            _DO[Step.Do(step.do)](target, step)
    except BrokenRule as rule:
        logger.info("step %s of target %s is not done: %s", step.key, target.pk, rule.code)


def _notify(target: Target, step: Step) -> None:
    alerting.alert(target.ticket, alerting.whoever_has(target.ticket), metric=target.metric)


def _notify_supervisors(target: Target, step: Step) -> None:
    found = alerting.supervisors(target.ticket.team)
    alerting.alert(target.ticket, found, metric=target.metric)


def _raise_priority(target: Target, step: Step) -> None:
    wanted = Ticket.Priority(step.value)
    if _RANKS.index(wanted) > _RANKS.index(Ticket.Priority(target.ticket.priority)):
        changing.set_priority(target.ticket, wanted, by=SYSTEM)


def _unassign(target: Target, step: Step) -> None:
    changing.assign(target.ticket, None, by=SYSTEM)


def _hand_over(target: Target, step: Step) -> None:
    team = Team.objects.filter(pk=step.value).first()
    if team is not None:
        changing.set_team(target.ticket, team, by=SYSTEM)


_DO: dict[Step.Do, Callable[[Target, Step], None]] = {
    Step.Do.NOTIFY: _notify,
    Step.Do.NOTIFY_SUPERVISORS: _notify_supervisors,
    Step.Do.PRIORITY: _raise_priority,
    Step.Do.UNASSIGN: _unassign,
    Step.Do.TEAM: _hand_over,
}
