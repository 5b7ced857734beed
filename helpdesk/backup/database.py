"""The database by PostgreSQL's own programs: one consistent moment of it, and the way back."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient

from helpdesk.embedded import programs
from helpdesk.running import Problem


@contextmanager
def one_moment() -> Iterator[str]:
    """Everything inside sees the database as it is now; yields the moment's name for `dump`."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        row = cursor.fetchone()
        assert row is not None
        yield str(row[0])


def dump(target: Path, moment: str) -> None:
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges",
         f"--snapshot={moment}", f"--file={target}")  # fmt: skip


def restore(source: Path) -> None:
    """Put a dump in place of the tables of an empty installation."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    connection.close()
    _run("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner",
         "--no-privileges", f"--dbname={_name()}", str(source))  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def counts() -> dict[str, int]:
    """Rows by table."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            row = cursor.fetchone()
            found[table] = int(row[0]) if row else 0
    return found


def check_is_free() -> None:
    """Raises `Problem` where restoring would take somebody's data or database away."""
    users = get_user_model()
    has_tables = users._meta.db_table in connection.introspection.table_names()
    if has_tables and users._default_manager.exists():
        raise Problem("This installation is in use (it has users): restore into an empty one.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        row = cursor.fetchone()
    if row and row[0]:
        raise Problem("The helpdesk is running: stop web server, workers and receivers first.")


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _run(program: str, *options: str) -> None:
    arguments, secrets = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    # The first names another program, the last the database, which pg_restore wants as an option.
    place = arguments[1:] if program == "pg_dump" else arguments[1:-1]
    path, environment = programs.client(program)
    done = subprocess.run(
        [path, *options, *place],
        env={**os.environ, **environment, **(secrets or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Problem(f"{program} failed: {done.stderr.strip().partition(chr(10))[0]}")
