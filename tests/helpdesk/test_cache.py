import socket
import time

from django.core.cache import cache

from helpdesk.cache import AbsentCache


def test_cache_without_redis_is_empty_and_never_fails() -> None:
    absent = AbsentCache("unix:///nonexistent/redis.sock?db=0", {})

    absent.set("key", 1)
    absent.set_many({"key": 1})
    assert absent.get("key", "default") == "default"
    assert absent.get_many(["key"]) == {}
    assert absent.get_or_set("key", lambda: 5) == 5
    assert absent.add("key", 1)
    assert absent.incr("key") == 1
    assert not absent.delete("key")


def test_cache_with_redis_keeps_things() -> None:
    assert cache.add("key", 1)
    assert not cache.add("key", 2)
    assert cache.incr("key") == 2
    assert cache.get_many(["key"]) == {"key": 2}


def test_redis_that_hangs_is_waited_for_once() -> None:
    """It takes the connection and never answers: a page with twenty questions is not held up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        options = {"OPTIONS": {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}}
        hanging = AbsentCache(f"redis://127.0.0.1:{port}/0", options)

        began = time.monotonic()
        assert [hanging.get("key", number) for number in range(20)] == list(range(20))
        assert time.monotonic() - began < 2
