"""The attachments of a Messenger message: files to fetch, and lines for what is none.

Types: contracts/messenger.md 6. An unknown one is told of in a line; its raw form stays in the
journal.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from tickets.incoming import File

_FILES = {"image", "audio", "video", "file", "sticker", "reel", "ig_reel", "post", "ig_post"}
_SHARED = {"reel", "ig_reel", "post", "ig_post"}
_MAP = "https://www.openstreetmap.org/?mlat={lat}&mlon={long}#map=16/{lat}/{long}"
_WEB = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Content:
    files: tuple[File, ...]
    lines: tuple[str, ...]
    context: dict[str, Any]


def read(attachments: Iterable[dict[str, Any]], text: str) -> Content:
    """Sort the attachments into files, facts, and lines to add to the message's `text`."""
    files: list[File] = []
    lines: list[str] = []
    context: dict[str, Any] = {}
    for attachment in attachments:
        kind, payload = str(attachment.get("type", "")), attachment.get("payload") or {}
        url = _web(payload.get("url"))
        if kind in _FILES and url:
            files.append(_file(kind, url, payload))
            lines += [str(payload["title"])] if kind in _SHARED and payload.get("title") else []
        elif kind == "fallback":
            lines.append(_shared_link(attachment, payload, text))
        elif kind == "location" and "coordinates" in payload:
            lines.append(_place(attachment, payload["coordinates"]))
            context["location"] = payload["coordinates"]
        elif kind == "appointment_booking":
            lines.append(_booking(payload))
            context["booking"] = payload
        else:
            lines.append(_("[unsupported attachment]"))
    return Content(tuple(files), tuple(lines), context)


def _file(kind: str, url: str, payload: dict[str, Any]) -> File:
    sticker = payload.get("sticker_id")
    if sticker:
        # The name is all that is left of it where the picture cannot be fetched.
        return File(filename=f"sticker-{sticker}", url=url, mark="sticker")
    name = unquote(PurePosixPath(urlsplit(url).path).name)
    return File(filename=name, url=url, mark="shared" if kind in _SHARED else "")


def _shared_link(attachment: dict[str, Any], payload: dict[str, Any], text: str) -> str:
    title = " ".join(str(attachment.get("title") or payload.get("title") or "").split())
    url = _web(attachment.get("url") or payload.get("url"))
    if not title and not url:
        return _("[unsupported attachment]")
    return ": ".join(part for part in (title, url) if part and part not in text)


def _place(attachment: dict[str, Any], coordinates: dict[str, Any]) -> str:
    where = {"lat": float(coordinates["lat"]), "long": float(coordinates["long"])}
    title = str(attachment.get("title") or _("Location"))
    return f"{title}: {_MAP.format(**where)}"


def _booking(payload: dict[str, Any]) -> str:
    return _("[appointment: %(status)s, %(start)s to %(end)s]") % {
        "status": payload.get("status", "?"),
        "start": payload.get("start_time", "?"),
        "end": payload.get("end_time", "?"),
    }


def _web(url: object) -> str:
    """The address if it is one of the web, else ''."""
    if not isinstance(url, str) or not _WEB.fullmatch(url):
        return ""
    try:
        return url if urlsplit(url).hostname else ""
    except ValueError:
        return ""
