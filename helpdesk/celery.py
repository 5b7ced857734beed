"""The background workers' queues and the clock's schedule.

A task names its queue, `@shared_task(lane="mail")`: `live` (chat, messengers), `mail`,
`timers` (sweepers and clocks) or `bulk`, so that a flood in one does not delay another.
Redis may forget everything: tasks carry ids only, and sweepers find what was lost.
"""

import os
from importlib import import_module
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import heartbeat_sent
from django.apps import apps
from django.utils.module_loading import module_has_submodule
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

QUEUES = ("live", "mail", "timers", "bulk")

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")


def route(
    name: str, args: Any, kwargs: Any, options: Any, task: Task | None = None, **_more: Any
) -> dict[str, str] | None:
    """The queue that a task names for itself; whoever calls it may choose another."""
    lane = getattr(task, "lane", None)
    return {"queue": lane} if lane else None


app.conf.task_queues = [Queue(name) for name in QUEUES]
app.conf.task_routes = [route]
app.conf.task_create_missing_queues = False
app.autodiscover_tasks()


@app.on_after_finalize.connect
def read_schedules(sender: Celery, **_kwargs: object) -> None:
    """Collect what the apps want done again and again.

    Each `tasks.py` may hold `SCHEDULE = {"history.tasks.follow": 1.0}`: the task's name, and
    seconds or a crontab.
    """
    for package in [config.name for config in apps.get_app_configs()]:
        if not module_has_submodule(import_module(package), "tasks"):
            continue
        tasks = import_module(f"{package}.tasks")
        schedule: dict[str, float | crontab] = getattr(tasks, "SCHEDULE", {})
        for name, every in schedule.items():
            # A tick that found no worker is worthless once the next one comes.
            expires = every if isinstance(every, float | int) else None
            sender.add_periodic_task(every, sender.signature(name), name=name, expires=expires)


@heartbeat_sent.connect
def say_alive(**_kwargs: object) -> None:
    """Each few seconds, from the worker's own clock: full queues do not silence it."""
    from helpdesk import health  # needs the settings

    for queue in app.amqp.queues.consume_from:
        health.heartbeat(queue)
