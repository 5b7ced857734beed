"""The brakes of automatic answers by e-mail: no loop, no storm, no answer to a robot.

Rules and caps: contracts/email.md 4; security.md D1 and D3.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from channels_ingest import sparing
from channels_ingest.email import storms
from channels_ingest.email.mailboxes import Mailboxes
from crm.models import Identity
from tickets.models import Message, TicketLink

_ONCE_WITHIN = timedelta(hours=24)
_MOST_AN_HOUR = 5
# A mail that was held up for days is answered by a person or not at all.
_FRESH = timedelta(hours=24)


def may_answer(message: Message) -> bool:
    """Whether an automatic answer to this message is new, and sure to start no loop."""
    sender = message.sender
    return (
        sender is not None
        and not message.automatic
        and not message.flagged
        and message.authentication != Message.Authentication.FAIL
        and _begins_a_ticket(message)
        and sender.unreachable_at is None
        and not _is_from_the_house(message, sender)
        and _caps_allow(sender)
    )


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
