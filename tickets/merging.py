"""Two tickets that are one case: merged, undone within the hour; and a message split out again."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from accounts.models import User
from history.recording import Actor
from tickets import changing, opening, recording
from tickets.errors import MergeSettled, NeverMerged, TicketClosed
from tickets.locking import locked
from tickets.models import (
    Delivery,
    Message,
    Participant,
    Ticket,
    TicketFollower,
    TicketLink,
    TicketMerge,
    TicketOrder,
)
from tickets.models.message import MessageQuerySet
from tickets.receiving import preview

UNDO_WITHIN = timedelta(hours=1)

# Tables whose rows follow a ticket, by name; higher rooms add theirs from `AppConfig.ready`.
_moving: dict[str, type[models.Model]] = {"messages": Message}


def register_moving(name: str, model: type[models.Model]) -> None:
    """Let the rows of this table, which name their ticket as `ticket`, go with merged tickets."""
    _moving[name] = model


@transaction.atomic
def merge(*, kept: Ticket, absorbed: Ticket, by: Actor, user: User | None = None) -> TicketMerge:
    """Everything of `absorbed` is in `kept` from now on; its number and address forward there.

    Its customer keeps a part in the case where that is another one, as a proposal: nothing goes
    out to them by itself. Raises `NeverMerged` for tickets of different shops, one and the same,
    or merged already, and `TicketClosed` where nobody could answer any more.
    """
    kept, absorbed = _locked_pair(kept, absorbed)
    if kept == absorbed or kept.merged_into_id or absorbed.merged_into_id:
        raise NeverMerged
    if kept.shop_id != absorbed.shop_id:
        raise NeverMerged
    if kept.status == Ticket.Status.CLOSED:
        raise TicketClosed
    log = TicketMerge.objects.create(kept=kept, absorbed=absorbed, user=user)
    log.moved = {name: _move(model, absorbed, kept) for name, model in _moving.items()}
    log.save(update_fields=["moved"])
    _share(kept, absorbed)
    absorbed.merged_into = kept
    absorbed.save(update_fields=["merged_into"])
    recording.record(absorbed, "ticket.merged", actor=by, other=kept.pk)
    if absorbed.waiting_since:
        _opened(kept, by=by)
    _count_again(kept)
    _record(kept, "ticket.absorbed", absorbed, by=by)
    return log


@transaction.atomic
def undo(log: TicketMerge, *, by: Actor) -> None:
    """Give back what the merge moved. Raises `MergeSettled` after an hour, or if merged on."""
    log = TicketMerge.objects.select_for_update().get(pk=log.pk)
    kept, absorbed = _locked_pair(log.kept, log.absorbed)
    if log.undone_at or kept.merged_into_id or timezone.now() - log.merged_at > UNDO_WITHIN:
        raise MergeSettled
    for name, ids in log.moved.items():
        _give_back(_moving[name], ids, absorbed)
    log.undone_at = timezone.now()
    log.save(update_fields=["undone_at"])
    absorbed.merged_into = None
    absorbed.save(update_fields=["merged_into"])
    for ticket, other in ((absorbed, kept), (kept, absorbed)):
        _count_again(ticket)
        _record(ticket, "ticket.merge_undone", other, by=by)


@transaction.atomic
def split(message: Message, *, by: Actor) -> Ticket:
    """Take one of the customer's messages out into a ticket of its own, linked to this one.

    Raises `NeverMerged` for what the customer did not write, and for a ticket's only message.
    """
    ticket = locked(message.ticket)
    others = ticket.messages.public().exclude(pk=message.pk)
    if message.direction != Message.Direction.INBOUND or message.sender is None:
        raise NeverMerged
    if ticket.merged_into_id or not others.exists():
        raise NeverMerged
    fresh = opening.open_ticket(
        customer=ticket.customer,
        requester=message.sender,
        channel=message.channel,
        subject=message.subject or ticket.subject,
        at=message.occurred_at,
        by=by,
    )
    changing.set_team(fresh, ticket.team, by=by)
    Message.objects.filter(pk=message.pk).update(ticket=fresh)
    _count_again(fresh)
    opening.link(fresh, ticket, TicketLink.Kind.RELATED, by=by)
    _count_again(ticket)
    _record(ticket, "ticket.split", fresh, by=by)
    _record(fresh, "ticket.absorbed", ticket, by=by)
    return fresh


def _locked_pair(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Both, locked in the order of their ids, as everywhere."""
    rows = {pk: locked(pk) for pk in sorted({one.pk, other.pk})}
    return rows[one.pk], rows[other.pk]


def _move(model: type[models.Model], source: Ticket, target: Ticket) -> list[int]:
    rows = model._default_manager.filter(ticket=source)
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    _give_back(model, ids, target)
    return ids


def _give_back(model: type[models.Model], ids: Iterable[int], owner: Ticket) -> None:
    model._default_manager.filter(pk__in=ids).update(ticket=owner)
    if model is Message:
        Delivery.objects.filter(message__in=ids).update(ticket_id=owner.pk)


def _share(kept: Ticket, absorbed: Ticket) -> None:
    """What both may have: people, tags and orders are copied, so that an undo loses none."""
    for part in absorbed.participants.all():
        own = part.identity.customer_id == kept.customer_id
        role = Participant.Role.CC if own else Participant.Role.PROPOSED
        Participant.objects.get_or_create(
            ticket=kept, identity_id=part.identity_id, defaults={"role": role}
        )
    for follower in TicketFollower.objects.filter(ticket=absorbed):
        TicketFollower.objects.get_or_create(
            ticket=kept, user_id=follower.user_id, defaults={"why": follower.why}
        )
    for order in absorbed.order_links.all():
        TicketOrder.objects.get_or_create(
            ticket=kept, order_id=order.order_id, defaults={"how": order.how}
        )
    kept.tags.add(*absorbed.tags.all())


def _record(ticket: Ticket, kind: str, other: Ticket, *, by: Actor) -> None:
    recording.record(ticket, kind, actor=by, other=other.pk, since=ticket.waiting_since)


def _opened(ticket: Ticket, *, by: Actor) -> None:
    """A question came into a ticket that waited for somebody, or was done."""
    if ticket.status != Ticket.Status.NEW:
        changing.set_status(ticket, Ticket.Status.OPEN, by=by)


def _count_again(ticket: Ticket) -> None:
    """What the ticket says of its messages, after some came or went."""
    messages = ticket.messages.public().filter(removed_at=None)
    asked = messages.filter(direction=Message.Direction.INBOUND, automatic=False, flagged=False)
    answered = messages.filter(direction=Message.Direction.OUTBOUND, automatic=False)
    answered_at = _latest(answered)
    waiting = asked.filter(occurred_at__gt=answered_at) if answered_at else asked
    first = waiting.order_by("occurred_at").first()
    waits = first is not None and ticket.status in Ticket.UNFINISHED
    ticket.waiting_since = first.occurred_at if first and waits else None
    ticket.last_inbound_at = _latest(asked)
    if newest := messages.order_by("-occurred_at", "-pk").first():
        ticket.last_message_at, ticket.preview = newest.occurred_at, preview(newest)
    ticket.save(update_fields=["waiting_since", "last_inbound_at", "last_message_at", "preview"])


def _latest(messages: MessageQuerySet) -> datetime | None:
    latest: datetime | None = messages.aggregate(at=models.Max("occurred_at"))["at"]
    return latest
