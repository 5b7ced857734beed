"""How tickets, messages and files look in the API."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from crm.models import Customer
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
    number = serializers.IntegerField(source="other.number")


class TicketSerializer(serializers.Serializer[Ticket]):
    number = serializers.IntegerField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(Ticket.Status.choices)
    priority = serializers.ChoiceField(Ticket.Priority.choices)
    reason = serializers.SlugField(source="reason.slug", allow_null=True, default=None)
    tags = serializers.SerializerMethodField()
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
    sla = serializers.SerializerMethodField(help_text="The newest clock of each promise.")
    links = LinkSerializer(many=True, source="visible_links")
    version = serializers.IntegerField()

    def get_tags(self, ticket: Ticket) -> list[str]:
        return sorted(tag.slug for tag in ticket.tags.all())

    @extend_schema_field(TargetSerializer(many=True))
    def get_sla(self, ticket: Ticket) -> Any:
        newest: Any = {target.metric: target for target in ticket.targets.all()}.values()
        return TargetSerializer(newest, many=True).data


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
