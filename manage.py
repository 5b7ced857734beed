#!/usr/bin/env python
"""Command line of the helpdesk."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
    from environs import EnvError

    try:
        execute_from_command_line(sys.argv)
    except (EnvError, ImproperlyConfigured) as error:
        sys.exit(f"Settings: {error}")
    except OperationalError as error:
        from django.conf import settings

        if settings.DATABASE_IS_EMBEDDED and not (settings.SOCKET_DIR / ".s.PGSQL.5432").exists():
            sys.exit("The database is not running: start the helpdesk with `make run`.")
        sys.exit(f"The database does not answer: {error}")


def main_of_a_pipe() -> None:
    """As `main`; after any failure 75 tells the mail server to keep the mail and try again."""
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        sys.exit(75 if end.code else 0)
    except Exception as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(75)


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive_email"]:
        main_of_a_pipe()
    else:
        main()
