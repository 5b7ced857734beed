from celery import shared_task

from helpdesk import health

ROUTES = {"helpdesk.tasks.*": "timers"}
SCHEDULE = {"helpdesk.tasks.scheduler_heartbeat": float(health.HEARTBEAT_S)}


@shared_task
def scheduler_heartbeat() -> None:
    health.heartbeat("scheduler")
