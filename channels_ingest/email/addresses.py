"""Addresses as mails carry them: groups, comments, quoted names, several in one field, rubbish."""

import re
from dataclasses import dataclass

import idna

from channels_ingest.email.headers import BIDI, Fields, clean, decode_words

MAX_ADDRESSES = 1000
MAX_LENGTH = 100_000

_TOKEN = re.compile(
    r"""
      "(?:[^"\\]++|\\.){0,60}"  # a quoted string; the bound keeps unclosed ones cheap
    | =\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]{0,1000}\?=   # an encoded word: its commas are not ours
    | [(),;:<>"]               # what structures the list
    | [^(),;:<>"=]+ | =        # anything else
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"\([^()]{0,200}\)")
_LOCAL = re.compile(r"[\w.+-]{1,64}")
_ADDRESS = re.compile(r"[^\s<>()\",;:@]{1,256}@[^\s<>()\",;:@]{1,256}")


@dataclass(frozen=True, slots=True)
class Address:
    """A name (may be empty) and an address as the sender wrote it."""

    name: str
    email: str

    @property
    def key(self) -> str:
        """The address for comparing: lower case, the domain in its ASCII form."""
        local, at, domain = self.email.lower().rpartition("@")
        return f"{local}{at}{ascii_domain(domain)}"

    @property
    def domain(self) -> str:
        return ascii_domain(self.email.lower().rpartition("@")[2])

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


def ascii_domain(domain: str) -> str:
    """A domain name in lower-case A-labels; one that is not valid stays as it is."""
    domain = domain.lower().rstrip(".")
    if domain.isascii() or len(domain) > 253:
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain


def addresses_of(fields: Fields, name: str) -> list[Address]:
    """The addresses of every field of this name, each once."""
    found: dict[str, Address] = {}
    for value in fields.texts(name):
        for address in parse_addresses(value):
            found.setdefault(address.key, address)
    return list(found.values())


def parse_addresses(value: str) -> list[Address]:
    """The addresses of one field, its encoded words not yet undone."""
    value = value[:MAX_LENGTH]
    found = _parse(value)
    if not found and "=?" in value and (decoded := decode_words(value)) != value:
        found = _parse(decoded)  # an encoded word around the whole of it
    return found[:MAX_ADDRESSES]


def _parse(value: str) -> list[Address]:
    reader = _Reader()
    for token in _TOKEN.finditer(value):
        reader.read(token[0])
        if len(reader.found) > MAX_ADDRESSES:
            break
    reader.end_address()
    if not reader.found and len(reader.pending) == 1 and _LOCAL.fullmatch(reader.pending[0]):
        return [Address("", _address(reader.pending[0]))]  # a name of this host: root
    return reader.found


class _Reader:
    """Reads tokens, and gathers addresses."""

    def __init__(self) -> None:
        self.found: list[Address] = []
        self.pending: list[str] = []  # names with a comma that was not quoted: Kowalska, Anna <...>
        self._clear()

    def _clear(self) -> None:
        self.name: list[str] = []
        self.angle: list[str] | None = None
        self.in_angle = False
        self.comment: list[str] = []
        self.depth = 0

    def read(self, piece: str) -> None:
        if self.depth or (piece in "()" and not self.in_angle):
            self._read_comment(piece)
        elif self.in_angle:
            if piece == ">":
                self.in_angle = False
            elif piece == "<":
                self.angle = []
            else:
                assert self.angle is not None
                self.angle.append(piece)
        elif piece == "<":
            if self.angle is not None:  # two in a row without a comma
                self.end_address()
            self.in_angle, self.angle = True, []
        elif piece in ",;":
            self.end_address()
        elif piece == ":":
            # The name of a group; a colon after a word with @ is rubbish.
            if not _ADDRESS.search("".join(self.name)):
                self._clear()
        elif piece != ">":
            self.name.append(piece)

    def _read_comment(self, piece: str) -> None:
        self.depth = max(0, self.depth + {"(": 1, ")": -1}.get(piece, 0))
        if self.depth and piece != "(":
            self.comment.append(piece)

    def end_address(self) -> None:
        name, angle, comment = "".join(self.name), self.angle, "".join(self.comment)
        if angle is not None:
            email = _address("".join(angle))
            label = ", ".join([*self.pending, name]) if self.pending else name
            if not email and (inside := _ADDRESS.search(name)):
                email, label = inside[0], ""
            self._add(label, email)
        elif "@" in name:
            quoted, email = _split_bare(name)
            self._add(quoted or comment, email)
        elif "@" in comment and (inside := _ADDRESS.search(comment)):
            self._add(name, inside[0])
        elif comment and name.strip() and " " not in name.strip():
            self._add(comment, _address(name))  # MAILER-DAEMON (Mail Delivery System)
        elif name.strip():
            self.pending.append(name.strip())
            self._clear()
            return
        self.pending = []
        self._clear()

    def _add(self, name: str, email: str) -> None:
        if email:
            self.found.append(Address(display_name(name), email))


def _split_bare(text: str) -> tuple[str, str]:
    """Name and address of `name user@example.com`, written without angle brackets."""
    text = text.strip()
    if text.startswith('"') and '"@' in text:  # a quoted local part
        return "", _address(text)
    found = _ADDRESS.search(text)
    if not found:
        return "", _address(text)
    return text[: found.start()], _address(found[0])


def _address(text: str) -> str:
    """The address inside angle brackets; blanks and a route before it are taken out."""
    text = decode_words(clean(text)) if "=?" in text else clean(text)
    text = BIDI.sub("", text)
    text = _COMMENT.sub("", text) if "(" in text else text
    text = "".join(text.split()) if not text.strip().startswith('"') else text.strip()
    if text.lower().startswith("mailto:"):
        text = text[7:]
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    return text.strip("'")[:320] if text != '""' else ""


def display_name(text: str) -> str:
    """A name as it is shown: encoded words undone, quotes and marks that mislead taken off."""
    text = text.strip()
    if '"' in text:
        text = re.sub(r'"((?:[^"\\]++|\\.){0,60})"', lambda m: re.sub(r"\\(.)", r"\1", m[1]), text)
    text = BIDI.sub("", decode_words(text))
    return _unquoted(" ".join(text.split()).strip('" '))[:500]


def _unquoted(name: str) -> str:
    """Without apostrophes around the whole of it; those of a part stay: 'Anna' via the shop."""
    inside = name.strip("' ")
    return name if name.count("'") > inside.count("'") and "'" in inside else inside
