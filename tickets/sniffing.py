"""What a file is, by its content. What the sender says it is, is not believed."""

import re

import puremagic

# A browser would run or draw these as a document, whatever they are called.
_ACTIVE = re.compile(
    rb"<(!doctype\s+html|html|head|body|script|svg|iframe|\?xml-stylesheet)\b", re.IGNORECASE
)
_XML = re.compile(rb"\s*<\?xml\b", re.IGNORECASE)
_LOOKED_AT = 4_096

_BY_SUFFIX = {
    ".csv": "text/csv",
    ".eml": "message/rfc822",
    ".ics": "text/calendar",
    ".json": "application/json",
    ".md": "text/markdown",
}

# Shown inside a page: pictures that no browser runs as a document.
INLINE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def content_type(content: bytes, name: str = "") -> str:
    """The content type that the bytes show; `application/octet-stream` where they show none."""
    head = content[:_LOOKED_AT]
    if _is_text(head):
        return _text_type(head, name)
    try:
        found = puremagic.magic_string(content[:65_536], name or None)
    except (puremagic.PureError, ValueError, UnicodeError):
        return "application/octet-stream"
    types = [match.mime_type for match in found if match.mime_type]
    return str(types[0]) if types else "application/octet-stream"


def _is_text(head: bytes) -> bool:
    if b"\0" in head or head.startswith((b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8", b"PK")):
        return False
    controls = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in head)
    return controls == 0


def _text_type(head: bytes, name: str) -> str:
    if _ACTIVE.search(head):
        return "image/svg+xml" if b"<svg" in head.lower() else "text/html"
    if _XML.match(head):
        return "text/xml"
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return _BY_SUFFIX.get(suffix, "text/plain")
