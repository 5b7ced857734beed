"""A mail cut into its parts, by offsets into the raw bytes.

The parts are found by searching for boundary lines instead of reading line by line: a mail of
50 MB costs some tens of milliseconds and no copies, and the limits hold while the mail is cut:
endless nesting and endless parts end there, noted as damage; the raw mail has the rest.
"""

import re
from dataclasses import dataclass, field

from channels_ingest.email.headers import (
    MAX_FIELDS,
    Fields,
    Parameterised,
    is_lost_fold,
    looks_like_field,
    parse_fields,
)

MAX_DEPTH = 20
MAX_PARTS = 500
# Lines that begin like a boundary and are none cost time, too.
MAX_CANDIDATES = 20 * MAX_PARTS
MAX_BLANKS = 20  # lines of blanks inside one header

_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n|\r?\n\Z|\Z")
_BEGINS_PART = re.compile(rb"[ \t]*\r?\nContent-", re.IGNORECASE)
_MAYBE_BOUNDARY = re.compile(rb"\A\s*--([^\s\"<>]{1,70})[ \t]*\r?\nContent-", re.IGNORECASE)


@dataclass(slots=True)
class Part:
    """One part: its fields, its content's place in the raw mail, and the parts inside it."""

    raw: bytes
    fields: Fields
    start: int
    end: int
    content_type: str
    type_field: Parameterised
    disposition: Parameterised
    parts: list["Part"] = field(default_factory=list)
    damaged: bool = False
    beyond: bool = False  # the limits end here: its parts were not looked for
    declared: bool = True  # whether the part itself names its type

    @property
    def body(self) -> bytes:
        """The content, still in its transfer encoding."""
        return self.raw[self.start : self.end]

    @property
    def view(self) -> memoryview:
        """As `body`, without a copy."""
        return memoryview(self.raw)[self.start : self.end]

    @property
    def encoding(self) -> str:
        return self.fields.text("Content-Transfer-Encoding").split(";")[0].strip()

    def leaves(self) -> list["Part"]:
        """The parts that hold content, in their order."""
        if not self.parts:
            return [self]
        return [leaf for part in self.parts for leaf in part.leaves()]


@dataclass(slots=True)
class _Budget:
    parts: int = MAX_PARTS
    candidates: int = MAX_CANDIDATES


def cut(raw: bytes) -> Part:
    """The tree of parts of a whole mail."""
    if b"\n" not in raw[:100_000] and b"\r" in raw[:100_000]:
        raw = raw.replace(b"\r", b"\n")
    root = _cut(raw, 0, len(raw), default="text/plain", depth=MAX_DEPTH, budget=_Budget())
    if not root.fields.hint:
        # Raw 8-bit fields are mostly in the charset of the text below them.
        root.fields.hint = next(
            (leaf.fields.hint for leaf in root.leaves() if leaf.fields.hint), ""
        )
    return root


def _cut(raw: bytes, start: int, end: int, *, default: str, depth: int, budget: _Budget) -> Part:
    fields, body = _header(raw, start, end)
    type_field = _type_of(fields, raw[body : min(end, body + 1000)])
    part = Part(
        raw=raw,
        fields=fields,
        start=body,
        end=end,
        content_type=type_field.media_type or default,
        type_field=type_field,
        disposition=Parameterised(fields.text("Content-Disposition")),
        damaged=fields.damaged,
        declared=bool(type_field.media_type),
    )
    fields.hint = type_field.get("charset")
    if part.content_type.startswith("multipart/"):
        _cut_multipart(part, depth, budget)
    return part


def _type_of(fields: Fields, beginning: bytes) -> Parameterised:
    """The part's type; of several that contradict each other the one that its content bears out.

    A multipart begins with its boundary and HTML with a tag; all else is shown as text, so that
    nothing of it is lost.
    """
    stated = [Parameterised(text) for text in fields.texts("Content-Type")]
    kinds = {one.media_type for one in stated} - {""}
    if len(kinds) < 2:
        return stated[0] if stated else Parameterised("")
    fields.damaged = True
    content = beginning.lstrip()
    for one in stated:
        boundary = one.get("boundary").encode("utf-8", "replace")
        if boundary and content.startswith(b"--" + boundary):
            return one
        if one.media_type == "text/html" and content.startswith(b"<"):
            return one
    return next((one for one in stated if one.media_type == "text/plain"), stated[0])


def _cut_multipart(part: Part, depth: int, budget: _Budget) -> None:
    default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
    boundary = part.type_field.get("boundary").rstrip().encode("utf-8", "replace")
    if not boundary and (
        guess := _MAYBE_BOUNDARY.match(part.raw, part.start, min(part.end, part.start + 1000))
    ):
        boundary, part.damaged = guess[1], True
    if not boundary or depth == 0:
        part.damaged, part.beyond = True, depth == 0
        return
    places, closed = _boundaries(part, boundary, budget)
    part.damaged = part.damaged or not closed
    part.beyond = not places and budget.candidates <= 0
    for start, end in places:
        if budget.parts <= 0:
            part.damaged = True
            break
        budget.parts -= 1
        part.parts.append(
            _cut(part.raw, start, end, default=default, depth=depth - 1, budget=budget)
        )


def _boundaries(part: Part, boundary: bytes, budget: _Budget) -> tuple[list[tuple[int, int]], bool]:
    """Where each part begins and ends, and whether the closing boundary is there.

    Past the limits what is left belongs to the last part found.
    """
    raw, mark = part.raw, b"--" + boundary
    places: list[tuple[int, int]] = []
    begun: int | None = None
    at = part.start - 1 if part.start and raw[part.start - 1] == 0x0A else part.start
    found = (
        part.start if raw.startswith(mark, part.start, part.end) else _next(raw, mark, at, part.end)
    )
    while found >= 0 and budget.candidates > 0:
        budget.candidates -= 1
        line_end = raw.find(b"\n", found, part.end)
        line_end = part.end if line_end < 0 else line_end
        rest = raw[found + len(mark) : min(line_end, found + len(mark) + 80)].rstrip()
        if rest in (b"", b"--"):
            if begun is not None:
                places.append((begun, _before_line_end(raw, begun, found)))
            begun = min(line_end + 1, part.end)
            if rest and not _goes_on(raw, mark, begun, part.end):
                return places, True
            if len(places) >= MAX_PARTS:
                break
        found = _next(raw, mark, found, part.end)
    if begun is not None:
        places.append((begun, part.end))
    return places, False


def _goes_on(raw: bytes, mark: bytes, start: int, end: int) -> bool:
    """Whether parts follow the closing boundary: some mails close one boundary twice."""
    at = raw.find(b"\n" + mark, start - 1, end)
    return at >= 0 and _BEGINS_PART.match(raw, at + 1 + len(mark), end) is not None


def _next(raw: bytes, mark: bytes, start: int, end: int) -> int:
    found = raw.find(b"\n" + mark, start, end)
    return found + 1 if found >= 0 else -1


def _before_line_end(raw: bytes, start: int, at: int) -> int:
    """The line end before a boundary belongs to the boundary."""
    if at > start and raw[at - 1] == 0x0A:
        at -= 1
        if at > start and raw[at - 1] == 0x0D:
            at -= 1
    return at


def _header(raw: bytes, start: int, end: int) -> tuple[Fields, int]:
    """The fields at `start`, and where the content begins."""
    first = raw[start : min(end, start + 2)]
    if first.startswith((b"\n", b"\r\n")):  # no fields at all
        return Fields(), start + (1 if first[:1] == b"\n" else 2)
    stop, body = _blank_line(raw, start, end)
    head_end = _end_of_fields(raw, start, stop)
    if head_end is not None:
        fields = parse_fields(raw[start:head_end])
        fields.damaged = True
        return fields, head_end
    return parse_fields(raw[start:stop]), body


def _blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the fields end and where the content begins.

    A line of blanks alone ends them as well, unless the header plainly goes on behind it (the
    obsolete folding of RFC 5322).
    """
    for number, blank in enumerate(_BLANK_LINE.finditer(raw, start, end)):
        empty = blank[0].lstrip(b"\r\n")[:1] not in (b" ", b"\t")
        if empty or number >= MAX_BLANKS or not _HEADER_GOES_ON.match(raw, blank.end(), end):
            return blank.start(), blank.end()
    return end, end


# Names that show that a header still goes on after a line that is no field.
_KNOWN_FIELD = re.compile(
    rb"(?:received|from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|x-[a-z0-9-]+"
    rb"|return-path|sender|reply-to|references|in-reply-to|dkim-signature|delivered-to|list-[a-z]+"
    rb"|authentication-results)[ \t]*:",
    re.IGNORECASE,
)

_HEADER_GOES_ON = re.compile(rb"(?:[ \t][^\r\n]{1,998}\r?\n){0,20}" + _KNOWN_FIELD.pattern, re.I)


def _end_of_fields(raw: bytes, start: int, stop: int) -> int | None:
    """Where the content begins although no blank line says so; None where the header is in order.

    Lines that are no fields end the header, unless fields of a mail follow them: then they are
    rubbish in its middle.
    """
    at, rubbish = start, -1
    for _ in range(2 * MAX_FIELDS):
        if at >= stop:
            break
        line_end = raw.find(b"\n", at, stop)
        line_end = stop if line_end < 0 else line_end + 1
        line = raw[at : min(line_end, at + 300)]
        if line.startswith(b"--"):
            return rubbish if rubbish >= 0 else at  # a boundary
        if _KNOWN_FIELD.match(line):
            rubbish = -1
        elif rubbish < 0 and not _is_ordinary(line):
            rubbish = at
        at = line_end
    return rubbish if rubbish >= 0 else None


def _is_ordinary(line: bytes) -> bool:
    return (
        line[:1] in b" \t"
        or looks_like_field(line)
        or is_lost_fold(line)
        or line.startswith((b"From ", b">From "))
    )
