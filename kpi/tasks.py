from celery import shared_task

from kpi import reporting
from kpi.surveys import asking

ROUTES = {"kpi.tasks.*": "timers"}
# Seconds.
SCHEDULE = {"kpi.tasks.ask_customers": 60.0, "kpi.tasks.send_reports": 600.0}


@shared_task(acks_late=True, ignore_result=True)
def ask_customers() -> None:
    asking.ask_due()


@shared_task(acks_late=True, ignore_result=True)
def send_reports() -> None:
    reporting.send_due()
