"""The cache, which may be away: pages then take longer, and limits count no more."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class AbsentCache(RedisCache):
    """Redis while it answers; else an empty cache in which everybody is the first."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return _tried(lambda: super(AbsentCache, self).get(key, default, version), default)

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        return _tried(lambda: super(AbsentCache, self).get_many(keys, version), {})

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        _tried(lambda: super(AbsentCache, self).set(key, value, *args, **kwargs), None)

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> list[str]:
        return _tried(lambda: super(AbsentCache, self).set_many(data, *args, **kwargs), [])

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        return _tried(lambda: super(AbsentCache, self).add(key, value, *args, **kwargs), True)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return _tried(lambda: super(AbsentCache, self).incr(key, delta, version), delta)

    def delete(self, key: str, version: int | None = None) -> bool:
        return _tried(lambda: super(AbsentCache, self).delete(key, version), False)


def _tried(ask: Callable[[], Result], otherwise: Result) -> Result:
    try:
        return ask()
    except RedisError as e:
        logger.warning("Redis does not answer: %s", type(e).__name__)
        return otherwise
