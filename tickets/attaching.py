"""Files of messages: named tamely, typed by content, kept in private storage."""

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets import sniffing
from tickets.errors import BrokenRule
from tickets.incoming import File
from tickets.models import Attachment, Message

_CONTROLS_AND_BIDI = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_UNSAFE = re.compile(r'[<>:"|?*]')
_MOST_CHARACTERS = 200

# What an upload that never got its message is kept for.
_LOOSE = timedelta(hours=24)


def tame_name(name: str, fallback: str = "zalacznik") -> str:
    """A base name without paths, control or direction characters; never empty, 200 characters."""
    name = _CONTROLS_AND_BIDI.sub("", unicodedata.normalize("NFC", name))
    name = re.split(r"[/\\]", name)[-1].strip(" .")
    name = _UNSAFE.sub("_", name)
    if len(name) > _MOST_CHARACTERS:
        stem, dot, suffix = name.rpartition(".")
        suffix = dot + suffix if stem and len(suffix) <= 10 else ""
        name = name[: _MOST_CHARACTERS - len(suffix)] + suffix
    return name or fallback


def attach(message: Message, files: Iterable[File]) -> list[Attachment]:
    """Store a message's files; one that has only an address waits to be fetched."""
    return Attachment.objects.bulk_create(
        [_row(file, place, message=message) for place, file in enumerate(files, start=1)]
    )


class NotStored(BrokenRule):
    """The storage does not take a file: the disk is full, or the bucket does not answer."""

    code = "not_stored"
    text = _("The file could not be stored. Try again, or send your answer without it.")


def upload(content: bytes, name: str, *, user: User | None = None) -> Attachment:
    """Store a file that waits for its message. `attach_uploads` gives it one within a day.

    Raises `NotStored`.
    """
    try:
        row = _row(File(filename=name, content=content), 1, message=None)
    except OSError as e:
        raise NotStored from e
    row.uploaded_by = user
    row.save()
    return row


def fill(attachment: Attachment, content: bytes, name: str = "") -> None:
    """Store what was fetched for a waiting attachment."""
    if name and not attachment.name:
        attachment.name = tame_name(name)
    _store(attachment, content)
    attachment.state = Attachment.State.STORED
    attachment.source_url, attachment.next_attempt_at = "", None
    attachment.save()


def read(attachment: Attachment) -> bytes:
    """The stored bytes. Raises `FileNotFoundError` where there are none (yet)."""
    if not attachment.storage_key:
        raise FileNotFoundError(attachment.public_id)
    with default_storage.open(attachment.storage_key) as file:
        content: bytes = file.read()
        return content


def remove_loose() -> int:
    """Remove uploads that never got a message. Returns how many."""
    loose = Attachment.objects.filter(
        message=None, draft=None, canned_reply=None, created_at__lt=timezone.now() - _LOOSE
    )[:500]
    for attachment in loose:
        if attachment.storage_key:
            default_storage.delete(attachment.storage_key)
        attachment.delete()
    return len(loose)


def _row(file: File, place: int, *, message: Message | None) -> Attachment:
    attachment = Attachment(
        message=message,
        name=tame_name(file.filename, fallback=f"zalacznik-{place}"),
        content_type=file.content_type[:127] or "application/octet-stream",
        content_id=file.content_id[:255],
        inline=file.inline,
        mark=file.mark,
    )
    if file.content is not None:
        _store(attachment, file.content)
    else:
        attachment.state = Attachment.State.WAITING if file.url else Attachment.State.FAILED
        attachment.source_url = file.url
        attachment.next_attempt_at = timezone.now() if file.url else None
    return attachment


def _store(attachment: Attachment, content: bytes) -> None:
    attachment.content_type = sniffing.content_type(content, attachment.name)[:127]
    attachment.size = len(content)
    attachment.sha256 = hashlib.sha256(content).hexdigest()
    today = timezone.now()
    key = f"attachments/{today:%Y/%m}/{uuid.uuid4().hex}"
    attachment.storage_key = default_storage.save(key, ContentFile(content))
