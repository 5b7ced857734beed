"""Translations: `python -m helpdesk.catalogues compile`, `update` or `check`.

`check` fails on a missing or doubtful one. Compiling needs no gettext programs; collecting what
is to be translated does.
"""

import os
import sys
from pathlib import Path

import django
import polib
from django.conf import settings
from django.core.management import call_command


def compile_all() -> None:
    for source in _sources():
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(target))


def update() -> None:
    """Bring the catalogues to what code and templates say now."""
    call_command(
        "makemessages",
        locale=[source.parents[1].name for source in _sources()],
        ignore_patterns=["node_modules", "tests", "bench", "var"],
        no_obsolete=True,
        no_location=True,
        verbosity=0,
    )


def problems() -> list[str]:
    """What is not translated, or only guessed; the catalogues stay as they are."""
    kept = {source: source.read_bytes() for source in _sources()}
    try:
        update()
        return [f"{source}: {text}" for source in kept for text in _unfinished(source)]
    finally:
        for source, content in kept.items():
            source.write_bytes(content)


def _sources() -> list[Path]:
    return [path for folder in settings.LOCALE_PATHS for path in sorted(folder.rglob("*.po"))]


def _unfinished(source: Path) -> list[str]:
    catalogue = polib.pofile(str(source))
    return [
        entry.msgid for entry in (*catalogue.untranslated_entries(), *catalogue.fuzzy_entries())
    ]


def main(command: str) -> None:
    if command == "compile":
        compile_all()
    elif command == "update":
        update()
    elif found := problems():
        sys.exit("Not translated:\n" + "\n".join(found))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    django.setup()
    main(sys.argv[1])
