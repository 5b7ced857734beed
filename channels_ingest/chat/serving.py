"""Files of a conversation: taken from visitors, given back by short signed addresses."""

import io
import logging
import time
import uuid
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from channels_ingest.chat.models import ChatSession, ChatUpload
from channels_ingest.chat.problems import Problem
from channels_ingest.chat.widgets import FILE_TYPES, Widget
from tickets import attaching, sniffing, tokens
from tickets.models import Attachment, Message

logger = logging.getLogger(__name__)

_LINK_LIFE_S = 6 * 3600
_MOST_PIXELS = 40_000_000
_MOST_FRAMES = 200
_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
_SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "application/pdf": (".pdf",),
    "text/plain": (".txt", ".log", ".md", ".csv"),
    "video/mp4": (".mp4", ".m4v"),
}
# What browsers say when they do not know.
_UNSAID = ("", "application/octet-stream")


def take(widget: Widget, session: ChatSession, file: "UploadedFile[bytes]") -> dict[str, Any]:
    """Store a visitor's file until they send it. The content decides what it is, not the name.

    Raises `Problem`: `file_too_large`, `file_type_not_allowed`, `file_type_mismatch`.
    """
    if (file.size or 0) > widget.max_upload_mb * 1024 * 1024:
        raise Problem("file_too_large")
    content, name = file.read(), attaching.tame_name(file.name or "")
    found = _checked_type(content, name, (file.content_type or "").partition(";")[0].lower())
    if found in _FORMATS:
        content = _drawn_again(content, found)
    try:
        attachment = attaching.upload(content, _named(name, found))
    except attaching.NotStored as e:
        raise Problem("unavailable") from e
    ChatUpload.objects.create(session=session, attachment=attachment)
    return as_dict(attachment)


def as_dict(attachment: Attachment) -> dict[str, Any]:
    return {
        "id": str(attachment.public_id),
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "url": address(attachment),
    }


def address(attachment: Attachment, *, life_s: int = _LINK_LIFE_S) -> str:
    """An address that opens this file for a while, to whoever has it."""
    # Rounded, so that a browser finds the picture it has loaded before.
    until = (int(time.time()) // 3600 + 1) * 3600 + life_s
    signature = _signature(attachment.public_id, until)
    return f"/widget-api/files/{attachment.public_id}/{until}/{signature}/"


def response(public_id: uuid.UUID, until: int, signature: str) -> HttpResponse:
    """The file behind a signed address. Raises `Problem("not_found")`."""
    if until < time.time() or not tokens.is_signed("chat-file", f"{public_id}|{until}", signature):
        raise Problem("not_found")
    attachment = (
        Attachment.objects.filter(public_id=public_id)
        .exclude(message__direction=Message.Direction.NOTE)
        .first()
    )
    try:
        content = attaching.read(attachment) if attachment else None
    except FileNotFoundError:
        content = None
    if attachment is None or content is None:
        raise Problem("not_found")
    kind = attachment.content_type if attachment.content_type in FILE_TYPES else ""
    answer = HttpResponse(content, content_type=kind or "application/octet-stream")
    shown = kind in sniffing.INLINE_TYPES
    answer.headers["Content-Disposition"] = _disposition(attachment.name, inline=shown)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


def _checked_type(content: bytes, name: str, said: str) -> str:
    found = sniffing.content_type(content, name)
    # Text is text, whatever else its name makes of it; what runs in a browser has types of its own.
    if found.startswith("text/") and found not in ("text/html", "text/xml"):
        found = "text/plain"
    if said not in FILE_TYPES and said not in _UNSAID:
        raise Problem("file_type_not_allowed")
    if said in FILE_TYPES and said != found:
        raise Problem("file_type_mismatch")
    if found not in FILE_TYPES:
        raise Problem("file_type_not_allowed")
    return found


def _named(name: str, content_type: str) -> str:
    """A name whose ending fits the content."""
    suffixes = _SUFFIXES[content_type]
    return name if name.lower().endswith(suffixes) else f"{name}{suffixes[0]}"


def _drawn_again(content: bytes, content_type: str) -> bytes:
    """The picture made anew: no EXIF, no place, nothing hidden behind its end."""
    try:
        with Image.open(io.BytesIO(content), formats=[_FORMATS[content_type]]) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise Problem("file_too_large")
            return _encoded(image, _FORMATS[content_type])
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        logger.info("a picture could not be read: %s", type(error).__name__)
        raise Problem("file_type_mismatch") from error
    except Image.DecompressionBombError as error:
        raise Problem("file_too_large") from error


def _encoded(image: Image.Image, format_name: str) -> bytes:
    out = io.BytesIO()
    frames = getattr(image, "n_frames", 1)
    if (
        frames > 1
        and frames * image.width * image.height <= _MOST_PIXELS
        and frames <= _MOST_FRAMES
    ):
        pictures = [frame.copy() for frame in ImageSequence.Iterator(image)]
        pictures[0].save(out, format_name, save_all=True, append_images=pictures[1:])
        return out.getvalue()
    upright = ImageOps.exif_transpose(image)
    if format_name == "JPEG" and upright.mode not in ("RGB", "L"):
        upright = upright.convert("RGB")
    plain = Image.new(upright.mode, upright.size)
    if upright.palette:
        plain.putpalette(upright.palette)
    plain.paste(upright)
    options = {"quality": 88} if format_name in ("JPEG", "WEBP") else {}
    transparency = upright.info.get("transparency")
    if transparency is not None and format_name in ("PNG", "GIF"):
        options["transparency"] = transparency
    plain.save(out, format_name, **options)
    return out.getvalue()


def _signature(public_id: uuid.UUID, until: int) -> str:
    return tokens.signature("chat-file", f"{public_id}|{until}")


def _disposition(name: str, *, inline: bool) -> str:
    return content_disposition_header(not inline, name) or "attachment"
