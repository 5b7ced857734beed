"""Queues work by id. What cannot be queued (Redis is down) is found by the sweepers."""

import logging
from collections.abc import Iterable
from datetime import datetime

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from channels_ingest.models import InboundEvent
from tickets import kinds
from tickets.models import Attachment, Channel, Delivery, Message

logger = logging.getLogger(__name__)

_PROCESS = "channels_ingest.tasks.process_event"
_DELIVER = "channels_ingest.tasks.deliver"
_FETCH_FILE = "channels_ingest.tasks.fetch_file"
_FETCH_PROFILE = "channels_ingest.tasks.fetch_profile"
_SHOW_GESTURE = "channels_ingest.tasks.show_gesture"
_CHECK = "channels_ingest.tasks.check_connection"


def process(event: InboundEvent) -> None:
    """Queue the processing of a journal row, in the queue of its kind."""
    _queue(_PROCESS, event.pk, queue=kinds.get(event.kind).queue)


def deliver(deliveries: Iterable[Delivery]) -> None:
    """Queue deliveries; one of them brings along what else is due of its ticket."""
    for delivery in deliveries:
        _queue(
            _DELIVER,
            delivery.pk,
            queue=kinds.get(delivery.channel.kind).queue,
            eta=delivery.not_before,
        )


def after(message: Message, *, files: bool) -> None:
    """After a message was stored: fetch its `files`, and the name of a person who has none."""
    if files:
        waiting = message.attachments.filter(state=Attachment.State.WAITING)
        pks = list(waiting.values_list("pk", flat=True))
        transaction.on_commit(lambda: fetch_files(pks, message.channel))
    if message.sender is not None and not message.sender.name:
        ids = (message.sender.pk, message.channel_id)
        queue = kinds.get(message.channel.kind).queue
        transaction.on_commit(lambda: _queue(_FETCH_PROFILE, *ids, queue=queue))


def fetch_files(pks: Iterable[int], channel: Channel | None = None) -> None:
    """Queue the fetching of files, of one channel's or of any."""
    queue = kinds.get(channel.kind).queue if channel else "bulk"
    for pk in pks:
        _queue(_FETCH_FILE, pk, queue=queue)


def gesture(ticket_id: int, name: str, *, queue: str, expires_s: int) -> None:
    """Queue a sign for the customer that is worth nothing once it is late."""
    try:
        task = current_app.tasks[_SHOW_GESTURE]
        task.apply_async(args=(ticket_id, name), queue=queue, expires=expires_s)
    except (OperationalError, RedisError, OSError):
        logger.info("%s of ticket %s could not be queued", name, ticket_id)


def check(connection_ids: Iterable[int]) -> None:
    """Queue the checks of connections."""
    for pk in connection_ids:
        _queue(_CHECK, pk, queue="bulk")


def _queue(task: str, *ids: int, queue: str, eta: datetime | None = None) -> None:
    try:
        wait = max(0.0, (eta - timezone.now()).total_seconds()) if eta else 0.0
        current_app.tasks[task].apply_async(args=ids, queue=queue, countdown=wait)
    except (OperationalError, RedisError, OSError):
        logger.warning("%s of %s could not be queued; a sweeper will find it", task, ids)
