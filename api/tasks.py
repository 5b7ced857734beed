from celery import shared_task

from api import idempotency

ROUTES = {"api.tasks.*": "timers"}
# Seconds.
SCHEDULE = {"api.tasks.tidy": 3_600.0}


@shared_task(acks_late=True, ignore_result=True)
def tidy() -> None:
    idempotency.forget()
