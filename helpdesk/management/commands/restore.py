import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.backup.restoring import restore
from helpdesk.embedded.services import start_services
from helpdesk.running import Problem
from helpdesk.running.child import Child
from helpdesk.running.supervisor import Stopped, Supervisor


class Command(BaseCommand):
    help = "Put a backup into an empty installation, whose keys are those of the old one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        try:
            if settings.DATABASE_IS_EMBEDDED:
                _with_own_services(lambda: self._restore(path))
            else:
                self._restore(path)
        except Problem as e:
            raise CommandError(str(e)) from e

    def _restore(self, path: Path) -> None:
        manifest, remarks = restore(path.absolute())
        rows = sum(manifest.counts.values())
        files = len(manifest.checksums) - 1
        self.stdout.write(f"Restored {rows} rows and {files} files of {manifest.at:%Y-%m-%d %H:%M}")
        for remark in remarks:
            self.stdout.write(remark)


def _with_own_services(work: Callable[[], None]) -> None:
    """The embedded database runs only with the helpdesk, which must not run now."""
    from helpdesk.run import locked  # imports the whole program

    def told() -> None:
        try:
            work()
        except Problem as e:
            sys.exit(f"CommandError: {e}")

    data: Path = settings.DATA_DIR
    with locked(data):
        supervisor = Supervisor()
        try:
            start_services(supervisor, data)
            if code := supervisor.finish(Child("restore", told)):
                sys.exit(code)
        except Stopped:
            sys.exit(130)
        finally:
            supervisor.end()
