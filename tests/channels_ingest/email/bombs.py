"""Mails that want to break whoever reads them, and a process of its own that must survive them.

`python -m tests.channels_ingest.email.bombs CHANNEL FOLDER` takes every file of the folder through
the journal to its ticket, as a receiver and a worker do, with no more memory than the limit, and
prints for each what it took.
"""

import base64
import io
import json
import resource
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

MOST_MEMORY = 300 * 1024 * 1024
MOST_CPU_S = 120
HEAD = b"From: Anna <anna@example.com>\r\nTo: pomoc@sklep.example.pl\r\nSubject: Pytanie\r\n"


def nested(count: int) -> bytes:
    levels = (
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(count)
    )
    return HEAD + "".join(levels).encode() + b"\r\nkoniec\r\n"


MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n'


def _with_file(name: str, content: bytes) -> bytes:
    return (
        HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\ntekst\r\n--b\r\n'
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="
        + name.encode()
        + b"\r\n\r\n"
        + base64.encodebytes(content)
        + b"--b--\r\n"
    )


def _zip_of_zeros() -> bytes:
    """A quarter of a gigabyte in a megabyte."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(16):
            archive.writestr(f"{number}.bin", bytes(16 * 1024 * 1024))
    return file.getvalue()


def _png_header(width: int, height: int) -> bytes:
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + size
    checksum = struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(size)) + chunk + checksum


_LAUGHS = (
    b'<!DOCTYPE svg [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b']><svg xmlns="http://www.w3.org/2000/svg"><text>&a11;</text></svg>'
)
BOMBS: dict[str, Callable[[], bytes]] = {
    "nested": lambda: nested(10_000),
    "one boundary for all": lambda: HEAD + MIXED[len(HEAD) :].join([b"\r\n--b\r\n"] * 50_000),
    "endless rfc822": lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 100_000,
    "empty parts": lambda: MIXED + b"\r\n" + b"--b\r\n" * 100_000 + b"--b--\r\n",
    "nearly boundaries": lambda: MIXED + b"\r\n--b\r\n" + b"--bx\r\n" * 500_000,
    "header of 1 MB": lambda: HEAD + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\ntekst",
    "200,000 fields": lambda: HEAD + b"X: y\r\n" * 200_000 + b"\r\ntekst",
    "100,000 addresses": lambda: HEAD + b"Cc: " + b"a@b.pl,\r\n " * 100_000 + b"\r\n\r\ntekst",
    "unclosed quotes": lambda: HEAD + b"Cc: " + b'"\\' * 100_000 + b"\r\n\r\ntekst",
    "unclosed comments": lambda: HEAD + b"Cc: " + b"(" * 200_000 + b"\r\n\r\ntekst",
    "unclosed words": lambda: HEAD + b"Cc: " + b"=?a?q?" * 40_000 + b"\r\n\r\ntekst",
    "blanks": lambda: HEAD + b"X-A: " + b" " * 250_000 + b"x\r\n\r\ntekst",
    "uuencoded": lambda: (
        HEAD + b"Content-Type: image/png\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
        b"begin 644 x\n" + b"M\n" * 1_000_000
    ),
    "bounce words": lambda: (
        HEAD + b"Return-Path: <>\r\n\r\n" + b"user: mailbox unknown or recipient " * 30_000
    ),
    "zip bomb": lambda: _with_file("bomba.zip", _zip_of_zeros()),
    "flood of pixels": lambda: _with_file("obraz.png", _png_header(50_000, 50_000)),
    "entities in SVG": lambda: _with_file("obraz.svg", _LAUGHS),
    "50,000 references": lambda: (
        HEAD + b"References: " + b"<a@b.pl>\r\n " * 50_000 + b"\r\n\r\ntekst"
    ),
    "endless digests": lambda: (
        HEAD + b'Content-Type: multipart/digest; boundary="b"\r\n\r\n--b\r\n' * 60_000
    ),
    "50 MB of text": lambda: HEAD + b"\r\n" + b"Ala ma kota i psa.\r\n" * 2_600_000,
    "50 MB of HTML": lambda: (
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div><p>Ala ma kota." * 2_600_000
    ),
    "much HTML": lambda: (
        MIXED + b"\r\n" + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>" * 300_000) * 30
    ),
    "50 MB": lambda: (
        MIXED
        + (
            b"\r\n--b\r\n\r\ntekst\r\n--b\r\nContent-Type: application/pdf\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + (b"QUJD" * 19 + b"\r\n") * 640_000
        )
    ),
}


def main(channel_id: int, folder: Path) -> None:
    """Take the mails in, in the order of their names."""
    import django

    django.setup()
    from channels_ingest import journal, waking
    from channels_ingest.email.keeping import keep
    from tickets.models import Channel

    # The worker of this test is the next line, not a queue.
    waking.process = _not_now
    channel = Channel.objects.get(pk=channel_id)
    for path in sorted(folder.iterdir()):
        began = time.process_time()
        event, _is_new = keep(channel, path.read_bytes(), source="pipe")
        journal.process(event.pk)
        done = {"name": path.name, "event": event.pk, "seconds": time.process_time() - began}
        sys.stdout.write(json.dumps({**done, "bytes": _most_memory()}) + "\n")


def _not_now(event: object) -> None:
    """Nobody else is woken."""


def _most_memory() -> int:
    """The most that this program has held, in bytes."""
    # `ru_maxrss` begins at what the process held that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    # Private memory: what a container's limit counts as well.
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    main(int(sys.argv[1]), Path(sys.argv[2]))
