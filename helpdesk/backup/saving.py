"""Making a backup, while everything runs."""

import tempfile
from pathlib import Path

from helpdesk.backup import archive, database
from helpdesk.backup.manifest import Manifest


def save(path: Path) -> Manifest:
    """Write everything into this file, and its checksum beside it (`sha256sum --check`).

    First the database, then the files: each file is stored before the row that names it is
    committed, and a file without a row is harmless.
    """
    with (
        archive.writing(path) as writer,
        tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as dump,
    ):
        with database.one_moment() as moment:
            manifest = Manifest.of_now(database.counts())
            database.dump(Path(dump.name), moment)
        writer.add(archive.DATABASE, dump.file, Path(dump.name).stat().st_size)
        writer.add_files()
        writer.close(manifest)
    checksum = path.with_name(f"{path.name}.sha256")
    checksum.write_text(f"{archive.checksum_of(path)}  {path.name}\n")
    return manifest
