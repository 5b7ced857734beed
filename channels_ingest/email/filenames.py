"""The name of an attached file: found where senders put it, and made safe to show and to save."""

import mimetypes
import re
import unicodedata

from channels_ingest.email.headers import BIDI, Parameterised, clean

MAX_LENGTH = 200

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/news": ".eml",
    "message/delivery-status": ".txt",
    "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/octet-stream": ".bin",
}
_KINDS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "text": "document",
    "message/delivery-status": "delivery-status",
    "message/rfc822": "message",
}


def declared_name(disposition: Parameterised, type_field: Parameterised) -> str:
    """The name a part gives itself; RFC 2231 first: plain names beside it are for old readers."""
    return next(
        (
            name
            for field, key in (
                (disposition, "filename*"),
                (type_field, "name*"),
                (disposition, "filename"),
                (type_field, "name"),
            )
            if (name := field.parameters.get(key, "").strip())
        ),
        "",
    )


def safe_name(name: str) -> str:
    """The base name alone, without marks that mislead; '' where nothing is left."""
    name = BIDI.sub("", clean(unicodedata.normalize("NFC", name)))
    name = re.split(r"[/\\]", name)[-1].strip(" .\"'<>")
    name = re.sub(r'[<>:"|?*]', "_", name)
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    return _shorten(name)


def kind_name(content_type: str) -> str:
    """What a file without a name is called where its type says what it shows: image, video."""
    return _KINDS.get(content_type) or _KINDS.get(content_type.partition("/")[0], "")


def extension(content_type: str) -> str:
    known = _EXTENSIONS.get(content_type) or mimetypes.guess_extension(content_type)
    return known or (
        ".txt" if content_type.startswith(("text/", "message/", "multipart/")) else ".bin"
    )


def _shorten(name: str) -> str:
    if len(name) <= MAX_LENGTH:
        return name
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: MAX_LENGTH - len(ending) - 1]}.{ending}"
    return name[:MAX_LENGTH]
