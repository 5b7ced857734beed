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
    """The fields of a header block. A line that is no field is left out, and noted as damage."""
    fields = Fields()
    if len(block) > MAX_BYTES:
        block, fields.damaged = block[:MAX_BYTES], True
    name = ""
    lines: list[bytes] = []
    for line in block.splitlines(keepends=True):
        if line[:1] in b" \t" and (lines or not fields.items):
            lines.append(line)
            continue
        if lines and name.lower().startswith("content-") and is_lost_fold(line):
            lines.append(b" " + line)
            continue
        if lines and name:
            fields.items.append((name, b"".join(lines).rstrip(b"\r\n")))
        match = _FIELD.match(line)
        if len(fields.items) >= MAX_FIELDS:
            fields.damaged, lines = True, []
            break
        name, lines = (match[1].decode("ascii"), [line[match.end() :]]) if match else ("", [])
        if not match and line.strip() and not line.startswith((b"From ", b">From ")):
            fields.damaged = True
    if lines and name:
        fields.items.append((name, b"".join(lines).rstrip(b"\r\n")))
    return fields


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
