from celery import shared_task

from channels_ingest.chat import mailing

ROUTES = {"channels_ingest.chat.tasks.*": "mail"}
# Seconds.
SCHEDULE = {"channels_ingest.chat.tasks.send_mails": 20.0}


@shared_task(acks_late=True, ignore_result=True)
def send_mails() -> None:
    mailing.send_due()
