from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from helpdesk.backup.saving import save
from helpdesk.running import Problem


class Command(BaseCommand):
    help = (
        "Write the database and all files into one file, while the helpdesk runs. Keys are not "
        "in it: keep them somewhere else."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, help="default: backups/ in the data")

    def handle(self, *args: Any, path: Path | None, **options: Any) -> None:
        path = path or _default_path()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            manifest = save(path)
        except (OSError, Problem) as e:
            raise CommandError(str(e)) from e
        rows = sum(manifest.counts.values())
        files = len(manifest.checksums) - 1
        size_mb = path.stat().st_size / 1e6
        self.stdout.write(f"{path}: {rows} rows, {files} files, {size_mb:.1f} MB")


def _default_path() -> Path:
    folder: Path = settings.DATA_DIR / "backups"
    return folder / f"okienko-{timezone.now():%Y%m%d-%H%M%S}.tar"
