"""The background workers' queues and the clock's schedule.

There are `live` (chat, messengers), `mail`, `timers` (sweepers and clocks) and `bulk`, so that a
flood in one does not delay another.
Redis may forget everything: tasks carry ids only, and sweepers find what was lost.
"""

import os
from importlib import import_module

from celery import Celery
from celery.schedules import crontab
from celery.signals import heartbeat_sent
from django.apps import apps
from django.utils.module_loading import module_has_submodule
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

QUEUES = ("live", "mail", "timers", "bulk")

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name) for name in QUEUES]
app.conf.task_create_missing_queues = False
app.autodiscover_tasks()


@app.on_after_finalize.connect
def read_modules(sender: Celery, **_kwargs: object) -> None:
    """Collect what each `tasks.py` says of its tasks, by their names.

    `ROUTES = {"tickets.tasks.*": "timers"}`: the queue of those that are not for `bulk`.
    `SCHEDULE = {"history.tasks.follow": 1.0}`: seconds or a crontab of what is done repeatedly.
    """
    routes: dict[str, str] = {}
    for package in [config.name for config in apps.get_app_configs()]:
        if not module_has_submodule(import_module(package), "tasks"):
            continue
        tasks = import_module(f"{package}.tasks")
        routes |= getattr(tasks, "ROUTES", {})
        schedule: dict[str, float | crontab] = getattr(tasks, "SCHEDULE", {})
        for name, every in schedule.items():
            # A tick that found no worker is worthless once the next one comes.
            expires = every if isinstance(every, float | int) else None
            sender.add_periodic_task(every, sender.signature(name), name=name, expires=expires)
    sender.conf.task_routes = {name: {"queue": queue} for name, queue in routes.items()}


@heartbeat_sent.connect
def say_alive(**_kwargs: object) -> None:
    """Each few seconds, from the worker's own clock: full queues do not silence it."""
    from helpdesk import health  # needs the settings

    for queue in app.amqp.queues.consume_from:
        health.heartbeat(queue)
