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


if __name__ == "__main__":
    main()
