from celery import shared_task
from celery.schedules import crontab

from channels_ingest import (
    checking,
    delivering,
    files,
    gestures,
    journal,
    profiles,
    receivers,
    sweeping,
)
from channels_ingest.chat import tasks as chat

ROUTES = {
    "channels_ingest.tasks.process_event": "mail",
    "channels_ingest.tasks.deliver": "mail",
    "channels_ingest.tasks.show_gesture": "live",
    "channels_ingest.tasks.check_connections": "timers",
    "channels_ingest.tasks.sweep": "timers",
    "channels_ingest.tasks.poll_due": "timers",
    **chat.ROUTES,
}
# Seconds, or a time of the day (UTC).
SCHEDULE = {
    "channels_ingest.tasks.sweep": 20.0,
    "channels_ingest.tasks.poll_due": 15.0,
    "channels_ingest.tasks.check_connections": crontab(hour=3, minute=20),
    **chat.SCHEDULE,
}


# A mail that hangs its reader ends as a failed row like any other fault, and the queue goes on.
@shared_task(acks_late=True, ignore_result=True, soft_time_limit=60, time_limit=120)
def process_event(event_id: int) -> None:
    journal.process(event_id)


@shared_task(acks_late=True, ignore_result=True)
def deliver(delivery_id: int) -> None:
    delivering.deliver(delivery_id)


@shared_task(acks_late=True, ignore_result=True)
def fetch_file(attachment_id: int) -> None:
    files.fetch(attachment_id)


@shared_task(acks_late=True, ignore_result=True)
def fetch_profile(identity_id: int, channel_id: int) -> None:
    profiles.fetch(identity_id, channel_id)


@shared_task(acks_late=True, ignore_result=True)
def show_gesture(ticket_id: int, name: str) -> None:
    gestures.show(ticket_id, name)


@shared_task(acks_late=True, ignore_result=True)
def check_connection(connection_id: int) -> None:
    checking.check(connection_id)


@shared_task(acks_late=True, ignore_result=True)
def check_connections() -> None:
    checking.check_all()


@shared_task(acks_late=True, ignore_result=True)
def sweep() -> None:
    sweeping.sweep()


@shared_task(acks_late=True, ignore_result=True)
def poll_due() -> None:
    for connection_id in receivers.due():
        poll.delay(connection_id)


@shared_task(acks_late=True, ignore_result=True)
def poll(connection_id: int) -> None:
    receivers.poll(connection_id)
