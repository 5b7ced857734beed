"""One mail of the journal to what it means for tickets: a message, a bounce, a receipt, or nothing.

Pure but for two small facts that are asked for first: which addresses are ours, and which server
the channel trusts. Rules: contracts/email.md 2 to 5.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from channels_ingest.adapter import Ignore, Malformed
from channels_ingest.email import authentication, automatic, deceit, mime, reply_marks
from channels_ingest.email.addresses import Address, parse_addresses
from channels_ingest.email.automatic import LOOP_HEADER, Kind
from channels_ingest.email.mailboxes import Mailboxes
from channels_ingest.email.model import Attachment, ParsedEmail
from channels_ingest.email.reply import visible_text
from channels_ingest.models import InboundEvent
from crm.identifying import Handle
from crm.models import Identity
from tickets.incoming import Bounce, File, Incoming, Item, Receipt, Threading

# A Message-ID that we made up for a mail without one; it is never quoted to anybody.
MISSING_ID_DOMAIN = "missing.invalid"

_MOST_PEOPLE = 100
_NUMBER = re.compile(r"\[#(\d{1,18})\]")
_BOUNCES = {
    Kind.BOUNCE_HARD: "hard",
    Kind.BOUNCE_SOFT: "soft",
    Kind.BOUNCE_DELAYED: "delayed",
    Kind.COMPLAINT: "complaint",
}


@dataclass(frozen=True)
class Arrival:
    """How a mail came: its channel, its envelope as far as it is known, and whom to believe.

    `trusted` are the names under which servers we believe write Authentication-Results.
    """

    channel_id: int
    arrived_at: datetime
    mailboxes: Mailboxes
    recipients: tuple[str, ...] = ()
    mail_from: str | None = None
    trusted: Collection[str] = ()
    too_large_bytes: int = 0


def parse(event: InboundEvent) -> list[Item]:
    """The items of one mail. Raises `Ignore` for what no agent needs to see."""
    return items_of(mime.parse(event.raw), _arrival(event))


def last_resort(event: InboundEvent) -> list[Item]:
    """The raw message as a file: for a mail on which everything else has failed."""
    arrival = _arrival(event)
    incoming = Incoming(
        channel_id=arrival.channel_id,
        sender=Handle(Identity.Kind.EMAIL, _plain_sender(event.raw)),
        external_id="",
        occurred_at=arrival.arrived_at,
        subject=_("A message that could not be read"),
        body_text=_("This message could not be read. Its source is attached."),
        files=(_source_file(event.raw),),
        threading=Threading(known_sender=False),
        authentication="none",
    )
    return [incoming]


def items_of(mail: ParsedEmail, arrival: Arrival) -> list[Item]:
    """What a parsed mail means. Pure."""
    kind = _kind(mail, arrival)
    match kind:
        case Kind.OWN_LOOP:
            raise Ignore("our own mail came back")
        case Kind.REPORT:
            raise Ignore("a report about mail in general")
        case Kind.MDN | Kind.DELIVERY_REPORT:
            return [_receipt(mail, arrival, kind)]
        case Kind.BOUNCE_HARD | Kind.BOUNCE_SOFT | Kind.BOUNCE_DELAYED | Kind.COMPLAINT:
            return [_bounce(mail, arrival, kind)]
        case _:
            return [_incoming(mail, arrival, kind)]


def _arrival(event: InboundEvent) -> Arrival:
    if event.channel is None:
        raise Malformed("a mail without a channel")
    meta: dict[str, Any] = event.meta
    arrived_at = meta.get("arrived_at")
    # As MX we have written our own findings on top; nobody else's count then.
    own_name = meta.get("authserv_id")
    trusted = [own_name] if own_name else event.channel.connection.setting("authserv_ids", [])
    return Arrival(
        channel_id=event.channel.pk,
        arrived_at=datetime.fromisoformat(arrived_at) if arrived_at else event.received_at,
        mailboxes=Mailboxes.known(),
        recipients=tuple(meta.get("recipients", ())),
        mail_from=meta.get("mail_from"),
        trusted=trusted,
        too_large_bytes=meta.get("too_large", 0),
    )


# What kind of mail it is


def _kind(mail: ParsedEmail, arrival: Arrival) -> Kind:
    kind = mail.kind
    if kind is Kind.OWN_LOOP and not _is_ours(mail, arrival.mailboxes):
        # Another helpdesk of this make: its answers are messages, its automatic mail is that.
        kind, _why = automatic.automatic_kind(mail.headers, mail.from_all, mail.subject, mail.text)
        if LOOP_HEADER in mail.headers and kind is Kind.CUSTOMER_MESSAGE:
            kind = Kind.AUTO_REPLY
    if kind is Kind.CUSTOMER_MESSAGE and _nobody_wrote(mail, arrival):
        kind = Kind.NOTIFICATION
    return kind


def _is_ours(mail: ParsedEmail, mailboxes: Mailboxes) -> bool:
    named = {mail.headers.get(LOOP_HEADER).strip().lower(), mail.message_id.rpartition("@")[2]}
    return not mailboxes.domains.isdisjoint(named)


def _nobody_wrote(mail: ParsedEmail, arrival: Arrival) -> bool:
    """An empty envelope sender, or one of our own addresses: nobody waits for an answer there."""
    if arrival.mail_from == "":
        return True
    return mail.from_ is not None and arrival.mailboxes.owns(mail.from_.email)


# A message


def _incoming(mail: ParsedEmail, arrival: Arrival, kind: Kind) -> Incoming:
    confirmed = authentication.outcome(mail.headers, mail.from_all, arrival.trusted)
    return Incoming(
        channel_id=arrival.channel_id,
        sender=_handle(_sender(mail, arrival)),
        external_id=mail.message_id or _missing_id(mail),
        occurred_at=mail.occurred_at(arrival.arrived_at),
        subject=mail.subject,
        body_text=_text(mail, arrival),
        body_html=mail.html,
        reply_text=visible_text(_text(mail, arrival), subject=mail.subject),
        files=tuple(file_of(each) for each in mail.attachments),
        threading=_threading(mail, arrival, confirmed),
        cc=tuple(_handle(each) for each in _others(mail, arrival)),
        proposed=tuple(
            _handle(each)
            for each in _elsewhere(mail)
            if "@" in each.email and not arrival.mailboxes.owns(each.email)
        ),
        automatic=kind is not Kind.CUSTOMER_MESSAGE,
        authentication=confirmed,
        content_hash=mail.content_hash,
        context=_context(mail, arrival, kind),
    )


def _threading(mail: ParsedEmail, arrival: Arrival, confirmed: str) -> Threading:
    """The signs of a ticket. Who cannot be told apart from a forger is no known sender."""
    number = _NUMBER.search(mail.subject)
    one_sender = len(mail.from_all) == 1
    return Threading(
        refs=_refs(mail, arrival),
        message_ids=_quoted_ids(mail),
        number=int(number[1]) if number else None,
        known_sender=one_sender and confirmed != "fail",
    )


def _refs(mail: ParsedEmail, arrival: Arrival) -> tuple[str, ...]:
    """Tickets whose reply address the mail was sent to, those of the envelope first."""
    written = [*arrival.recipients, *(each.email for each in mail.recipients)]
    found = [arrival.mailboxes.ref_in(address) for address in written]
    return tuple(dict.fromkeys(ref for ref in found if ref))


def _quoted_ids(mail: ParsedEmail) -> tuple[str, ...]:
    """The mails that this one answers, newest first."""
    ids = [mail.in_reply_to, *reversed(mail.references)]
    return tuple(dict.fromkeys(each for each in ids if each))


def _sender(mail: ParsedEmail, arrival: Arrival) -> Address:
    if mail.from_ is not None:
        return mail.from_
    return Address("", arrival.mail_from or mail.return_path or "unknown")


def _others(mail: ParsedEmail, arrival: Arrival) -> Iterable[Address]:
    """To and Cc, without the sender and without addresses of the helpdesk."""
    ours, sender = arrival.mailboxes, _sender(mail, arrival).key
    people = {each.key: each for each in [*mail.to, *mail.cc] if "@" in each.email}
    others = [each for key, each in people.items() if key != sender and not ours.owns(key)]
    return others[:_MOST_PEOPLE]


def _handle(address: Address) -> Handle:
    return Handle(Identity.Kind.EMAIL, address.email, name=address.name)


def _missing_id(mail: ParsedEmail) -> str:
    """For telling copies apart only: from what stays the same in them."""
    stable = [mail.from_, mail.to, mail.date, mail.subject, mail.text]
    return f"{sha256(repr(stable).encode('utf-8', 'replace')).hexdigest()[:32]}@{MISSING_ID_DOMAIN}"


def _text(mail: ParsedEmail, arrival: Arrival) -> str:
    if arrival.too_large_bytes:
        return _("This message is too large to be taken in by itself (%(size)s).") % {
            "size": filesizeformat(arrival.too_large_bytes)
        }
    if "unreadable" in mail.damaged:
        return _("This message could not be read. Its source is attached.")
    return mail.text


def file_of(attachment: Attachment) -> File:
    """A part of a mail as a file of a message."""
    mark = "damaged" if attachment.damaged else "from_tnef" if attachment.from_tnef else ""
    return File(
        filename=attachment.filename,
        content_type=attachment.content_type,
        content=attachment.content,
        content_id=attachment.content_id,
        inline=attachment.inline,
        mark=mark,
    )


# What is shown beside the message


def _context(mail: ParsedEmail, arrival: Arrival, kind: Kind) -> dict[str, Any]:
    """Facts for the agent; only those that there are."""
    facts = {
        "mail_kind": "" if kind is Kind.CUSTOMER_MESSAGE else str(kind),
        "reply_to": [str(each) for each in _elsewhere(mail)],
        "further_senders": [str(each) for each in mail.from_all[1:_MOST_PEOPLE]],
        "name_shows": deceit.address_in_name(_sender(mail, arrival)),
        "plain_domain": deceit.plain_domain(_sender(mail, arrival)),
        "damaged": sorted(mail.damaged),
        "too_large_bytes": arrival.too_large_bytes,
        "forwarded_from": _forwarded_from(mail),
        "invitation": _invitation(mail),
    }
    return {name: value for name, value in facts.items() if value}


def _elsewhere(mail: ParsedEmail) -> list[Address]:
    """Where answers shall go, as the sender says, if that is not where the mail came from."""
    own = {each.key for each in mail.from_all}
    return [each for each in mail.reply_to[:_MOST_PEOPLE] if each.key not in own]


def _forwarded_from(mail: ParsedEmail) -> dict[str, str]:
    """Who wrote the mail that this one passes on; an agent may make them the customer."""
    lines = mail.text.splitlines()[:2_000]
    starts = [n for n, line in enumerate(lines) if reply_marks.is_forward(line[:300])]
    for line in lines[starts[0] : starts[0] + 12] if starts else []:
        if reply_marks.label_kind(line) == "from":
            found = parse_addresses(line.partition(":")[2])
            if found and "@" in found[0].email:
                return {"name": found[0].name, "email": found[0].email}
    return {}


def _invitation(mail: ParsedEmail) -> dict[str, Any]:
    card = mail.invitation
    if card is None:
        return {}
    return {
        "method": card.method,
        "summary": card.summary,
        "location": card.location,
        "organizer": card.organizer,
        "starts_at": card.starts_at.isoformat() if card.starts_at else None,
        "ends_at": card.ends_at.isoformat() if card.ends_at else None,
        "all_day": card.all_day,
    }


# Mail about our mail


def _bounce(mail: ParsedEmail, arrival: Arrival, kind: Kind) -> Bounce:
    report = mail.report
    status = mail.bounce.status if mail.bounce else ""
    name = _BOUNCES[kind]
    if name == "soft" and status.startswith("5.7."):
        # Their filter or our reputation: nothing is wrong with the address.
        name = "policy"
    recipients = mail.bounce.recipients if mail.bounce else report.original_to if report else []
    return Bounce(
        channel_id=arrival.channel_id,
        kind=name,
        status=status,
        recipients=tuple(recipients),
        diagnostic=mail.bounce.diagnostic if mail.bounce else "",
        at=mail.occurred_at(arrival.arrived_at),
        report=_incoming(mail, arrival, kind),
        message_ids=_reported_ids(mail),
    )


def _receipt(mail: ParsedEmail, arrival: Arrival, kind: Kind) -> Receipt:
    report = mail.report
    if kind is Kind.MDN:
        state, says_so = "read", report is not None and "displayed" in report.disposition
    else:
        actions = {each.action for each in report.recipients} if report else set()
        state, says_so = "delivered", actions == {"delivered"}
    if not says_so:
        raise Ignore("a receipt that says nothing of use")
    at = mail.occurred_at(arrival.arrived_at)
    return Receipt(arrival.channel_id, state, at, external_ids=_reported_ids(mail))


def _reported_ids(mail: ParsedEmail) -> tuple[str, ...]:
    """Our mail that a report speaks of: what it returns, else what it answers."""
    named = [mail.bounce.original_message_id if mail.bounce else ""]
    named += [mail.report.original_message_id if mail.report else ""]
    return tuple(dict.fromkeys(each for each in [*named, *_quoted_ids(mail)] if each))


# The last resort


def _plain_sender(raw: bytes) -> str:
    found = re.search(rb"(?im)^from:[^\r\n]{0,300}?([\w.+-]{1,64}@[\w.-]{1,190})", raw[:65_536])
    return found[1].decode("ascii", "replace") if found else "unknown"


def _source_file(raw: bytes) -> File:
    return File(filename="wiadomosc.eml", content_type="message/rfc822", content=raw)
