from celery import shared_task

from helpdesk import health

SCHEDULE = {"helpdesk.tasks.scheduler_heartbeat": float(health.HEARTBEAT_S)}


@shared_task(lane="timers")
def scheduler_heartbeat() -> None:
    health.heartbeat("scheduler")
