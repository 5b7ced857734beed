"""A short "we have your message", for channels that want it; with every brake against loops.

A reader of the event log: it answers what is committed, once, whatever happened meanwhile. Rules
and caps: contracts/email.md 4; security.md D1 and D3.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from channels_ingest import sparing
from channels_ingest.email import storms
from channels_ingest.email.mailboxes import Mailboxes
from channels_ingest.models import Connection
from crm.models import Identity
from history import readers
from history.models import Event
from history.recording import SYSTEM
from tickets import replying
from tickets.errors import BrokenRule
from tickets.models import Message, TicketLink

logger = logging.getLogger(__name__)

READER = "email.acknowledgements"

_ONCE_WITHIN = timedelta(hours=24)
_MOST_AN_HOUR = 5
# A mail that was held up for days is answered by a person or not at all.
_FRESH = timedelta(hours=24)


def register() -> None:
    readers.register(READER, handle)


def handle(events: Sequence[Event]) -> None:
    """Acknowledge what these events say has come, where that is wanted and harmless.

    It sees every mail, and so it is the one that notices storms.
    """
    for event in events:
        message = _message(event.message_id) if event.kind == "message.received" else None
        if message is None:
            continue
        if message.sender is not None:
            storms.notice(message.sender.pk)
        if not event.data.get("automatic") and may_acknowledge(message):
            _acknowledge(message)


def may_acknowledge(message: Message) -> bool:
    """Whether an automatic answer to this message is wanted, new, and sure to start no loop."""
    sender = message.sender
    return (
        sender is not None
        and _is_wanted(message)
        and not message.automatic
        and not message.flagged
        and message.authentication != Message.Authentication.FAIL
        and _begins_a_ticket(message)
        and sender.unreachable_at is None
        and not _is_from_the_house(message, sender)
        and _caps_allow(sender)
    )


def _message(pk: int | None) -> Message | None:
    rows = Message.objects.select_related("channel__shop", "ticket", "sender")
    return rows.filter(pk=pk or 0, channel__kind="email", channel__active=True).first()


def _is_wanted(message: Message) -> bool:
    connection = Connection.objects.filter(channel=message.channel_id).first()
    return connection is not None and bool(connection.setting("acknowledge", False))


def _begins_a_ticket(message: Message) -> bool:
    """The first message of a ticket that nobody else may be part of, still waiting."""
    ticket = message.ticket
    others = ticket.messages.filter(Q(pk__lt=message.pk) | Q(direction=Message.Direction.OUTBOUND))
    return (
        message.threaded_by == Message.Rule.NEW
        and timezone.now() - message.created_at < _FRESH
        and not ticket.spam
        and not ticket.needs_review
        and not others.exists()
        and not ticket.links.filter(kind=TicketLink.Kind.MAY_BELONG).exists()
    )


def _is_from_the_house(message: Message, sender: Identity) -> bool:
    """Our own addresses, and a colleague who passes a customer's mail on."""
    mailboxes = Mailboxes.known()
    is_colleague = sender.value.rpartition("@")[2] in mailboxes.domains
    return mailboxes.owns(sender.value) or (
        is_colleague and bool(message.context.get("forwarded_from"))
    )


def _caps_allow(sender: Identity) -> bool:
    """At most one acknowledgement a day, five automatic mails an hour, and none in a storm."""
    now = timezone.now()
    sent = Message.objects.filter(
        direction=Message.Direction.OUTBOUND,
        automatic=True,
        ticket__participants__identity=sender,
        created_at__gt=now - _ONCE_WITHIN,
    )
    times = list(sent.values_list("created_at", "context__acknowledges"))
    last_hour = [at for at, _which in times if at > now - timedelta(hours=1)]
    if any(acknowledges for _at, acknowledges in times) or len(last_hour) >= _MOST_AN_HOUR:
        return False
    return sparing.may_mail(sender.value) and not storms.has_stormed(sender.pk)


def _acknowledge(message: Message) -> None:
    """Nothing of what the customer wrote stands in it: it may go to a stranger's address."""
    connection = Connection.objects.get(channel=message.channel_id)
    number = message.ticket.number
    with translation.override(message.channel.shop.locale):
        own_text = _(
            "Hello,\n\nwe have received your message and will answer it as soon as we can. "
            "Its number is {number}.\n\nThis message was sent automatically."
        )
        text = str(connection.setting("acknowledge_text", own_text))
        subject = _("We have your message [#%(number)s]") % {"number": number}
    draft = replying.Draft(
        text.replace("{number}", str(number)),
        cc=(),
        context={"acknowledges": message.pk, "subject": subject},
    )
    try:
        replying.reply(message.ticket, draft, by=SYSTEM, channel=message.channel, automatic=True)
    except BrokenRule as rule:
        logger.info("message %s is not acknowledged: %s", message.pk, rule.code)
