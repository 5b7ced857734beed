"""Services for every test: real PostgreSQL and Redis; tasks run at once, in the test itself."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from celery import Celery
from django.apps import AppConfig, apps
from django.core.cache import cache
from django.db import connection
from django.db.models.signals import post_migrate
from pytest_django import DjangoDbBlocker

from helpdesk.celery import app
from tickets.automation.rules import running
from tickets.sla import current


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


@pytest.fixture(autouse=True)
def no_kept_promises() -> None:
    """Policies and calendars of the test before are gone with its rows."""
    current.forget()
    running.forget()


@pytest.fixture(scope="session", autouse=True)
def nobody_holds_the_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Threads of servers and sockets keep their connections; at the end the database goes."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def defaults_survive_a_flush() -> None:
    """A transactional test empties all tables; the rows that migrations make come back."""
    team = import_module("accounts.migrations.0003_default_team")
    promises = import_module("tickets.migrations.0002_defaults")

    def restore(sender: AppConfig, **_kwargs: object) -> None:
        if sender.name == "accounts":
            team.add_default_team(apps, connection.schema_editor())
        if sender.name == "tickets":
            promises.make_defaults(apps, connection.schema_editor())

    post_migrate.connect(restore, weak=False, dispatch_uid="tests.defaults")


@pytest.fixture(autouse=True)
def fast_passwords(settings: Any) -> None:
    """Passwords of tests need no protection, and a slow hash for each would cost minutes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
