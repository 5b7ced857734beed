"""The header of a mail or of a part: its fields, encoded words, and parameters.

Every function takes whatever a sender wrote: what cannot be decoded is shown as it came.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote_to_bytes

from channels_ingest.email import charset

MAX_FIELDS = 1000
MAX_BYTES = 256 * 1024
MAX_FIELD = 64 * 1024
# How far the fields of one header are looked for at all.
MAX_SCANNED = 4 * 1024 * 1024
_VITAL = {
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "content-type",
    "content-transfer-encoding",
}

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_LOST_FOLD = re.compile(
    rb"(?:boundary|charset|name|filename|format|delsp|type|report-type|protocol|micalg|start)\*?=",
    re.IGNORECASE,
)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
# Line ends, NUL and the other control characters; the tab stays white space.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# Marks that change the order in which letters are shown: they make `gpj.exe` read `exe.jpg`.
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Some senders leave blanks inside a word, and question marks inside a Q word.
_WORD = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?(.*?)\?=", re.DOTALL)


@dataclass(slots=True)
class Fields:
    """The fields of one header block, in their order; names match in any case."""

    items: list[tuple[str, bytes]] = field(default_factory=list)
    hint: str = ""  # the charset of raw 8-bit values, where the mail's body names one
    damaged: bool = False

    def raw(self, name: str) -> bytes | None:
        """The first field of this name, folded as it came."""
        name = name.lower()
        return next((value for known, value in self.items if known.lower() == name), None)

    def text(self, name: str) -> str:
        """The first field of this name on one line, encoded words left as they are; '' if none."""
        value = self.raw(name)
        return "" if value is None else self._unfold(value)

    def get(self, name: str) -> str:
        """The first field of this name, decoded; '' if there is none."""
        return decode_words(self.text(name))

    def get_all(self, name: str) -> list[str]:
        """Every field of this name, decoded."""
        return [decode_words(value) for value in self.texts(name)]

    def texts(self, name: str) -> list[str]:
        """Every field of this name on one line, encoded words left as they are."""
        name = name.lower()
        return [self._unfold(value) for known, value in self.items if known.lower() == name]

    def __contains__(self, name: str) -> bool:
        return self.raw(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, decode_words(self._unfold(value))) for name, value in self.items)

    def _unfold(self, value: bytes) -> str:
        text = (
            value.decode("ascii") if value.isascii() else charset.decode(value, "", self.hint).text
        )
        return clean(_FOLD.sub("", text)).strip()


def parse_fields(block: bytes) -> Fields:
    """The fields of a header block. A line that is no field is left out, and noted as damage.

    So is what is beyond the limits, except the first field of each name that a mail lives by:
    nobody hides the sender behind a thousand other fields.
    """
    reader = _FieldReader(Fields(damaged=len(block) > MAX_SCANNED))
    for line in block[:MAX_SCANNED].splitlines(keepends=True):
        reader.read(line)
    reader.end_field()
    return reader.fields


@dataclass(slots=True)
class _FieldReader:
    """Gathers the lines of one field after the other, within the limits."""

    fields: Fields
    name: str = ""
    lines: list[bytes] = field(default_factory=list)
    size: int = 0  # of the field that is being read
    left: int = MAX_BYTES
    vital: set[str] = field(default_factory=set)

    def read(self, line: bytes) -> None:
        if line[:1] in b" \t" and (self.lines or not self.fields.items):
            self._gather(line)
        elif self.lines and self.name.lower().startswith("content-") and is_lost_fold(line):
            self._gather(b" " + line)
        else:
            self.end_field()
            match = _FIELD.match(line)
            if match:
                self.name = match[1].decode("ascii")
                self._gather(line[match.end() :])
            elif line.strip() and not line.startswith((b"From ", b">From ")):
                self.fields.damaged = True

    def _gather(self, line: bytes) -> None:
        room = MAX_FIELD - self.size
        self.fields.damaged = self.fields.damaged or len(line) > room
        if room > 0 or not self.lines:
            self.lines.append(line[:room])
        self.size += len(line)

    def end_field(self) -> None:
        name, value = self.name, b"".join(self.lines).rstrip(b"\r\n")
        self.name, self.lines, self.size = "", [], 0
        if not name:
            return
        self.left -= len(value)
        is_vital = name.lower() in _VITAL and name.lower() not in self.vital
        if is_vital or (self.left > 0 and len(self.fields.items) < MAX_FIELDS):
            self.fields.items.append((name, value))
            self.vital.add(name.lower())
        else:
            self.fields.damaged = True


def looks_like_field(line: bytes) -> bool:
    return _FIELD.match(line) is not None


def is_lost_fold(line: bytes) -> bool:
    """Whether the line is a parameter whose blank before it was lost on the way."""
    return _LOST_FOLD.match(line) is not None


def clean(text: str) -> str:
    """On one line, without control characters (tab becomes a blank)."""
    return _CONTROL.sub("", text.replace("\t", " "))


# ---------------------------------------------------------------- encoded words, RFC 2047


def decode_words(text: str) -> str:
    """Undo the encoded words of a value, those inside quotes as well.

    Neighbouring words of one charset are joined before they are decoded, for senders that cut in
    the middle of a character.
    """
    end = text.rfind("?=")
    if end < 0:
        return text
    out: list[str] = []
    run: list[tuple[str, bytes, str]] = []  # charset, bytes, the word as it came
    at = 0
    for word in _WORD.finditer(text, 0, end + 2):
        between = text[at : word.start()]
        if between.strip() or not run:
            out += [_decode_run(run), between]
            run = []
        data = _word_bytes(word[2], word[3])
        run.append(("" if data is None else word[1], data or b"", word[0]))
        at = word.end()
    return clean("".join([*out, _decode_run(run), text[at:]]))


def _word_bytes(kind: str, content: str) -> bytes | None:
    data = content.encode("utf-8", "replace")
    if kind in "qQ":
        return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(data) % 4 == 1:
        data = data[:-1]
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return None


def _decode_run(run: list[tuple[str, bytes, str]]) -> str:
    out, at = [], 0
    while at < len(run):
        name, last = run[at][0], at
        while last + 1 < len(run) and run[last + 1][0].lower() == name.lower():
            last += 1
        words = run[at : last + 1]
        # RFC 2231 lets a language follow the charset: =?utf-8*pl?Q?...?=
        codec = charset.codec_for(name.partition("*")[0])
        if not name:
            out += [as_it_came for _, _, as_it_came in words]
        elif codec and "2022" in codec:  # each word begins in its first state anew
            out += [charset.decode(data, name).text for _, data, _ in words]
        else:
            joined = b"".join(data for _, data, _ in words)
            out.append(charset.decode(joined, name.partition("*")[0]).text)
        at = last + 1
    return "".join(out)


# ---------------------------------------------------------------- parameters, RFC 2045 and 2231

_PARAMETER = re.compile(
    r';\s*([^\s;=*"]{1,60})(?:\*(\d{1,4}))?(\*)?\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL
)
_MEDIA_TYPE = re.compile(r"\s*([^\s;/\"]{1,80})\s*/\s*([^\s;\"]{1,120})")
_LOST_SEMICOLON = re.compile(
    r'(?<=[\s"])(?=(?:charset|name|filename|boundary|format|type)\s*=)', re.IGNORECASE
)


class Parameterised:
    """A value such as Content-Type's: `text/plain; charset=utf-8`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.value = text.partition(";")[0].strip().lower()

    @cached_property
    def media_type(self) -> str:
        """`text/plain`, or '' where the value has no such form."""
        found = _MEDIA_TYPE.match(self.text)
        return f"{found[1]}/{found[2]}".lower() if found else ""

    @cached_property
    def parameters(self) -> dict[str, str]:
        """By lower-case name, decoded; what RFC 2231 encodes stands as `name*` as well."""
        text = self.text
        if ";" not in text[:200] or "=" not in text:
            text = _LOST_SEMICOLON.sub(";", text)
        plain: dict[str, str] = {}
        pieces: dict[str, dict[int, tuple[bool, str]]] = {}
        for name, number, star, written in _PARAMETER.findall(text):
            value = _unquote(written)
            if number or star:
                pieces.setdefault(name.lower(), {}).setdefault(
                    int(number or 0), (bool(star), value)
                )
            else:
                plain.setdefault(name.lower(), decode_words(value))
        for name, numbered in pieces.items():
            plain[f"{name}*"] = _join_pieces([numbered[n] for n in sorted(numbered)])
        return plain

    def get(self, name: str) -> str:
        return self.parameters.get(f"{name}*") or self.parameters.get(name, "")


def _unquote(value: str) -> str:
    value = value.strip()
    if value.startswith('"'):
        # Only quotes and backslashes are escaped: some write Windows paths as they are.
        closed = len(value) > 1 and value.endswith('"')
        return re.sub(r'\\(["\\])', r"\1", value[1:-1] if closed else value[1:])
    return value


def _join_pieces(pieces: list[tuple[bool, str]]) -> str:
    extended = pieces[0][0]
    first = pieces[0][1]
    name = ""
    if extended and first.count("'") >= 2:
        name, _language, first = first.split("'", 2)
    data = b"".join(
        unquote_to_bytes(value) if star else value.encode("utf-8", "replace")
        for star, value in [(extended, first), *pieces[1:]]
    )
    return clean(decode_words(charset.decode(data, name).text))
