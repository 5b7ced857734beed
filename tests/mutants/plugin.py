"""Runs the tests on a database without the constraint that MUTANT_DROPS names."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

_FIND = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid), '' FROM pg_constraint
    WHERE conname = %(name)s
    UNION ALL
    SELECT '', '', indexdef FROM pg_indexes WHERE indexname = %(name)s
    AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


@pytest.fixture(scope="session", autouse=True)
def without_constraint(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    name = os.environ["MUTANT_DROPS"]
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(_FIND, {"name": name})
        [(table, definition, index)] = cursor.fetchall()
        cursor.execute(
            f'DROP INDEX "{name}"' if index else f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'
        )
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        again = index or f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'
        cursor.execute(again)
