"""How often somebody may do something: a token bucket a key, in Redis.

Without Redis each process counts for itself: chat goes on, a flood is still slowed down.
"""

import ipaddress
import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from channels_ingest.chat.problems import Problem

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """`count` in `seconds` on the average, at most `burst` at once."""

    name: str
    count: int
    seconds: int
    burst: int

    @property
    def interval(self) -> float:
        return self.seconds / self.count


STARTS = Limit("starts", 10, 60, burst=10)
MESSAGES = Limit("messages", 20, 60, burst=5)
# Many visitors share an address (mobile networks, offices), so theirs is wider.
MESSAGES_OF_NETWORK = Limit("messages-net", 200, 60, burst=60)
UPLOADS = Limit("uploads", 10, 600, burst=10)
FORMS = Limit("forms", 3, 3600, burst=3)
TRANSCRIPTS = Limit("transcripts", 2, 3600, burst=2)
# However many visitors name it: nobody's mailbox is bombed through us.
MAILS_TO_ADDRESS = Limit("mails-to", 3, 24 * 3600, burst=3)
TRIGGERS = Limit("triggers", 60, 60, burst=60)

# The generic cell rate algorithm: the stored value is the time at which the bucket is full again.
_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = full + interval - burst * interval - now
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], tostring(full + interval), 'PX', math.ceil(interval * burst * 1000))
return '0'
"""

_MOST_LOCAL = 10_000
_local: OrderedDict[str, float] = OrderedDict()
_local_lock = Lock()


def take(limit: Limit, key: str) -> None:
    """Count one. Raises `Problem("rate_limited")` with the seconds to wait."""
    name = f"okienko:limit:{limit.name}:{key}"
    try:
        wait = float(_client().eval(_TAKE, 1, name, limit.interval, limit.burst))
    except (redis.RedisError, OSError):
        logger.warning("Redis does not answer: the widget's limits are counted in this process")
        wait = _take_locally(limit, name)
    if wait > 0:
        raise Problem("rate_limited", retry_after=math.ceil(wait))


def network(address: str) -> str:
    """The address without its last part: /24 of IPv4, /64 of IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    prefix = 24 if ip.version == 4 else 64
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False).network_address)


def _take_locally(limit: Limit, name: str) -> float:
    now = time.monotonic()
    with _local_lock:
        full = max(_local.get(name, now), now)
        wait = full + limit.interval - limit.burst * limit.interval - now
        if wait > 0:
            return wait
        _local[name] = full + limit.interval
        _local.move_to_end(name)
        while len(_local) > _MOST_LOCAL:
            _local.popitem(last=False)
    return 0


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    # Whoever waits here is a visitor: no second try.
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
    )
