"""Which ticket does a message belong to? First match wins, and the message remembers the rule."""

from dataclasses import dataclass

from crm.models import Identity
from tickets import closing, kinds
from tickets.incoming import Incoming
from tickets.locking import locked_final
from tickets.models import Channel, Message, Participant, Ticket


@dataclass(frozen=True)
class Found:
    """What threading says: the locked ticket to join, or none; and what a new one is linked to.

    `stranger` joined by a valid token but is not known in the ticket: nothing of it may move.
    """

    rule: Message.Rule
    ticket: Ticket | None = None
    stranger: bool = False
    flagged: bool = False
    follows: Ticket | None = None
    may_belong: Ticket | None = None


def find(incoming: Incoming, identity: Identity, channel: Channel) -> Found:
    """Find the ticket for a message of this sender, and lock it."""
    if incoming.ticket_id is not None:
        return _conversation(Ticket.objects.filter(pk=incoming.ticket_id).first())
    if kinds.get(channel.kind).one_conversation:
        return _conversation(_newest_of(identity, channel))
    return _mail(incoming, identity, channel)


def _newest_of(identity: Identity, channel: Channel) -> Ticket | None:
    """The sender's newest ticket that is not closed; where all are, the newest, to follow it."""
    newest_first = Ticket.objects.filter(
        channel=channel, participants__identity=identity, customer=identity.customer_id
    ).order_by("-last_message_at", "-id")
    alive = newest_first.exclude(status=Ticket.Status.CLOSED)
    not_over = (ticket for ticket in alive[:20] if not closing.is_due(ticket))
    return next(not_over, None) or newest_first.first()


def _conversation(ticket: Ticket | None) -> Found:
    if ticket is None:
        return Found(Message.Rule.NEW)
    return _joined(locked_final(ticket), Message.Rule.CONVERSATION)


def _mail(incoming: Incoming, identity: Identity, channel: Channel) -> Found:
    may_belong: Ticket | None = None
    for rule, ticket_id in _candidates(incoming, channel):
        ticket = locked_final(ticket_id)
        known = incoming.threading.known_sender and _is_known(identity, ticket)
        if known:
            return _joined(ticket, rule)
        if rule == Message.Rule.TOKEN:
            return _by_token(ticket)
        # A number or an id proves nothing: others can guess or see it.
        may_belong = may_belong or ticket
    return Found(Message.Rule.NEW, may_belong=may_belong)


def _candidates(incoming: Incoming, channel: Channel) -> list[tuple[Message.Rule, int]]:
    """Ids of tickets that the mail's signs name, in the order of the rules. Each is one query."""
    hints = incoming.threading
    of_shop = Ticket.objects.filter(shop=channel.shop_id).values_list("pk", flat=True)
    rows: list[tuple[Message.Rule, int | None]] = []
    if hints.refs:
        rows.append((Message.Rule.TOKEN, of_shop.filter(ref__in=hints.refs).first()))
    if incoming.external_id:
        rows.append((Message.Rule.SAME_ID, _of_message_id([incoming.external_id], channel)))
    if hints.message_ids:
        rows.append((Message.Rule.REFERENCES, _of_message_id(hints.message_ids, channel)))
    if hints.number is not None:
        rows.append((Message.Rule.SUBJECT, of_shop.filter(number=hints.number).first()))
    return [(rule, ticket_id) for rule, ticket_id in rows if ticket_id is not None]


def _of_message_id(ids: list[str] | tuple[str, ...], channel: Channel) -> int | None:
    """The ticket of the first id (newest first) that names a message of the same shop."""
    messages = Message.objects.filter(external_id__in=ids, channel__shop=channel.shop_id)
    by_id = dict(messages.values_list("external_id", "ticket_id"))
    return next((by_id[name] for name in ids if name in by_id), None)


def _is_known(identity: Identity, ticket: Ticket) -> bool:
    return ticket.participants.filter(identity=identity, role__in=Participant.KNOWN).exists()


def _joined(ticket: Ticket, rule: Message.Rule) -> Found:
    closing.close_if_due(ticket)
    if ticket.status == Ticket.Status.CLOSED:
        return Found(Message.Rule.NEW, follows=ticket)
    return Found(rule, ticket, flagged=rule == Message.Rule.SAME_ID)


def _by_token(ticket: Ticket) -> Found:
    """Whoever holds our mail may join, as a third party; a closed ticket is not opened by them."""
    closing.close_if_due(ticket)
    if ticket.status == Ticket.Status.CLOSED:
        return Found(Message.Rule.NEW, may_belong=ticket)
    return Found(Message.Rule.TOKEN, ticket, stranger=True)
