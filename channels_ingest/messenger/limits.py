"""Our own limits of calls: 20 a second for a Page, one a second for a conversation.

Meta stops a Page that writes too fast (contracts/messenger.md 9). The counters are in Redis, shared
by all workers; without Redis nothing is held back.
"""

import logging
import time
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError

from channels_ingest.adapter import Unavailable

logger = logging.getLogger(__name__)

_PER_PAGE = 20
_PER_CONVERSATION = 1
# A wait up to this is slept; a longer one gives the worker back.
_LONGEST_SLEEP_MS = 2_000

# One turn at a rate: KEYS[1] holds the time (ms) of the next free turn. ARGV: ms between turns, the
# longest wait. Returns the wait in ms; a turn is taken only where it is not too long.
_TAKE_TURN = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
if turn - now <= tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], turn + ARGV[1], 'PX', turn - now + ARGV[1])
end
return turn - now
"""


def wait_for_turn(page_id: str, person: str) -> None:
    """Wait until a call may be made. Raises `Unavailable` where that takes too long."""
    try:
        raise_if_paused(page_id)
        wait_ms = max(
            _turn(f"messenger:turn:{page_id}:{person}", _PER_CONVERSATION),
            _turn(f"messenger:turn:{page_id}", _PER_PAGE),
        )
    except RedisError:
        logger.warning("Redis does not answer; calls of Page %s are not limited", page_id)
        return
    if wait_ms > _LONGEST_SLEEP_MS:
        raise _too_often(wait_ms)
    time.sleep(wait_ms / 1000)


def raise_if_paused(page_id: str) -> None:
    """Raises `Unavailable` while Meta wants no calls for the Page, `RedisError`."""
    left_ms = int(_redis().pttl(_paused(page_id)))
    if left_ms > 0:
        raise _too_often(left_ms)


def pause(page_id: str, wait: timedelta) -> None:
    """Make no calls for a Page for this long."""
    try:
        _redis().set(_paused(page_id), 1, px=max(1, int(wait.total_seconds() * 1000)))
    except RedisError:
        logger.warning("Redis does not answer; Page %s is not held back", page_id)


def _too_often(wait_ms: int) -> Unavailable:
    text = _("Facebook asks us to write less often. The message goes out by itself.")
    return Unavailable(text, retry_after=timedelta(milliseconds=wait_ms), tried=False)


def _turn(key: str, per_second: int) -> int:
    return int(_redis().eval(_TAKE_TURN, 1, key, 1000 // per_second, _LONGEST_SLEEP_MS))


def _paused(page_id: str) -> str:
    return f"messenger:paused:{page_id}"


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)
