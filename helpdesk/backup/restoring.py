"""Putting a backup in place of an empty installation."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command

from helpdesk.backup import archive, database
from helpdesk.backup.manifest import Manifest
from helpdesk.running import Problem

# What the apps do with data that come from an earlier time, before anything runs on them.
# Each returns a line for the operator, or ''.
afterwards: list[Callable[[], str]] = []


def restore(path: Path) -> tuple[Manifest, list[str]]:
    """Check everything, then put it in place; returns the manifest, and what is to be known.

    Raises `Problem` before anything is changed, where this is not the place for this backup.
    """
    with archive.reading(path) as reader:
        manifest = reader.manifest
        manifest.check_version()
        manifest.check_keys()
        database.check_is_free()
        reader.check()
        _restore_files(reader)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as dump:
            reader.extract_database(Path(dump.name))
            database.restore(Path(dump.name))
    _check_counts(manifest)
    call_command("migrate", interactive=False, verbosity=0)
    return manifest, [line for each in afterwards if (line := each())]


def _restore_files(reader: archive.Reader) -> None:
    for name, content in reader.files():
        # Nobody's: the database is empty, so an earlier try has left it.
        default_storage.delete(name)
        with content:
            default_storage.save(name, File(content, name))


def _check_counts(manifest: Manifest) -> None:
    found = database.counts()
    if wrong := [name for name, count in manifest.counts.items() if found.get(name) != count]:
        raise Problem(f"The table {wrong[0]} has other rows than when the backup was made.")
