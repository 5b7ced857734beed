"""One message of a ticket as a mail: the header fields, the text in both forms, the files.

The fields are written here line by line, so that nothing which comes from outside can end a line,
and ids are folded between and never inside. Rules: contracts/email.md 7.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, quote

from django.db.models import QuerySet
from django.utils import formats, translation
from django.utils.html import conditional_escape, format_html, linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from channels_ingest.adapter import Outgoing
from channels_ingest.email.addresses import ascii_domain
from channels_ingest.email.automatic import LOOP_HEADER
from channels_ingest.email.parse import MISSING_ID_DOMAIN
from crm.identifying import Handle
from crm.models import Identity
from tickets import attaching, tokens
from tickets.models import Attachment, Message, Participant

_MOST_REFERENCES = 20
_REPLY_PREFIX = re.compile(
    r"\s*(?:(?:re|odp|aw|sv|fwd?|pd|wg)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE
)
_LONGEST_SUBJECT = 400
_QUOTE_STYLE = "margin: 0 0 0 .8ex; border-left: 1px solid #ccc; padding-left: 1ex"
_BODY_STYLE = "font-family: sans-serif; font-size: 15px; line-height: 1.5"
# 7 bit: no server on the way has to know 8BITMIME.
_BODY = policy.SMTP.clone(cte_type="7bit")


@dataclass(frozen=True)
class Letter:
    """A mail ready to be sent, with its envelope. `to` may not be refused, copies may."""

    raw: bytes
    sender: str
    to: tuple[str, ...]
    copies: tuple[str, ...] = ()

    @property
    def needs_smtputf8(self) -> bool:
        """Whether an address has letters before the @ that only some servers can carry."""
        return not all(each.isascii() for each in (self.sender, *self.to, *self.copies))


def letter(outgoing: Outgoing) -> Letter:
    """The mail of an outbound message; the same for the same message, whenever it is tried."""
    message, connection = outgoing.message, outgoing.connection
    with translation.override(outgoing.channel.shop.locale):
        sender = _envelope(str(connection.setting("address")))
        to, cc, bcc = (_addresses(message, kind) for kind in ("to", "cc", "bcc"))
        fields = _fields(outgoing, sender, to, cc)
        head = "".join(f"{name}: {value}\r\n" for name, value in fields if value)
        body = _content(outgoing, quoted=_quoted(message, [*to, *cc, *bcc]))
    return Letter(head.encode() + body.as_bytes(policy=_BODY), sender, to, (*cc, *bcc))


# The header


def _fields(
    outgoing: Outgoing, sender: str, to: Sequence[str], cc: Sequence[str]
) -> list[tuple[str, str]]:
    message, ticket = outgoing.message, outgoing.message.ticket
    answered = _answered(message)
    written_at = message.occurred_at.astimezone(outgoing.channel.shop.zone)
    fields = [
        ("From", _address(_from_name(outgoing), sender)),
        ("Reply-To", tokens.reply_address(sender, ticket.ref)),
        ("To", ",\r\n ".join(to)),
        ("Cc", ",\r\n ".join(cc)),
        ("Subject", _words(_subject(outgoing, is_answer=answered is not None))),
        ("Date", format_datetime(written_at)),
        ("Message-ID", f"<{message.external_id}>"),
        ("In-Reply-To", _quoted_id(answered)),
        ("References", "\r\n ".join(_references(message))),
    ]
    if message.automatic:
        fields += [
            ("Auto-Submitted", "auto-replied"),
            ("X-Auto-Response-Suppress", "All"),
            ("Precedence", "bulk"),
            (LOOP_HEADER, sender.rpartition("@")[2]),
        ]
    return fields


def _answered(message: Message) -> Message | None:
    """The customer's newest mail before this one; automatic mail and strangers do not count."""
    return (
        _mails_before(message)
        .filter(
            direction=Message.Direction.INBOUND,
            automatic=False,
            sender__participations__ticket=message.ticket_id,
            sender__participations__role__in=Participant.KNOWN,
        )
        .select_related("sender")
        .last()
    )


def _references(message: Message) -> list[str]:
    """The ids of the ticket's mails: the first and the last 20."""
    rows = _mails_before(message).values_list("external_id", flat=True)
    ids = [f"<{each}>" for each in dict.fromkeys(rows) if _is_usable(each)]
    return ids if len(ids) <= _MOST_REFERENCES else [ids[0], *ids[-_MOST_REFERENCES:]]


def _mails_before(message: Message) -> QuerySet[Message]:
    return (
        Message.objects.public()
        .filter(ticket=message.ticket_id, pk__lt=message.pk, channel__kind=message.channel.kind)
        .exclude(external_id="")
        .order_by("pk")
    )


def _quoted_id(message: Message | None) -> str:
    return f"<{message.external_id}>" if message and _is_usable(message.external_id) else ""


def _is_usable(message_id: str) -> bool:
    """An id that the other side knows, and that can stand in a header."""
    return (
        re.fullmatch(r"[!-;=?-~]+", message_id) is not None
        and len(message_id) < 900
        and not message_id.endswith(f"@{MISSING_ID_DOMAIN}")
    )


def _subject(outgoing: Outgoing, *, is_answer: bool) -> str:
    message, ticket = outgoing.message, outgoing.message.ticket
    given = message.subject or str(message.context.get("subject", ""))
    subject = one_line(given or _REPLY_PREFIX.sub("", ticket.subject, count=1))
    if len(subject) > _LONGEST_SUBJECT:
        subject = subject[: _LONGEST_SUBJECT - 1] + "…"
    if outgoing.connection.setting("subject_tag", False):
        subject = f"{subject} [#{ticket.number}]"
    return f"Re: {subject}" if is_answer and not given else subject


def _from_name(outgoing: Outgoing) -> str:
    """What the channel's setting says; `{agent}` is the first name of who wrote it."""
    shop = outgoing.channel.shop.name
    chosen = str(outgoing.connection.setting("from_name", shop))
    author = outgoing.message.author_user
    if author is None or not author.name.strip():
        return chosen if "{agent}" not in chosen else shop
    return chosen.replace("{agent}", author.name.split()[0])


def _addresses(message: Message, kind: str) -> tuple[str, ...]:
    found = [_envelope(each) for each in message.recipients.get(kind, [])]
    return tuple(dict.fromkeys(found))


def _envelope(address: str) -> str:
    """One address that ends nowhere else than it seems to; the domain in its ASCII form."""
    local, at, domain = re.sub(r"[\s<>,;\x00-\x1f\x7f]", "", address).rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}"


def _address(name: str, address: str) -> str:
    name = one_line(name)
    if not name:
        return address
    shown = f'"{quote(name)}"' if name.isascii() else _words(name)
    return f"{shown}\r\n <{address}>"


def _words(text: str) -> str:
    """A header's text, in encoded words where it is not ASCII; lines folded."""
    charset = None if text.isascii() else "utf-8"
    return Header(text, charset, maxlinelen=72).encode(linesep="\r\n")


def one_line(text: str) -> str:
    """White space and control characters as single blanks: whatever it was, one line stays one."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())


# The content


def _content(outgoing: Outgoing, *, quoted: Message | None) -> EmailMessage:
    mail = EmailMessage(policy=_BODY)
    mail.set_content(_text(outgoing, quoted))
    mail.add_alternative(_html(outgoing, quoted), subtype="html")
    _plain, html = mail.iter_parts()
    for file in outgoing.part.attachments:
        content, (maintype, subtype) = attaching.read(file), _type(file)
        name = one_line(file.name)
        if _is_shown(file, outgoing.message) and isinstance(html, EmailMessage):
            cid = f"<{file.content_id}>"
            html.add_related(
                content, maintype, subtype, cid=cid, filename=name, disposition="inline"
            )
        else:
            mail.add_attachment(content, maintype, subtype, filename=name)
    return mail


def _text(outgoing: Outgoing, quoted: Message | None) -> str:
    parts = [outgoing.message.body_text]
    if signature := _signature(outgoing):
        parts.append(f"-- \n{signature}")
    if quoted is not None:
        lines = "\n".join(f"> {line}".rstrip() for line in _words_of(quoted).splitlines())
        parts.append(f"{_attribution(quoted)}\n{lines}")
    return "\n\n".join(parts) + "\n"


def _html(outgoing: Outgoing, quoted: Message | None) -> str:
    message = outgoing.message
    # Sanitised when it was written.
    own = _with_cids(message.body_html)
    parts = [mark_safe(own) if own else _html_of(message.body_text)]  # noqa: S308
    if signature := _signature(outgoing):
        parts.append(format_html("<div>-- <br>{}</div>", _html_of(signature)))
    if quoted is not None:
        parts.append(
            format_html(
                '<p>{}</p><blockquote type="cite" style="{}">{}</blockquote>',
                _attribution(quoted),
                _QUOTE_STYLE,
                _html_of(_words_of(quoted)),
            )
        )
    page = format_html(
        '<!doctype html><html lang="{}"><body style="{}">{}</body></html>\n',
        translation.get_language() or "pl",
        _BODY_STYLE,
        SafeString("".join(conditional_escape(part) for part in parts)),
    )
    return str(page)


def _html_of(text: str) -> SafeString:
    return mark_safe(linebreaks(text, autoescape=True))  # noqa: S308


def _with_cids(html: str) -> str:
    """Pictures of the message itself, which the sanitiser has set aside, back in their places."""
    return re.sub(r'data-cid="([^"]*)"', r'src="cid:\1"', html)


def _is_shown(file: Attachment, message: Message) -> bool:
    return bool(file.content_id) and f'data-cid="{file.content_id}"' in message.body_html


def _type(file: Attachment) -> tuple[str, str]:
    maintype, _slash, subtype = file.content_type.partition("/")
    if not subtype or maintype in ("message", "multipart"):
        # A mail as a file: written as data, or the servers on the way would mend it.
        return "application", "octet-stream"
    return maintype, subtype


def _signature(outgoing: Outgoing) -> str:
    """The channel's; an automatic mail is signed by its own words."""
    if outgoing.message.automatic:
        return ""
    author = outgoing.message.author_user
    name = author.name if author else outgoing.channel.shop.name
    return str(outgoing.connection.setting("signature", "")).replace("{agent}", name).strip()


# What is quoted


def _quoted(message: Message, addresses: Sequence[str]) -> Message | None:
    """The customer's newest mail, if everybody who gets this one has had a part in the ticket.

    Whoever is new in the conversation does not get to read it by being put in copy.
    """
    if message.automatic:
        return None
    keys = {Handle(Identity.Kind.EMAIL, each).key for each in addresses}
    known = message.ticket.participants.filter(
        role__in=Participant.KNOWN, identity__kind=Identity.Kind.EMAIL, identity__value__in=keys
    )
    return _answered(message) if known.count() == len(keys) else None


def _words_of(message: Message) -> str:
    return (message.reply_text or message.body_text).strip()


def _attribution(message: Message) -> str:
    """The line above a quote, in a form that mail programs (and we) know as one."""
    at = message.occurred_at.astimezone(message.channel.shop.zone)
    who = one_line(message.sender.name or str(message.sender)) if message.sender else ""
    return _("On %(day)s at %(time)s, %(who)s wrote:") % {
        "day": formats.date_format(at, "d.m.Y"),
        "time": formats.date_format(at, "H:i"),
        "who": who,
    }
