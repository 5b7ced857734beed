"""A mail's bytes to its parts: who, when, about what, the text, the files.

Nothing here raises, whatever the bytes are, and the cost is linear in their number: `tree` finds
the parts within its limits, and the decoders take what they can and say what was spoilt.
"""

import hashlib
import html as entities
import logging
import re
from collections import Counter
from dataclasses import dataclass, field

from channels_ingest.email import automatic, bounce, charset, tnef, transfer
from channels_ingest.email.addresses import Address, addresses_of
from channels_ingest.email.automatic import Kind
from channels_ingest.email.dates import date_of_received, parse_date
from channels_ingest.email.filenames import declared_name, extension, kind_name, safe_name
from channels_ingest.email.flowed import unflow
from channels_ingest.email.headers import BIDI, Fields, decode_words, parse_fields
from channels_ingest.email.invitation import Invitation, read_invitation
from channels_ingest.email.model import Attachment, ParsedEmail
from channels_ingest.email.tree import Part, cut
from tickets.html import text_of

__all__ = ["Attachment", "ParsedEmail", "parse"]

logger = logging.getLogger(__name__)

# What is read of one text part; beyond it the part is a file as well, so that nothing is lost.
MAX_TEXT = 1024 * 1024
MAX_HTML = 5 * 1024 * 1024
MAX_REFERENCES = 20

TOKEN_FIELDS = (
    "X-Envelope-To",
    "X-Gm-Original-To",
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "To",
    "Cc",
    "Resent-To",
)
_ID = re.compile(r"<\s*([^<>\s]{1,998})\s*>")
_PLACEHOLDER = re.compile(
    r"\s*(?:(?:tw[oó]j|this|your) .{0,80}html"
    r"|.{0,60}(?:nie obsługuje|does not support|cannot (?:read|display)) .{0,40}html"
    r"|.{0,40}(?:view|see) (?:this|the) (?:message|e-?mail) (?:in|with|using) .{0,60}html).{0,200}",
    re.IGNORECASE | re.DOTALL,
)
_CID = re.compile(r"cid:([^\"'\s<>)]{1,250})", re.IGNORECASE)
# Alternatives that the ones beside them say better.
_OTHER_RENDERINGS = {"text/x-amp-html", "text/watch-html"}
_BODIES = {"text/plain", "text/html"}


def parse(raw: bytes) -> ParsedEmail:
    """The mail in parts; never raises. What cannot be read at all is one file, `unreadable`."""
    try:
        return _parse(raw)
    except Exception:
        # A mail must become a ticket whatever is wrong with it, or with this code.
        logger.exception("A mail could not be parsed")
        source = Attachment("wiadomosc.eml", "message/rfc822", raw)
        return ParsedEmail(
            attachments=[source], damaged={"unreadable"}, headers=_headers_alone(raw)
        )


def _headers_alone(raw: bytes) -> Fields:
    end = re.search(rb"\r?\n\r?\n", raw[:65536])
    return parse_fields(raw[: end.start() if end else 65536])


def _parse(raw: bytes) -> ParsedEmail:
    root = cut(raw)
    mail = ParsedEmail(headers=root.fields)
    _read_header(mail, root.fields)
    content = _Content(_Tally(mail.damaged))
    content.read(root)
    mail.text, mail.html = content.text(), content.html()
    mail.attachments = content.files
    mail.invitation = content.invitation
    _mark_inline(mail)
    _classify(mail, root)
    mail.content_hash = _content_hash(mail)
    return mail


# ---------------------------------------------------------------- the header


def _read_header(mail: ParsedEmail, fields: Fields) -> None:
    mail.subject = BIDI.sub("", fields.get("Subject"))
    mail.from_all = addresses_of(fields, "From")
    mail.sender = next(iter(addresses_of(fields, "Sender")), None)
    mail.from_ = next(iter(mail.from_all), None) or mail.sender
    mail.to = addresses_of(fields, "To")
    mail.cc = addresses_of(fields, "Cc")
    mail.reply_to = addresses_of(fields, "Reply-To")
    mail.recipients = _recipients(fields)
    if "Return-Path" in fields:
        path = next(iter(addresses_of(fields, "Return-Path")), None)
        mail.return_path = path.email if path else ""
    mail.date = next(filter(None, map(parse_date, fields.get_all("Date"))), None)
    mail.received_at = date_of_received(fields.get("Received"))
    mail.message_id = next(iter(_ids(fields.text("Message-ID"))), "")
    mail.in_reply_to = next(iter(_ids(fields.text("In-Reply-To"))), "")
    references = _ids(fields.text("References"))
    if len(references) > MAX_REFERENCES + 1:
        references = [references[0], *references[-MAX_REFERENCES:]]
    mail.references = references
    mail.thread_index = fields.get("Thread-Index")[:500]


def _recipients(fields: Fields) -> list[Address]:
    found: dict[str, Address] = {}
    for name in TOKEN_FIELDS:
        for address in addresses_of(fields, name):
            found.setdefault(address.key, address)
    return list(found.values())


def _ids(value: str) -> list[str]:
    """Message-IDs: those in angle brackets, else the words."""
    if "=?" in value:
        value = decode_words(value)
    found = _ID.findall(value) or [word.strip("<>,;") for word in value.split()]
    return list(dict.fromkeys(word[:998] for word in found if word))


# ---------------------------------------------------------------- the content


@dataclass(slots=True)
class _Body:
    """A piece of the message's text, in one or both of its forms."""

    text: str | None = None
    html: str | None = None

    def as_text(self) -> str:
        if self.text is not None and (self.html is None or not _is_placeholder(self.text)):
            return self.text
        return text_of(self.html or "")

    def as_html(self) -> str:
        if self.html is not None:
            return self.html
        return "<p>" + entities.escape(self.text or "").replace("\n", "<br>") + "</p>"


def _joined(renderings: list[str]) -> str | None:
    """Several renderings of one kind: each that says something new; None if there are none."""
    distinct = dict.fromkeys(text for text in renderings if text.strip())
    return "\n".join(distinct) if renderings else None


def _is_placeholder(text: str) -> bool:
    """A plain part that holds nothing, or only says that the mail is HTML."""
    return not text.strip() or (len(text) < 400 and _PLACEHOLDER.fullmatch(text) is not None)


@dataclass(slots=True)
class _Tally:
    """What the readers of all branches of one mail share."""

    damage: set[str]
    files: int = 0
    unnamed: Counter[str] = field(default_factory=Counter)  # by the name they get
    text_left: int = MAX_HTML  # bytes; text parts beyond it are files


@dataclass(slots=True)
class _Content:
    """Reads the tree: bodies in their order, and every other part as a file."""

    tally: _Tally
    bodies: list[_Body] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    invitation: Invitation | None = None

    def text(self) -> str:
        return "\n".join(body.as_text() for body in self.bodies).strip("\n")

    def html(self) -> str:
        if all(body.html is None for body in self.bodies):
            return ""
        return "\n".join(body.as_html() for body in self.bodies)

    def read(self, part: Part) -> None:
        if part.damaged:
            self.tally.damage.add(
                "structure"
                if part.parts or part.content_type.startswith("multipart/")
                else "header"
            )
        subtype = part.content_type.partition("/")[2]
        if not part.content_type.startswith("multipart/"):
            self._leaf(part)
        elif part.beyond:
            self._file(part)
        elif not part.parts:
            self.bodies.append(_Body(text=self._text(part)))
        elif subtype == "alternative":
            self._alternative(part)
        elif subtype == "related":
            self._related(part)
        else:
            for child in part.parts:
                self.read(child)

    def _alternative(self, part: Part) -> None:
        """One body of several renderings, text and HTML.

        Of one kind there may be several all the same: programs on the way put a footer there.
        """
        texts: list[str] = []
        pages: list[str] = []
        for child in part.parts:
            if child.content_type in _OTHER_RENDERINGS:
                continue
            inner = _Content(self.tally)
            inner.read(child)
            self.files += inner.files
            self.invitation = self.invitation or inner.invitation
            if any(piece.html is not None for piece in inner.bodies):
                pages.append(inner.html())
            elif inner.bodies:
                texts.append(inner.text())
        if texts or pages:
            self.bodies.append(_Body(text=_joined(texts), html=_joined(pages)))

    def _related(self, part: Part) -> None:
        """A body and what it shows; the body is the first part, or the one that `start` names."""
        start = part.type_field.get("start").strip("<> ")
        roots = [child for child in part.parts if start and _content_id(child) == start]
        root = (roots or part.parts)[0]
        for child in part.parts:
            if child is root or child.content_type.startswith("multipart/"):
                self.read(child)
            else:
                self._file(child, related=True)

    def _leaf(self, part: Part) -> None:
        is_file = part.disposition.value == "attachment" or declared_name(
            part.disposition, part.type_field
        )
        if bounce.is_words_alone(part):
            self.bodies.append(_Body(text=self._text(part)))
        elif part.content_type not in _BODIES or is_file or self.tally.text_left <= 0:
            self._file(part)
        elif part.content_type == "text/html":
            self.bodies.append(_Body(html=self._text(part)))
        else:
            self.bodies.append(_Body(text=self._text(part)))

    def _text(self, part: Part) -> str:
        content, whole = self._decoded(part)
        is_html = part.content_type == "text/html"
        limit = MAX_HTML if is_html else MAX_TEXT
        self.tally.text_left -= len(content)
        if len(content) > limit:
            self.tally.damage.add("truncated")
            self._add_file(part, content, whole=whole)
            content = content[:limit]
        hint = charset.charset_of_page(content) if is_html else ""
        decoded = charset.decode(content, part.type_field.get("charset"), hint)
        if not decoded.certain:
            self.tally.damage.add("charset")
        text = printable(decoded.text)
        if part.type_field.get("format").lower() == "flowed" and not is_html:
            text = unflow(text, delete_space=part.type_field.get("delsp").lower() == "yes")
        return text

    def _decoded(self, part: Part) -> tuple[bytes, bool]:
        content, whole = transfer.decode(part.view, part.encoding)
        if not whole:
            self.tally.damage.add("encoding")
        return content, whole

    def _file(self, part: Part, *, related: bool = False) -> None:
        content, whole = self._decoded(part)
        self._add_file(part, content, whole=whole, related=related)

    def _add_file(self, part: Part, content: bytes, *, whole: bool, related: bool = False) -> None:
        name = declared_name(part.disposition, part.type_field) or _name_beside(part)
        file = Attachment(
            filename=self._name(name, part.content_type),
            content_type=part.content_type,
            content=content,
            content_id=_content_id(part),
            content_location=part.fields.get("Content-Location"),
            inline=related and part.disposition.value != "attachment",
            damaged=not whole,
        )
        self.files.append(file)
        if part.content_type == "text/calendar" and self.invitation is None:
            text = charset.decode(content, part.type_field.get("charset")).text
            self.invitation = read_invitation(text)
        elif content.startswith(tnef.SIGNATURE):
            self._unpack(content)

    def _unpack(self, content: bytes) -> None:
        found = tnef.unpack(content)
        if not found:
            return
        for file in found.files:
            kind = file.content_type or "application/octet-stream"
            self.files.append(
                Attachment(
                    filename=self._name(file.name, kind),
                    content_type=kind,
                    content=file.content,
                    content_id=file.content_id,
                    from_tnef=True,
                )
            )
        if not any(body.as_text().strip() for body in self.bodies) and (found.text or found.html):
            self.bodies.append(
                _Body(text=printable(found.text) or None, html=printable(found.html) or None)
            )

    def _name(self, name: str, content_type: str) -> str:
        self.tally.files += 1
        if safe := safe_name(name):
            return safe
        kind = kind_name(content_type)
        if not kind:
            return f"zalacznik-{self.tally.files}{extension(content_type)}"
        number = self.tally.unnamed[kind] or ""
        self.tally.unnamed[kind] += 1
        return f"{kind}{number}{extension(content_type)}"


def _content_id(part: Part) -> str:
    return part.fields.get("Content-ID").strip("<> ")


def _name_beside(part: Part) -> str:
    """A file name that stands where programs put it when they give none."""
    if part.content_type == "text/calendar":
        return "invite.ics"
    if part.content_type == "message/rfc822" and not part.fields.get("Content-Description"):
        subject = bounce.returned_header(part).get("Subject").replace("/", "-")
        return f"{subject[:80]}.eml" if subject else ""
    location = part.fields.get("Content-Location").rpartition("/")[2]
    description = part.fields.get("Content-Description")
    candidates = (_content_id(part).partition("@")[0], location, description)
    named = next((name for name in candidates if _FILE_NAME.fullmatch(name)), "")
    return named or (
        f"{description}{extension(part.content_type)}" if 0 < len(description) < 80 else ""
    )


_FILE_NAME = re.compile(r"[^/\\?#]{1,150}\.[A-Za-z0-9]{2,5}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def printable(text: str) -> str:
    """Text with line ends as LF, without NUL and other control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("", text)


def _mark_inline(mail: ParsedEmail) -> None:
    """Inline is what the HTML shows in its place; a picture that it does not name is a file."""
    if not mail.html:
        for file in mail.attachments:
            file.inline = False
        return
    named = {cid.lower() for cid in _CID.findall(mail.html)}
    for file in mail.attachments:
        shown = file.content_id.lower() in named if file.content_id else False
        located = bool(file.content_location) and file.content_location in mail.html
        file.inline = shown or located


# ---------------------------------------------------------------- what it is


def _classify(mail: ParsedEmail, root: Part) -> None:
    mail.report = bounce.read_report(root)
    mail.bounce = bounce.find_bounce(root, mail.report, mail.from_all, mail.subject, mail.text)
    if automatic.own_mail(root.fields, mail.message_id):
        mail.kind, mail.auto_reason = Kind.OWN_LOOP, "own message"
    elif mail.bounce:
        mail.kind, mail.auto_reason = mail.bounce.kind, "bounce"
    elif mail.report and mail.report.kind:
        mail.kind, mail.auto_reason = mail.report.kind, "report"
    else:
        mail.kind, mail.auto_reason = automatic.automatic_kind(
            root.fields, mail.from_all, mail.subject, mail.text
        )


def _content_hash(mail: ParsedEmail) -> str:
    """Equal for a copy of the same content that was encoded another way on its way."""
    digest = hashlib.sha256(
        " ".join((mail.subject + "\n" + mail.text).split()).encode("utf-8", "replace")
    )
    for file in mail.attachments:
        digest.update(hashlib.sha256(file.content).digest())
    return digest.hexdigest()
