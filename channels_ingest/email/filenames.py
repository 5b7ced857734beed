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
    "message/delivery-status": ".txt",
    "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/octet-stream": ".bin",
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


def safe_name(name: str, *, number: int, content_type: str) -> str:
    """The base name alone, without marks that mislead; never empty (`zalacznik-3.pdf`)."""
    name = BIDI.sub("", clean(unicodedata.normalize("NFC", name)))
    name = re.split(r"[/\\]", name)[-1].strip(" .\"'<>")
    name = re.sub(r'[<>:"|?*]', "_", name)
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    if not name:
        return f"zalacznik-{number}{extension(content_type)}"
    return _shorten(name)


def extension(content_type: str) -> str:
    return _EXTENSIONS.get(content_type) or mimetypes.guess_extension(content_type) or ".bin"


def _shorten(name: str) -> str:
    if len(name) <= MAX_LENGTH:
        return name
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: MAX_LENGTH - len(ending) - 1]}.{ending}"
    return name[:MAX_LENGTH]
