from celery import shared_task

from channels_ingest import delivering, files, journal, profiles, receivers, sweeping
from channels_ingest.chat import tasks as chat

# Seconds.
SCHEDULE = {
    "channels_ingest.tasks.sweep": 20.0,
    "channels_ingest.tasks.poll_due": 15.0,
    **chat.SCHEDULE,
}


@shared_task(queue="mail", acks_late=True, ignore_result=True)
def process_event(event_id: int) -> None:
    journal.process(event_id)


@shared_task(queue="mail", acks_late=True, ignore_result=True)
def deliver(delivery_id: int) -> None:
    delivering.deliver(delivery_id)


@shared_task(queue="bulk", acks_late=True, ignore_result=True)
def fetch_file(attachment_id: int) -> None:
    files.fetch(attachment_id)


@shared_task(queue="bulk", acks_late=True, ignore_result=True)
def fetch_profile(identity_id: int, channel_id: int) -> None:
    profiles.fetch(identity_id, channel_id)


@shared_task(queue="timers", acks_late=True, ignore_result=True)
def sweep() -> None:
    sweeping.sweep()


@shared_task(queue="timers", acks_late=True, ignore_result=True)
def poll_due() -> None:
    for connection_id in receivers.due():
        poll.delay(connection_id)


@shared_task(queue="bulk", acks_late=True, ignore_result=True)
def poll(connection_id: int) -> None:
    receivers.poll(connection_id)
