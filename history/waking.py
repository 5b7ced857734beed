"""Wakes the sequencer sooner than its next second. A lost call costs that second, no data."""

import logging

from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_KEY = "history:awake"


def wake() -> None:
    """Queue one run of the sequencer and readers, unless one is queued already."""
    from history.tasks import follow  # the task module needs the app registry

    try:
        if cache.add(_KEY, 1, timeout=1):
            follow.delay()
    except (RedisError, OperationalError, OSError):
        logger.warning("The sequencer could not be woken; it runs within a second by itself.")


def awake() -> None:
    """Said by the run that begins: what is committed from now on may queue another."""
    try:
        cache.delete(_KEY)
    except (RedisError, OSError):
        logger.warning("Redis does not answer; readers are woken each second only.")
