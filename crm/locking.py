"""Locks on names of rows that may not be there yet."""

from django.db import connection


def lock_name(*parts: object) -> None:
    """Wait for whoever else works under this name, until the transaction ends."""
    with connection.cursor() as cursor:
        name = "/".join(str(part) for part in parts)
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
