"""Brings running clocks under the terms of now, after a policy or a calendar has changed."""

import logging
from collections.abc import Sequence

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tickets.locking import locked
from tickets.sla import current
from tickets.sla.clock import Terms
from tickets.sla.models import Target
from tickets.sla.replaying import renew

logger = logging.getLogger(__name__)

_TASK = "tickets.tasks.move_clocks"
_BATCH = 500


def soon() -> None:
    """After commit, and once no process works by the old terms any more; else the sweeper does."""
    transaction.on_commit(_queue)


def _queue() -> None:
    try:
        current_app.tasks[_TASK].apply_async(countdown=current.KEPT_S + 1)
    except (OperationalError, RedisError, OSError):
        logger.warning("running clocks could not be moved at once; it is done within the hour")


def move_all() -> int:
    """Bring every running clock under the newest versions. Returns how many clocks moved."""
    current.forget()
    moved, after = 0, 0
    while batch := _running(after):
        after = batch[-1].pk
        promises = current.promises()
        outdated = {
            target.ticket_id
            for target in batch
            if Terms(target.policy, target.calendar) != promises.terms(target.ticket)
        }
        for ticket_id in sorted(outdated):
            with transaction.atomic():
                moved += renew(locked(ticket_id))
    return moved


def _running(after: int) -> Sequence[Target]:
    """The next clocks whose promise is open and not broken yet."""
    targets = Target.objects.filter(
        pk__gt=after,
        state__in=[Target.State.RUNNING, Target.State.PAUSED],
        breached_at__isnull=True,
    )
    related = ("policy", "calendar", "ticket__channel", "ticket__customer")
    return list(targets.select_related(*related).order_by("pk")[:_BATCH])
