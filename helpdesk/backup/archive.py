"""The file of a backup: a tar whose members are hashed on their way in and on their way out."""

import hashlib
import io
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.files.storage import default_storage

from helpdesk.backup.manifest import NAME, Manifest
from helpdesk.running import Problem

DATABASE = "database.dump"
FILES = "files/"


class Writer:
    """Collects members, and at the end the manifest with their checksums."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._checksums: dict[str, str] = {}

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        hashed = _Hashed(source)
        self._tar.addfile(_member(name, size), hashed)
        self._checksums[name] = hashed.hexdigest()

    def add_files(self) -> None:
        """Everything in the storage; what is removed meanwhile is left out."""
        for name in stored_names():
            try:
                with default_storage.open(name) as source:
                    self.add(FILES + name, source, source.size)
            except FileNotFoundError:
                continue

    def close(self, manifest: Manifest) -> None:
        manifest.checksums = self._checksums
        text = manifest.written()
        self._tar.addfile(_member(NAME, len(text)), io.BytesIO(text))


class Reader:
    """Gives members back. Raises `Problem` for what is not as it was written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        try:
            self.manifest = Manifest.read(self._content(NAME).read())
        except (KeyError, tarfile.TarError) as e:
            raise Problem("This is not a backup of the helpdesk, or its end is missing.") from e

    def check(self) -> None:
        """Read everything once and compare the checksums."""
        for name, checksum in self.manifest.checksums.items():
            try:
                with self._content(name) as content:
                    found = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
            except (KeyError, OSError, tarfile.TarError):
                found = ""
            if found != checksum:
                raise Problem(f"The backup is damaged: {name} is not as it was written.")

    def extract_database(self, target: Path) -> None:
        with self._content(DATABASE) as content, target.open("wb") as file:
            while block := content.read(1024 * 1024):
                file.write(block)

    def files(self) -> Iterator[tuple[str, IO[bytes]]]:
        for name in self.manifest.checksums:
            if name.startswith(FILES):
                yield name.removeprefix(FILES), self._content(name)

    def _content(self, name: str) -> IO[bytes]:
        content = self._tar.extractfile(name)
        if content is None:
            raise KeyError(name)
        return content


class _Hashed:
    """A file that is hashed while somebody reads it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self._digest.update(block)
        return block

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new file for its owner alone, which has its name once it is complete."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        with tarfile.open(unfinished, "w") as tar:
            yield Writer(tar)
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    try:
        tar = tarfile.open(path, "r:")  # noqa: SIM115 (closed below)
    except FileNotFoundError as e:
        raise Problem(f"There is no file {path}.") from e
    except (OSError, tarfile.TarError) as e:
        raise Problem("This is not a backup of the helpdesk.") from e
    with tar:
        yield Reader(tar)


def stored_names(folder: str = "") -> Iterator[str]:
    """The names of all files in the storage."""
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(names):
        yield f"{folder}{name}"
    for name in sorted(folders):
        yield from stored_names(f"{folder}{name}/")


def checksum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, int(time.time()), 0o600
    return member
