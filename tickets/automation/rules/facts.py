"""What a rule may ask about a ticket. Higher rooms add their own in `AppConfig.ready`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from crm.models import Order, Shop
from tickets import kinds
from tickets.models import Channel, Message, Reason, Tag, Ticket
from tickets.sla import hours

Choices = Iterable[tuple[str, str | Promise]]


class Kind(StrEnum):
    CHOICE = "choice"
    TEXT = "text"
    YES_NO = "yes_no"


@dataclass(frozen=True)
class Situation:
    """A ticket as a rule sees it; `message` is the one it is about, or the customer's newest."""

    ticket: Ticket
    message: Message | None
    at: datetime

    @classmethod
    def of(cls, ticket: Ticket, message: Message | None, at: datetime) -> "Situation":
        if message is None:
            written = ticket.messages.filter(direction=Message.Direction.INBOUND)
            message = written.order_by("pk").last()
        return cls(ticket, message, at)

    @cached_property
    def opening(self) -> hours.Opening:
        return hours.opening(self.ticket.channel, self.at)

    @cached_property
    def order(self) -> Order | None:
        """The customer's newest order in the ticket's shop."""
        orders = Order.objects.filter(customer=self.ticket.customer_id, shop=self.ticket.shop_id)
        return orders.newest().first()

    @cached_property
    def is_first(self) -> bool:
        """Whether nobody has said anything in the ticket before the message."""
        if self.message is None:
            return False
        earlier = self.ticket.messages.public().filter(pk__lt=self.message.pk)
        return not earlier.exists()


@dataclass(frozen=True)
class Fact:
    """One thing that may be asked; `read` gives its values as codes, or the text."""

    name: str
    label: str | Promise
    kind: Kind
    read: Callable[[Situation], Iterable[str]]
    choices: Callable[[], Choices] = tuple


_facts: dict[str, Fact] = {}


def register(fact: Fact) -> None:
    _facts[fact.name] = fact


def registered() -> list[Fact]:
    return list(_facts.values())


def get(name: str) -> Fact:
    """Raises `KeyError`."""
    return _facts[name]


def _ids(*values: object) -> list[str]:
    return [str(value) for value in values if value is not None]


def _yes(value: bool) -> list[str]:
    return ["yes" if value else "no"]


def _named(rows: Iterable[Team | User | Reason | Tag | Channel | Shop]) -> Choices:
    return [(str(row.pk), str(row)) for row in rows]


def _words(situation: Situation) -> list[str]:
    message = situation.message
    return [message.reply_text or message.body_text] if message else []


def register_all() -> None:
    """The facts of this room."""
    choice, text, yes_no = Kind.CHOICE, Kind.TEXT, Kind.YES_NO
    for fact in (
        Fact("text", _("the message"), text, _words),
        Fact("subject", _("the subject"), text, lambda s: [s.ticket.subject]),
        Fact("first", _("the first message of the ticket"), yes_no, lambda s: _yes(s.is_first)),
        Fact(
            "kind",
            _("the kind of channel"),
            choice,
            lambda s: [s.ticket.channel.kind],
            lambda: [(kind.name, kind.label) for kind in kinds.registered()],
        ),
        Fact(
            "channel",
            _("the channel"),
            choice,
            lambda s: _ids(s.ticket.channel_id),
            lambda: _named(Channel.objects.all()),
        ),
        Fact(
            "shop",
            _("the shop"),
            choice,
            lambda s: _ids(s.ticket.shop_id),
            lambda: _named(Shop.objects.all()),
        ),
        Fact(
            "status",
            _("the status"),
            choice,
            lambda s: [s.ticket.status],
            lambda: Ticket.Status.choices,
        ),
        Fact(
            "priority",
            _("the priority"),
            choice,
            lambda s: [s.ticket.priority],
            lambda: Ticket.Priority.choices,
        ),
        Fact(
            "reason",
            _("the contact reason"),
            choice,
            lambda s: _ids(s.ticket.reason_id),
            lambda: _named(Reason.objects.all()),
        ),
        Fact(
            "tag",
            _("a tag"),
            choice,
            lambda s: [str(pk) for pk in s.ticket.tags.values_list("pk", flat=True)],
            lambda: _named(Tag.objects.all()),
        ),
        Fact(
            "team",
            _("the team"),
            choice,
            lambda s: _ids(s.ticket.team_id),
            lambda: _named(Team.objects.all()),
        ),
        Fact(
            "assigned",
            _("somebody has the ticket"),
            yes_no,
            lambda s: _yes(s.ticket.assignee_id is not None),
        ),
        Fact("vip", _("the customer is VIP"), yes_no, lambda s: _yes(s.ticket.customer.vip)),
        Fact("open", _("we are open"), yes_no, lambda s: _yes(s.opening.is_open)),
        Fact("holiday", _("it is a public holiday"), yes_no, lambda s: _yes(s.opening.is_holiday)),
        Fact(
            "order",
            _("the newest order"),
            choice,
            lambda s: [s.order.status] if s.order else [],
            lambda: Order.Status.choices,
        ),
    ):
        register(fact)
