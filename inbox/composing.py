"""Sending what the composer holds, once, however often its button is pressed."""

from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from accounts.models import User
from history.recording import Actor
from tickets import drafting, replying
from tickets.errors import NoRecipient
from tickets.locking import locked
from tickets.models import Attachment, Channel, Message, SavedDraft, Ticket
from tickets.replying import Draft


def reply(
    ticket: Ticket,
    *,
    user: User,
    body: str,
    files: list[Attachment],
    key: UUID | None,
    seen: int | None,
    then: str,
    channel: Channel | None,
) -> Message:
    """Answer the customer; raises the `BrokenRule`s of `replying.reply`."""
    return _once(
        ticket,
        user,
        SavedDraft.Kind.REPLY,
        key,
        lambda context: replying.reply(
            ticket,
            Draft(body_text=body, attachments=files, context=context),
            by=Actor("agent", user.pk),
            user=user,
            channel=channel,
            seen=seen,
            then=Ticket.Status(then) if then else None,
        ),
    )


def note(
    ticket: Ticket, *, user: User, body: str, files: list[Attachment], key: UUID | None
) -> Message:
    """Write an internal note."""
    return _once(
        ticket,
        user,
        SavedDraft.Kind.NOTE,
        key,
        lambda context: replying.note(
            ticket,
            Draft(body_text=body, attachments=files, context=context),
            by=Actor("agent", user.pk),
            user=user,
        ),
    )


def channels_for(ticket: Ticket, user: User) -> list[Channel]:
    """By which channels of the ticket's shop this customer can be answered."""
    channels = Channel.objects.visible_to(user).filter(active=True, shop=ticket.shop_id)
    return [channel for channel in channels if _reaches(ticket, channel)]


@transaction.atomic
def _once(
    ticket: Ticket,
    user: User,
    kind: SavedDraft.Kind,
    key: UUID | None,
    write: Callable[[dict[str, object]], Message],
) -> Message:
    """The ticket's lock makes a second press wait here, and then find the message.

    What is written is no draft any more.
    """
    locked(ticket)
    drafting.drop(ticket, user, kind)
    if key is None:
        return write({})
    sent = ticket.messages.filter(context__composer=str(key)).first()
    return sent or write({"composer": str(key)})


def _reaches(ticket: Ticket, channel: Channel) -> bool:
    try:
        replying.recipient(ticket, channel)
    except NoRecipient:
        return False
    return True
