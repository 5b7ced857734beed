"""The customers' mail server: takes what the shop sends, and lets the customer answer it."""

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.utils import timezone

from channels_ingest.email import mime

# A demo's mailbox is looked at, not searched.
_MOST_KEPT = 100


@dataclass(frozen=True)
class Letter:
    """One mail that went out to a customer."""

    key: str
    at: datetime
    mail: mime.ParsedEmail


class _Keep:
    """Takes every mail for everybody and keeps it as a file."""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        keep(content.encode() if isinstance(content, str) else content)
        return "250 OK"


@contextmanager
def serve(host: str = "127.0.0.1") -> Iterator[int]:
    """Run the server in a thread; yields the port it got."""
    # The library calls its own server once to see that it answers, so it must know the port.
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = int(probe.getsockname()[1])
    controller = Controller(_Keep(), hostname=host, port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def keep(content: bytes) -> None:
    """Keep one mail, and forget the oldest ones."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{timezone.now():%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex}"
    unfinished = folder / f"{name}.part"
    unfinished.write_bytes(content)
    unfinished.rename(folder / f"{name}.eml")
    for old in sorted(folder.glob("*.eml"))[:-_MOST_KEPT]:
        old.unlink(missing_ok=True)


def letters(limit: int = 20) -> list[Letter]:
    """The newest mails that went out, newest first."""
    newest = sorted(_folder().glob("*.eml"), reverse=True)[:limit]
    return [_letter(path) for path in newest]


def letter(key: str) -> Letter | None:
    """One mail by its key; None where there is none."""
    path = _folder() / f"{key}.eml"
    return _letter(path) if key.replace("-", "").isalnum() and path.exists() else None


def _letter(path: Path) -> Letter:
    at = datetime.strptime(path.stem.partition("-")[0] + "+0000", "%Y%m%dT%H%M%S%f%z")
    return Letter(path.stem, at, mime.parse(path.read_bytes()))


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "demo" / "mail"
