"""How many requests a key, or a signed-in person, may make."""

import logging
import math
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.callers import key_of, user_of

logger = logging.getLogger(__name__)

_WINDOW_S = 60


class PerMinute(BaseThrottle):
    """So many requests in the minute that begins with the first of them."""

    ends_at = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return self._count(request) <= settings.API_REQUESTS_PER_MINUTE
        except (RedisError, OSError):
            logger.warning("Redis does not answer; requests are not counted.")
            return True

    def wait(self) -> float:
        return max(math.ceil(self.ends_at - time.time()), 1)

    def _count(self, request: Request) -> int:
        key = key_of(request)
        caller = f"key:{key.pk}" if key else f"user:{user_of(request).pk}"
        name = f"api:minute:{caller}"
        began: float = cache.get_or_set(name, time.time, _WINDOW_S) or time.time()
        self.ends_at = began + _WINDOW_S
        counter = f"{name}:{began}"
        # It outlives its minute: one that went away between these two lines could not be raised.
        cache.add(counter, 0, 2 * _WINDOW_S)
        return int(cache.incr(counter))
