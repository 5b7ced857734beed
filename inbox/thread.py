"""The thread of a ticket: its messages, and between them what was done, oldest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from inbox import changes, cursors
from inbox.changes import Change
from tickets.models import Delivery, Message, Ticket
from tickets.models.message import MessageQuerySet
from tickets.receiving import preview

PAGE_SIZE = 30
_State = Delivery.State

# Of a message's several deliveries the one that needs attention most speaks for it.
_BY_URGENCY = [
    _State.FAILED,
    _State.UNCERTAIN,
    _State.QUEUED,
    _State.SENDING,
    _State.SENT,
    _State.DELIVERED,
    _State.READ,
]


@dataclass(frozen=True)
class MessageItem:
    """A message as it is drawn; `version` changes with whatever the drawing shows."""

    message: Message
    delivery: Delivery | None
    # The first words of the message that this one answers, where the channel told which.
    quoted: str = ""
    kind: str = "message"

    @property
    def at(self) -> datetime:
        return self.message.occurred_at

    @property
    def key(self) -> str:
        return f"message-{self.message.public_id}"

    @property
    def version(self) -> str:
        message, delivery = self.message, self.delivery
        files = [file.state[0] for file in message.attachments.all()]
        marks = [reaction.emoji for reaction in message.reactions.all()]
        parts = [
            delivery.state if delivery else "",
            message.edited_at.isoformat() if message.edited_at else "",
            "removed" if message.removed_at else "",
            "".join(files),
            "".join(marks),
        ]
        return "|".join(parts)


@dataclass(frozen=True)
class ChangesItem:
    """Changes with no message between them, folded into one line."""

    changes: list[Change] = field(default_factory=list)
    kind: str = "changes"

    @property
    def at(self) -> datetime:
        return self.changes[0].at

    @property
    def key(self) -> str:
        return f"changes-{self.changes[0].event_id}"

    @property
    def version(self) -> str:
        return str(len(self.changes))


@dataclass(frozen=True)
class Thread:
    items: Sequence[MessageItem | ChangesItem]
    # Where the older part ends; empty when everything is shown.
    before: str
    # The newest message of this part, by id: what the reader has had on the screen.
    newest_id: int


def part(ticket: Ticket, *, before: str = "") -> Thread:
    """The newest messages of a ticket, or the next older ones, with the changes among them."""
    messages = shown(ticket)
    if before:
        at, pk = cursors.read(before)
        messages = messages.filter(Q(occurred_at__lte=at)).filter(
            Q(occurred_at__lt=at) | Q(pk__lt=pk)
        )
    found = list(messages.order_by("-occurred_at", "-pk")[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE][::-1]
    since = found[0].occurred_at if more else None
    until = cursors.read(before)[0] if before else None
    quoted = _quoted(ticket, found)
    items = [_item(message, quoted) for message in found]
    return Thread(
        items=_folded(items, changes.of(ticket, since=since, until=until)),
        before=cursors.write(found[0].occurred_at, found[0].pk) if more else "",
        newest_id=max((message.pk for message in found), default=0),
    )


def shown(ticket: Ticket) -> MessageQuerySet:
    """The ticket's messages without those that were taken back before they left."""
    taken_back = Q(direction=Message.Direction.OUTBOUND, removed_at__isnull=False)
    return ticket.messages.for_thread().exclude(taken_back)


def _quoted(ticket: Ticket, messages: Iterable[Message]) -> dict[str, str]:
    """First words of the messages that are answered, by the provider's id; asks only if any is."""
    ids = {message.context["answers"] for message in messages if message.context.get("answers")}
    if not ids:
        return {}
    found = {row.external_id: row for row in ticket.messages.filter(external_id__in=ids)}
    ours = Delivery.objects.filter(message__ticket=ticket, external_id__in=ids)
    found |= {row.external_id: row.message for row in ours.select_related("message")}
    return {name: preview(row) for name, row in found.items() if row.removed_at is None}


def _item(message: Message, quoted: dict[str, str]) -> MessageItem:
    deliveries = [row for row in message.deliveries.all() if row.state in _BY_URGENCY]
    delivery = min(deliveries, key=lambda row: _BY_URGENCY.index(_State(row.state)), default=None)
    return MessageItem(message, delivery, quoted.get(message.context.get("answers", ""), ""))


def _folded(
    messages: Iterable[MessageItem], found: Iterable[Change]
) -> list[MessageItem | ChangesItem]:
    items: list[MessageItem | ChangesItem] = []
    everything: list[MessageItem | Change] = [*messages, *found]
    for item in sorted(everything, key=lambda item: item.at):
        if not isinstance(item, Change):
            items.append(item)
        elif items and isinstance(items[-1], ChangesItem):
            items[-1].changes.append(item)
        else:
            items.append(ChangesItem([item]))
    return items
