"""The cache, which may be away: pages then take longer, and limits count no more."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# After a failure nobody waits for it again for so long: one page asks it a dozen times.
_REST_S = 3.0
_rests_until: dict[str, float] = {}


class AbsentCache(RedisCache):
    """Redis while it answers; else an empty cache in which everybody is the first."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._tried(lambda: super(AbsentCache, self).get(key, default, version), default)

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        return self._tried(lambda: super(AbsentCache, self).get_many(keys, version), {})

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        self._tried(lambda: super(AbsentCache, self).set(key, value, *args, **kwargs), None)

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> list[str]:
        return self._tried(lambda: super(AbsentCache, self).set_many(data, *args, **kwargs), [])

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        return self._tried(lambda: super(AbsentCache, self).add(key, value, *args, **kwargs), True)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return self._tried(lambda: super(AbsentCache, self).incr(key, delta, version), delta)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._tried(lambda: super(AbsentCache, self).delete(key, version), False)

    def _tried(self, ask: Callable[[], Result], otherwise: Result) -> Result:
        place: str = self._servers[0]  # type: ignore[attr-defined]  # Django's own
        if time.monotonic() < _rests_until.get(place, 0):
            return otherwise
        try:
            return ask()
        except RedisError as e:
            _rests_until[place] = time.monotonic() + _REST_S
            logger.warning("Redis does not answer: %s", type(e).__name__)
            return otherwise
