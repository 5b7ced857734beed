"""Who is in a ticket just now, reading or writing. Kept in Redis and forgotten by itself."""

import time
from typing import Any

import redis.asyncio as redis
from django.conf import settings

# A page says that it is still there more often than this.
FORGOTTEN_AFTER_S = 40

READING, WRITING = "reading", "writing"


class Presence:
    """Readers and writers of tickets, over one connection of its own."""

    def __init__(self) -> None:
        self._redis = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)

    async def close(self) -> None:
        await self._redis.aclose()

    async def enter(self, ticket_id: int, user_id: int, state: str) -> None:
        key = _key(ticket_id)
        async with self._redis.pipeline() as pipe:
            pipe.hset(key, str(user_id), f"{state}:{time.time():.0f}")
            pipe.expire(key, FORGOTTEN_AFTER_S)
            await pipe.execute()

    async def leave(self, ticket_id: int, user_id: int) -> None:
        await self._redis.hdel(_key(ticket_id), str(user_id))

    async def people(self, ticket_id: int) -> dict[int, str]:
        """Who is there, and what each does: `reading` or `writing`."""
        found: dict[Any, Any] = await self._redis.hgetall(_key(ticket_id))
        oldest = time.time() - FORGOTTEN_AFTER_S
        people = {}
        for user_id, value in found.items():
            state, _colon, at = value.partition(":")
            if float(at) >= oldest:
                people[int(user_id)] = state
        return people


def _key(ticket_id: int) -> str:
    return f"presence:{ticket_id}"
