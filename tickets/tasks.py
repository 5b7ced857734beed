from celery import shared_task

from tickets import attaching, closing
from tickets.automation.rules import running
from tickets.sla import moving, timer

ROUTES = {"tickets.tasks.*": "timers"}
# Seconds.
SCHEDULE = {
    "tickets.tasks.tick": 5.0,
    "tickets.tasks.run_rules": 60.0,
    "tickets.tasks.tidy": 3_600.0,
}


@shared_task(acks_late=True, ignore_result=True)
def tick() -> None:
    """What time alone brings: broken promises, tickets that wake or close."""
    timer.run_due()
    closing.wake_snoozed()
    closing.close_due()


@shared_task(acks_late=True, ignore_result=True)
def run_rules() -> None:
    running.run_due()


@shared_task(acks_late=True, ignore_result=True)
def tidy() -> None:
    attaching.remove_loose()
    moving.move_all()


@shared_task(acks_late=True, ignore_result=True)
def move_clocks() -> None:
    """A policy or a calendar has changed."""
    moving.move_all()
