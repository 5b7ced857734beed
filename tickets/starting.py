"""A ticket that somebody of us opens: for what a customer said elsewhere, or to write first."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from crm import identifying
from crm.identifying import Handle
from crm.models import Customer, Identity
from history.recording import Actor
from tickets import kinds, opening, receiving, replying
from tickets.errors import ChannelInactive, EmptyMessage, NoRecipient
from tickets.incoming import Incoming
from tickets.models import Attachment, Channel, Message, Ticket
from tickets.replying import Draft


@transaction.atomic
def start(channel: Channel, requester: Identity, *, subject: str, by: Actor) -> Ticket:
    """A new ticket of this person, without a message yet. Raises `ChannelInactive`."""
    if not channel.active:
        raise ChannelInactive
    return opening.open_ticket(
        customer=requester.customer,
        requester=requester,
        channel=channel,
        subject=subject.strip(),
        at=timezone.now(),
        by=by,
    )


def requester_by_handle(handle: Handle) -> Identity:
    """Whoever has this address or number, known or new; locked until the transaction ends."""
    identity = identifying.locked(handle)
    identifying.fill_in_name(identity, handle.name)
    return identity


def requester_of(customer: Customer, channel: Channel) -> Identity:
    """By which identity a known customer takes part: one of the channel's kind, else any.

    Raises `NoRecipient` for a customer who has none at all.
    """
    kind = kinds.get(channel.kind)
    identities = customer.identities.order_by("-pk")
    fitting = identities.filter(
        kind=kind.identity_kind, scope=str(channel.public_id) if kind.scoped else ""
    )
    identity = fitting.first() or identities.first()
    if identity is None:
        raise NoRecipient
    return identity


@transaction.atomic
def first_message(
    ticket: Ticket, direction: Message.Direction, draft: Draft, *, by: Actor, user: User
) -> Message:
    """The message that the ticket begins with: the customer's, ours to them, or a note.

    Raises what `replying.reply` raises, and `EmptyMessage`.
    """
    match direction:
        case Message.Direction.INBOUND:
            return _said(ticket, ticket.participants.get().identity, draft)
        case Message.Direction.OUTBOUND:
            return replying.reply(ticket, draft, by=by, user=user)
    return replying.note(ticket, draft, by=by, user=user)


def _said(ticket: Ticket, requester: Identity, draft: Draft) -> Message:
    """What the customer said elsewhere becomes the ticket's inbound message."""
    if not (draft.body_text.strip() or draft.body_html or draft.attachments):
        raise EmptyMessage
    message = receiving.receive(
        Incoming(
            channel_id=ticket.channel_id,
            sender=Handle(
                Identity.Kind(requester.kind),
                requester.value,
                requester.scope,
                requester.name,
            ),
            external_id="",
            occurred_at=timezone.now(),
            subject=ticket.subject,
            body_text=draft.body_text,
            body_html=draft.body_html,
            ticket_id=ticket.pk,
        )
    )
    files = [file.pk for file in draft.attachments]
    Attachment.objects.filter(pk__in=files, message=None).update(message=message)
    return message
