"""Where one installation keeps its data and its keys; known before Django has its settings."""

import base64
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

SHARED_ROOT = Path("/var/lib/okienko")
# A path of a Unix socket has at most 107 bytes; the file in the folder needs some of them.
_LONGEST_SOCKET_FOLDER = 80


def _random_text() -> str:
    return secrets.token_urlsafe(64)


def _random_field_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


KEYS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": _random_text,
    "HELPDESK_FIELD_KEYS": _random_field_key,
    "HELPDESK_TOKEN_KEYS": _random_text,
}


def data_dir(checkout: Path) -> Path:
    """The folder with keys, files and the embedded database of this checkout.

    Root gets a folder outside of the checkout, since the database runs under a user of its
    own, who may not enter root's folders. What exists already is found by everybody.
    """
    if configured := os.environ.get("HELPDESK_DATA"):
        return Path(configured).absolute()
    own = checkout / "var"
    shared = SHARED_ROOT / _short_hash(checkout)
    if (own / "keys").exists():
        return own
    return shared if os.geteuid() == 0 or shared.exists() else own


def socket_dir(data: Path) -> Path:
    """The folder of the embedded services' sockets, short enough for the system's limit."""
    inside = data / "run"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
        return inside
    return Path(tempfile.gettempdir()) / f"okienko-{_short_hash(data)}"


def stored_key(data: Path, name: str) -> str:
    """The key that `make run` keeps in the data folder, '' if it made none."""
    try:
        return (data / "keys" / name).read_text().strip()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ""


def make_keys(data: Path) -> None:
    """Make the keys that are missing. An existing one is never replaced: data hang on it."""
    folder = data / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, random_key in KEYS.items():
        try:
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w") as file:
            file.write(random_key() + "\n")


# What a start decided, and `manage.py` beside it must know to be in the same installation.
_DECIDED = [
    "HELPDESK_ALLOW_PRIVATE_HOSTS",
    "HELPDESK_BASE_URL",
    "HELPDESK_DEMO",
    "HELPDESK_SMTP_LISTEN",
    "PORT",
]


def remember_run(data: Path) -> None:
    decided = {name: os.environ[name] for name in _DECIDED if name in os.environ}
    (data / "run.json").write_text(json.dumps(decided))


def forget_run(data: Path) -> None:
    (data / "run.json").unlink(missing_ok=True)


def join_run(data: Path) -> None:
    """Take over what the start that runs with these data decided, where nothing else is set."""
    try:
        decided = json.loads((data / "run.json").read_text())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for name, value in decided.items():
        os.environ.setdefault(name, value)


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
