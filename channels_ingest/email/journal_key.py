"""The journal's key of a mail, found by searching the bytes, so that it exists before any parsing.

Equal for a second copy of a mail (another folder, another delivery of the same message), different
for another mail that reuses a Message-ID.
"""

import hashlib
import re

MAX_HEADER = 256 * 1024

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(
    rb"^(from|to|date|subject|message-id)[ \t]*:((?:[^\n]*\n?)(?:[ \t][^\n]*\n?)*)",
    re.IGNORECASE | re.MULTILINE,
)
_ID = re.compile(rb"<?\s*([^\s<>]{1,250})")


def journal_key(raw: bytes) -> str:
    """`message:<id>:<sha-256>`; the id may be empty, the hash then tells mails apart alone."""
    end = _HEADER_END.search(raw, 0, MAX_HEADER)
    head = raw[: end.start() if end else MAX_HEADER]
    digest = hashlib.sha256()
    message_id = b""
    seen: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(head):
        seen.setdefault(name.lower(), b" ".join(value.split()))
    if found := _ID.search(seen.get(b"message-id", b"")):
        message_id = found[1]
    for name in (b"from", b"to", b"date", b"subject"):
        digest.update(name + b":" + seen.get(name, b"") + b"\n")
    # Line ends differ between a pipe, SMTP and IMAP.
    body = memoryview(raw)[end.end() if end else len(head) :]
    for start in range(0, len(body), 1 << 20):
        digest.update(bytes(body[start : start + (1 << 20)]).replace(b"\r", b""))
    return f"message:{message_id.decode('ascii', 'replace').lower()[:250]}:{digest.hexdigest()}"
