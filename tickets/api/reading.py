"""How tickets, messages and files look in the API."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Team, User
from crm.models import Customer, Order, Shop
from tickets.models import (
    Attachment,
    Channel,
    Delivery,
    Message,
    Reason,
    Tag,
    Target,
    Ticket,
    TicketLink,
    TicketOrder,
)

_State = Delivery.State
# A message in several parts is as far as its worst part.
_WORST_FIRST = (
    _State.FAILED,
    _State.UNCERTAIN,
    _State.QUEUED,
    _State.SENDING,
    _State.CANCELLED,
    _State.SENT,
    _State.DELIVERED,
    _State.READ,
)


class TagSerializer(serializers.Serializer[Tag]):
    slug = serializers.SlugField()
    name = serializers.CharField()


class ReasonSerializer(serializers.Serializer[Reason]):
    slug = serializers.SlugField()
    name = serializers.CharField()
    active = serializers.BooleanField()


class CustomerNameSerializer(serializers.Serializer[Customer]):
    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()


class ChannelNameSerializer(serializers.Serializer[Channel]):
    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    name = serializers.CharField()


class TargetSerializer(serializers.Serializer[Target]):
    metric = serializers.ChoiceField(Target.Metric.choices)
    state = serializers.ChoiceField(Target.State.choices)
    due_at = serializers.DateTimeField()


class LinkSerializer(serializers.Serializer[TicketLink]):
    """`kind` is to be read from the ticket that it stands on."""

    kind = serializers.ChoiceField(TicketLink.Kind.choices)
    number = serializers.IntegerField()


class OrderLinkSerializer(serializers.Serializer[TicketOrder]):
    shop = serializers.SlugField()
    external_id = serializers.CharField()
    number = serializers.CharField()
    how = serializers.ChoiceField(TicketOrder.How.choices)


_MOMENTS = (
    "created_at",
    "updated_at",
    "first_response_at",
    "solved_at",
    "closed_at",
    "waiting_since",
    "last_message_at",
    "snoozed_until",
)


_COLUMNS = (
    *("pk", "number", "subject", "status", "priority", "reason_id"),
    *("customer__public_id", "customer__name"),
    *("channel__public_id", "channel__kind", "channel__name"),
    *("shop_id", "assignee__email", "team_id"),
    *_MOMENTS,
    *("needs_review", "spam", "version"),
)

# A named tuple of `_COLUMNS`: seven models for each ticket of a list take three times as long.
TicketRow = Any


def shown_columns(tickets: QuerySet[Ticket]) -> QuerySet[Ticket, TicketRow]:
    """What the API shows of tickets, each as a `TicketRow`."""
    return tickets.values_list(*_COLUMNS, named=True)


_ORDER_COLUMNS = {
    "shop": "order__shop__slug",
    "external_id": "order__external_id",
    "number": "order__number",
    "how": "how",
}


class Surroundings:
    """The tags, clocks, links and orders of some tickets, by ticket, and the names of their places.

    One query for each, and one more for what there is of links and orders: few tickets have any,
    and asking at once which of them the caller sees costs as much as the tickets themselves.
    `seen` and `orders` are what the caller sees: a link shows itself only to who sees both ends.
    """

    def __init__(
        self, tickets: Iterable[TicketRow], seen: QuerySet[Ticket], orders: QuerySet[Order]
    ) -> None:
        of_these = {"ticket__in": [ticket.pk for ticket in tickets]}
        # Small tables, read whole: joined, they would cost the planner more than all the rest.
        self.shops, self.teams, self.reasons = _slugs(Shop), _slugs(Team), _slugs(Reason)
        self.tags: dict[int, list[str]] = defaultdict(list)
        self.clocks: dict[int, dict[str, Any]] = defaultdict(dict)
        self.links: dict[int, list[Any]] = defaultdict(list)
        tags = Ticket.tags.through.objects.filter(**of_these).order_by("tag__slug")
        for ticket, slug in tags.values_list("ticket", "tag__slug"):
            self.tags[ticket].append(slug)
        clocks = Target.objects.filter(**of_these).order_by("pk")
        for ticket, metric, state, due_at in clocks.values_list(
            "ticket", "metric", "state", "due_at"
        ):
            self.clocks[ticket][metric] = {
                "metric": metric,
                "state": state,
                "due_at": _moment(due_at),
            }
        self.orders: dict[int, list[Any]] = defaultdict(list)
        about = TicketOrder.objects.filter(**of_these).order_by("pk")
        columns = about.values_list("ticket", "order", *_ORDER_COLUMNS.values())
        for ticket, *told in _visible(columns, orders):
            self.orders[ticket].append(dict(zip(_ORDER_COLUMNS, told, strict=True)))
        links = TicketLink.objects.filter(**of_these).order_by("pk")
        for ticket, kind, number in _visible(
            links.values_list("ticket", "other", "kind", "other__number"), seen
        ):
            self.links[ticket].append({"kind": kind, "number": number})


def _slugs(model: type[Shop | Team | Reason]) -> dict[int, str]:
    return dict(model._default_manager.order_by().values_list("pk", "slug"))


def _visible(rows: Iterable[tuple[Any, ...]], seen: QuerySet[Any]) -> list[tuple[Any, ...]]:
    """Rows of (ticket, other end, ...) whose other end is among the seen, without that column."""
    found = list(rows)
    if not found:
        return []
    ends = set(
        seen.filter(pk__in={end for _ticket, end, *_rest in found}).values_list("pk", flat=True)
    )
    return [(ticket, *rest) for ticket, end, *rest in found if end in ends]


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(timezone.get_current_timezone()).isoformat() if at else None


class TicketSerializer(serializers.Serializer[Ticket]):
    number = serializers.IntegerField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(Ticket.Status.choices)
    priority = serializers.ChoiceField(Ticket.Priority.choices)
    reason = serializers.SlugField(source="reason.slug", allow_null=True, default=None)
    tags = serializers.ListField(child=serializers.SlugField())
    customer = CustomerNameSerializer()
    channel = ChannelNameSerializer()
    shop = serializers.SlugField(source="shop.slug")
    assignee = serializers.EmailField(source="assignee.email", allow_null=True, default=None)
    team = serializers.SlugField(source="team.slug")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    first_response_at = serializers.DateTimeField(allow_null=True)
    solved_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    waiting_since = serializers.DateTimeField(allow_null=True)
    last_message_at = serializers.DateTimeField()
    snoozed_until = serializers.DateTimeField(allow_null=True)
    needs_review = serializers.BooleanField()
    spam = serializers.BooleanField()
    sla = TargetSerializer(many=True, help_text="The newest clock of each promise.")
    links = LinkSerializer(many=True)
    orders = OrderLinkSerializer(many=True, help_text="Named in the text, or linked by hand.")
    version = serializers.IntegerField()

    def to_representation(self, ticket: TicketRow) -> dict[str, Any]:
        """Written out, because lists are long and DRF's own way takes four times as long."""
        around: Surroundings = self.context["surroundings"]
        return {
            "number": ticket.number,
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "reason": around.reasons.get(ticket.reason_id),
            "tags": around.tags[ticket.pk],
            "customer": {"id": str(ticket.customer__public_id), "name": ticket.customer__name},
            "channel": {
                "id": str(ticket.channel__public_id),
                "kind": ticket.channel__kind,
                "name": ticket.channel__name,
            },
            "shop": around.shops[ticket.shop_id],
            "assignee": ticket.assignee__email,
            "team": around.teams[ticket.team_id],
            **{name: _moment(getattr(ticket, name)) for name in _MOMENTS},
            "needs_review": ticket.needs_review,
            "spam": ticket.spam,
            "sla": list(around.clocks[ticket.pk].values()),
            "links": around.links[ticket.pk],
            "orders": around.orders[ticket.pk],
            "version": ticket.version,
        }


class AuthorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(Message.Author.choices)
    name = serializers.CharField()


class DeliverySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(Delivery.State.choices)
    error = serializers.CharField()
    attempts = serializers.IntegerField()


class AttachmentSerializer(serializers.Serializer[Attachment]):
    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    inline = serializers.BooleanField()
    url = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_url(self, attachment: Attachment) -> str:
        path = reverse("api:attachment", args=[attachment.public_id])
        return str(self.context["request"].build_absolute_uri(path))


class MessageSerializer(serializers.Serializer[Message]):
    """What the customer took back has neither text nor files any more."""

    id = serializers.UUIDField(source="public_id")
    direction = serializers.ChoiceField(Message.Direction.choices)
    author = serializers.SerializerMethodField()
    channel = serializers.UUIDField(source="channel.public_id")
    subject = serializers.CharField()
    body_text = serializers.CharField()
    body_html = serializers.CharField()
    reply_text = serializers.CharField(help_text="What is new in it, without quoted history.")
    attachments = AttachmentSerializer(many=True)
    delivery = serializers.SerializerMethodField()
    automatic = serializers.BooleanField()
    authentication = serializers.ChoiceField(Message.Authentication.choices, allow_blank=True)
    flagged = serializers.BooleanField(help_text="Written by a stranger to the ticket.")
    occurred_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    removed_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, message: Message) -> dict[str, Any]:
        shown = super().to_representation(message)
        if message.removed_at:
            shown |= {"body_text": "", "body_html": "", "reply_text": "", "attachments": []}
        return shown

    @extend_schema_field(AuthorSerializer)
    def get_author(self, message: Message) -> dict[str, str]:
        return {"kind": message.author_kind, "name": _author_name(message)}

    @extend_schema_field(DeliverySerializer(allow_null=True))
    def get_delivery(self, message: Message) -> dict[str, Any] | None:
        return _delivery(message.deliveries.all())


def _author_name(message: Message) -> str:
    author: User | None = message.author_user
    if author is not None:
        return author.name
    return (message.sender.name or str(message.sender)) if message.sender else ""


def _delivery(parts: Iterable[Delivery]) -> dict[str, Any] | None:
    worst = min(parts, key=lambda part: _WORST_FIRST.index(_State(part.state)), default=None)
    if worst is None:
        return None
    return {"state": worst.state, "error": worst.error, "attempts": worst.attempts}
