"""Services for every test: real PostgreSQL and Redis; tasks run at once, in the test itself."""

from collections.abc import Iterator

import pytest
from celery import Celery
from django.core.cache import cache

from helpdesk.celery import app


@pytest.fixture(scope="session", autouse=True)
def celery() -> Iterator[Celery]:
    """The application, with tasks that run where they are called."""
    app.conf.task_always_eager = True
    app.conf.task_eager_propagates = True
    yield app
    app.conf.task_always_eager = False


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Counters of throttles and cached fragments do not outlive their test."""
    cache.clear()
