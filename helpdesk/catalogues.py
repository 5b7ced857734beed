"""Translations: compiling them, and whether they are complete. Needs no gettext programs."""

from pathlib import Path

import polib
from django.conf import settings


def sources() -> list[Path]:
    return [path for folder in settings.LOCALE_PATHS for path in sorted(folder.rglob("*.po"))]


def compile_all() -> None:
    for source in sources():
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(target))
