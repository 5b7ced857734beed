"""Brings the database and the built files to this code's state, before it serves.

What a person must know (demo sign-ins, the link to set up) goes to stdout, problems to stderr.
"""

import sys
from collections.abc import Callable
from io import StringIO

from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connection

from helpdesk import health

# What the apps have to say to whoever starts the helpdesk: one line, or '' for nothing.
greetings: list[Callable[[], str]] = []


def prepare() -> None:
    if unknown := health.unknown_migrations():
        sys.exit(
            f"The database is newer than this code (it has {unknown[0]}): "
            "run the newer code, or restore a backup."
        )
    with connection.cursor() as cursor:
        # A change of a table waits for its lock no longer than this, and so holds up nobody.
        cursor.execute("SET lock_timeout = '10s'")
    quiet = StringIO()
    call_command("migrate", interactive=False, stdout=quiet)
    call_command("collectstatic", interactive=False, stdout=quiet)
    if settings.DEMO and "load_demo" in get_commands():
        call_command("load_demo", stdout=sys.stdout)
    for greeting in greetings:
        if line := greeting():
            sys.stdout.write(line + "\n")
