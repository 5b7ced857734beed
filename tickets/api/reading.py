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

from accounts.models import User
from crm.models import Customer, Order
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


_ORDER_COLUMNS = {
    "shop": "order__shop__slug",
    "external_id": "order__external_id",
    "number": "order__number",
    "how": "how",
}


class Surroundings:
    """The tags, clocks, links and orders of some tickets, by ticket: one query for each.

    `seen` and `orders` are what the caller sees: a link shows itself only to who sees both ends.
    """

    def __init__(
        self, tickets: Iterable[Ticket], seen: QuerySet[Ticket], orders: QuerySet[Order]
    ) -> None:
        of_these = {"ticket__in": [ticket.pk for ticket in tickets]}
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
        links = TicketLink.objects.filter(**of_these, other__in=seen).order_by("pk")
        self.orders: dict[int, list[Any]] = defaultdict(list)
        about = TicketOrder.objects.filter(**of_these, order__in=orders).order_by("pk")
        for ticket, *told in about.values_list("ticket", *_ORDER_COLUMNS.values()):
            self.orders[ticket].append(dict(zip(_ORDER_COLUMNS, told, strict=True)))
        for ticket, kind, number in links.values_list("ticket", "kind", "other__number"):
            self.links[ticket].append({"kind": kind, "number": number})


def _moment(at: datetime | None) -> str | None:
    return timezone.localtime(at).isoformat() if at else None


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

    def to_representation(self, ticket: Ticket) -> dict[str, Any]:
        """Written out, because lists are long and DRF's own way takes four times as long."""
        around: Surroundings = self.context["surroundings"]
        return {
            "number": ticket.number,
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "reason": ticket.reason.slug if ticket.reason else None,
            "tags": around.tags[ticket.pk],
            "customer": {"id": str(ticket.customer.public_id), "name": ticket.customer.name},
            "channel": {
                "id": str(ticket.channel.public_id),
                "kind": ticket.channel.kind,
                "name": ticket.channel.name,
            },
            "shop": ticket.shop.slug,
            "assignee": ticket.assignee.email if ticket.assignee else None,
            "team": ticket.team.slug,
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
