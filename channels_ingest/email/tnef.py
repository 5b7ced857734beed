"""Outlook's winmail.dat (TNEF, MS-OXTNEF): the files and the text inside.

Own code because the library for it trusts the counts in the file: a hundred bytes can keep it busy
for hours. Here every count is held against the bytes that are left.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels_ingest.email import charset

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_OBJECTS = 5000

_BEGIN_ATTACHMENT = 0x9002
_ATTACHMENT_TITLE = 0x8010
_ATTACHMENT_DATA = 0x800F
_ATTACHMENT_PROPERTIES = 0x9005
_MESSAGE_PROPERTIES = 0x9003
_MESSAGE_BODY = 0x800C
_CODEPAGE = 0x9007

# Properties (MS-OXPROPS) by their number
_BODY, _BODY_HTML = 0x1000, 0x1013
_LONG_NAME, _SHORT_NAME, _DATA, _MIME_TYPE, _CONTENT_ID = 0x3707, 0x3704, 0x3701, 0x370E, 0x3712
_WIDTH = {
    0x0: 4,
    0x2: 4,
    0x3: 4,
    0x4: 4,
    0xA: 4,
    0xB: 4,
    0x5: 8,
    0x6: 8,
    0x7: 8,
    0x14: 8,
    0x40: 8,
    0x48: 16,
}
_SIZED = {0xD, 0x1E, 0x1F, 0x102}
_UNICODE, _OBJECT, _MULTIPLE, _NAMED = 0x1F, 0xD, 0x1000, 0x8000
_OBJECT_HEADER = 16


@dataclass(slots=True)
class TnefFile:
    """One file of a winmail.dat."""

    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Tnef:
    """What a winmail.dat holds; text and HTML are empty where it has only RTF."""

    files: list[TnefFile] = field(default_factory=list)
    text: str = ""
    html: str = ""


def unpack(data: bytes) -> Tnef | None:
    """The content of a winmail.dat; None for what is none. One cut short gives what it has."""
    if not data.startswith(SIGNATURE):
        return None
    found, codepage = Tnef(), "cp1250"
    for name, content in _objects(data):
        if name == _CODEPAGE and len(content) >= 4:
            codepage = f"cp{int.from_bytes(content[:4], 'little')}"
        elif name == _MESSAGE_BODY:
            found.text = _string(content, codepage)
        elif name == _MESSAGE_PROPERTIES:
            _read_message(found, content, codepage)
        elif name == _BEGIN_ATTACHMENT:
            found.files.append(TnefFile())
        elif found.files:
            _read_file(found.files[-1], name, content, codepage)
    found.files = [file for file in found.files if file.content or file.name]
    return found


def _objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    for _ in range(MAX_OBJECTS):
        if at + 9 > len(data):
            return
        name, size = struct.unpack_from("<xHxxI", data, at)
        yield name, data[at + 9 : at + 9 + size]
        at += size + 11


def _read_message(found: Tnef, content: bytes, codepage: str) -> None:
    for number, kind, value in _properties(content):
        if number == _BODY:
            found.text = _string(value, codepage, kind)
        elif number == _BODY_HTML:
            declared = charset.charset_of_page(value) or codepage
            found.html = _string(value, declared, kind)


def _read_file(file: TnefFile, name: int, content: bytes, codepage: str) -> None:
    if name == _ATTACHMENT_TITLE:
        file.name = file.name or _string(content, codepage)
    elif name == _ATTACHMENT_DATA:
        file.content = content
    elif name == _ATTACHMENT_PROPERTIES:
        for number, kind, value in _properties(content):
            if number == _LONG_NAME or (number == _SHORT_NAME and not file.name):
                file.name = _string(value, codepage, kind) or file.name
            elif number == _DATA:
                file.content = value[_OBJECT_HEADER:] if kind == _OBJECT else value
            elif number == _MIME_TYPE:
                file.content_type = _string(value, codepage, kind).lower()
            elif number == _CONTENT_ID:
                file.content_id = _string(value, codepage, kind).strip("<>")


def _properties(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, kind and value of each property; ends at the first that does not fit."""
    at = 4
    while at + 4 <= len(content):
        kind, number = struct.unpack_from("<HH", content, at)
        at += 4
        if number >= _NAMED:
            at = _after_name(content, at)
        several, kind = kind & _MULTIPLE, kind & ~_MULTIPLE
        count = 1
        if several or kind in _SIZED:
            count = _number(content, at)
            at += 4
        for _ in range(count):
            size = _WIDTH.get(kind, 0)
            if kind in _SIZED:
                size = _number(content, at)
                at += 4
            elif not size:
                return
            if at + size > len(content):
                return
            yield number, kind, content[at : at + size]
            at += size + -size % 4


def _after_name(content: bytes, at: int) -> int:
    """Where a property goes on after the name or number that it has beyond the standard's."""
    by_text = _number(content, at + 16)
    at += 20
    if not by_text:
        return at + 4
    size = _number(content, at)
    return at + 4 + size + -size % 4


def _number(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 4], "little")


def _string(value: bytes, codepage: str, kind: int = 0) -> str:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\x00")
    return charset.decode(value.rstrip(b"\x00"), codepage).text
