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
