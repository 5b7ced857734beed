"""More mail of one sender than a person writes: nothing answers it, and an admin is told.

What is remembered here may be forgotten (Redis): the sender's next mail tells it again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from history import readers
from history.models import Event
from tickets.models import Message

logger = logging.getLogger(__name__)

MOST = 20
WITHIN = timedelta(minutes=10)
# How long a sender gets no automatic answer after a storm.
REST = timedelta(hours=24)
READER = "email.storms"
_KEY = READER
_MOST_NAMED = 100
_ASKED_AGAIN_S = 60


def register() -> None:
    readers.register(READER, handle, batch=100)


def handle(events: Sequence[Event]) -> None:
    """Notice storms among what has come by e-mail."""
    ids = [event.message_id or 0 for event in events if event.kind == "message.received"]
    mails = Message.objects.filter(pk__in=ids, channel__kind="email", sender__isnull=False)
    for sender_id in mails.order_by("pk").values_list("sender", flat=True):
        notice(sender_id)


def notice(sender_id: int) -> None:
    """Look whether this sender's mail has become a storm; asked at most once a minute in one."""
    if not cache.add(f"{_KEY}.asked.{sender_id}", True, _ASKED_AGAIN_S) and sender_id in current():
        return
    since = timezone.now() - WITHIN
    came = Message.objects.filter(
        sender=sender_id, direction=Message.Direction.INBOUND, created_at__gt=since
    )
    if came[: MOST + 1].count() > MOST:
        known = current()
        if sender_id not in known:
            logger.warning("identity %s sends a storm of mail", sender_id)
        newest = {**known, sender_id: timezone.now()}
        cache.set(_KEY, dict(list(newest.items())[-_MOST_NAMED:]), REST.total_seconds())


def current() -> dict[int, datetime]:
    """Senders of a storm within the last day, by the id of their identity."""
    since = timezone.now() - REST
    found: dict[int, datetime] = cache.get(_KEY, {})
    return {sender: at for sender, at in found.items() if at > since}


def has_stormed(sender_id: int) -> bool:
    """Whether within the last day there were ten minutes with more mails than a person writes."""
    came = Message.objects.filter(
        sender=sender_id,
        direction=Message.Direction.INBOUND,
        created_at__gt=timezone.now() - REST,
    )
    times = list(came.order_by("created_at").values_list("created_at", flat=True)[:2_000])
    return any(last - first < WITHIN for first, last in zip(times, times[MOST:], strict=False))
