"""What the API takes in for tickets and messages, and what it does with it."""

from collections.abc import Collection
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from accounts.callers import actor_of, user_of
from accounts.models import Team, User
from crm.api import customers_seen_by
from crm.identifying import Handle
from crm.models import Identity
from helpdesk.rest.problems import TooLarge, UnknownReference, referenced
from helpdesk.rest.serializers import MomentField, StrictSerializer, TextField, variant
from helpdesk.rest.views import MAX_FILE_BYTES
from tickets import attaching, changing, starting
from tickets.api.access import channels_seen_by
from tickets.models import Attachment, Channel, Message, Reason, Tag, Ticket
from tickets.replying import Draft

_PHONE = r"^\+[1-9][0-9]{6,14}$"
_MOST_TEXT = 200_000
_MOST_FILES = 20


class TicketChangeSerializer(StrictSerializer):
    subject = TextField(max_length=1000, allow_blank=True, required=False)
    status = serializers.ChoiceField(Ticket.Status.choices, required=False)
    priority = serializers.ChoiceField(Ticket.Priority.choices, required=False)
    reason = TextField(max_length=50, allow_null=True, required=False, help_text="By its slug.")
    tags = serializers.ListField(
        child=TextField(max_length=50), max_length=50, required=False, help_text="All, by slug."
    )
    team = TextField(max_length=50, required=False, help_text="By its slug.")
    assignee = TextField(max_length=254, allow_null=True, required=False, help_text="By e-mail.")
    snoozed_until = MomentField(allow_null=True, required=False)


class TicketMergeSerializer(StrictSerializer):
    into = serializers.IntegerField(min_value=1, max_value=2**53, help_text="Number of a ticket.")


class SplitSerializer(StrictSerializer):
    message = serializers.UUIDField()


class RequesterSerializer(StrictSerializer):
    """A known customer by `id`; or anybody by `email` or `phone`, found or made."""

    id = serializers.UUIDField(required=False)
    name = TextField(max_length=200, allow_blank=True, required=False)
    email = serializers.EmailField(max_length=254, required=False)
    phone = serializers.RegexField(_PHONE, required=False, help_text="E.164")

    @classmethod
    def variants(cls, whole: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            variant(whole, required=["id"]),
            variant(whole, required=["email"], optional=["name"]),
            variant(whole, required=["phone"], optional=["name"]),
        ]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"id", "email", "phone"}) != 1 or attrs.keys() >= {"id", "name"}:
            raise serializers.ValidationError(
                _("Name the customer by id, or by email or phone and perhaps a name."), "one_of"
            )
        return attrs


class FirstMessageSerializer(StrictSerializer):
    direction = serializers.ChoiceField(Message.Direction.choices)
    body_text = TextField(max_length=_MOST_TEXT, allow_blank=True, required=False)
    body_html = TextField(max_length=_MOST_TEXT, allow_blank=True, required=False)
    attachments = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=_MOST_FILES,
        required=False,
        help_text="Ids of uploads (POST attachments/).",
    )


class NewTicketSerializer(StrictSerializer):
    channel = serializers.UUIDField()
    subject = TextField(max_length=1000, allow_blank=True)
    customer = RequesterSerializer()
    message = FirstMessageSerializer()
    priority = serializers.ChoiceField(Ticket.Priority.choices, required=False)
    reason = TextField(max_length=50, required=False, help_text="By its slug.")
    tags = serializers.ListField(child=TextField(max_length=50), max_length=50, required=False)
    team = TextField(max_length=50, required=False, help_text="By its slug.")
    assignee = TextField(max_length=254, required=False, help_text="By e-mail.")


class NewMessageSerializer(FirstMessageSerializer):
    direction = serializers.ChoiceField(
        [Message.Direction.OUTBOUND.value, Message.Direction.NOTE.value]
    )
    channel = serializers.UUIDField(required=False, help_text="Another channel of the shop.")


class NewMessageFormSerializer(NewMessageSerializer):
    attachments = serializers.ListField(
        child=serializers.FileField(), max_length=_MOST_FILES, required=False
    )


class UploadSerializer(StrictSerializer):
    file = serializers.FileField()


# In this order: whoever gets the ticket is looked at in its new team.
_VERBS = {
    "subject": changing.set_subject,
    "priority": changing.set_priority,
    "reason": changing.set_reason,
    "tags": changing.set_tags,
    "team": changing.set_team,
    "assignee": changing.assign,
    "status": changing.set_status,
    "snoozed_until": changing.snooze,
}


def change(ticket: Ticket, data: dict[str, Any], request: Request) -> None:
    """Do to the locked ticket what the body names. Raises `UnknownReference`, `BrokenRule`."""
    values = {name: _resolved(name, data[name]) for name in _VERBS if name in data}
    for name, value in values.items():
        verb: Any = _VERBS[name]
        verb(ticket, value, by=actor_of(request))


def requester(data: dict[str, Any], channel: Channel, request: Request) -> Identity:
    """The customer that a new ticket is of. Raises `UnknownReference`, `NoRecipient`."""
    if "id" in data:
        known = customers_seen_by(request)
        customer = referenced(known, "/customer/id", public_id=data["id"])
        return starting.requester_of(customer, channel)
    kind = Identity.Kind.EMAIL if "email" in data else Identity.Kind.PHONE
    handle = Handle(kind, data[kind], name=data.get("name", ""))
    return starting.requester_by_handle(handle)


def channel(value: Any, request: Request, **narrower: Any) -> Channel:
    """Raises `UnknownReference`."""
    channels = channels_seen_by(request).filter(**narrower)
    return referenced(channels.select_related("team", "shop"), "/channel", public_id=value)


def draft(data: dict[str, Any], request: Request) -> Draft:
    """What is to be said. Raises `UnknownReference`, `TooLarge`."""
    return Draft(
        body_text=data.get("body_text", ""),
        body_html=data.get("body_html", ""),
        attachments=[_file(item, request) for item in data.get("attachments", [])],
    )


def upload(file: "UploadedFile[Any]", request: Request) -> Attachment:
    """Keep a file that waits for its message. Raises `TooLarge`."""
    if (file.size or 0) > MAX_FILE_BYTES:
        raise TooLarge
    return attaching.upload(file.read(), file.name or "", user=user_of(request))


def _file(item: Any, request: Request) -> Attachment:
    """The file itself (multipart), or the id of one's own upload."""
    if isinstance(item, UploadedFile):
        return upload(item, request)
    own = Attachment.objects.filter(message=None, uploaded_by=user_of(request))
    return referenced(own, "/attachments", public_id=item)


def _resolved(name: str, value: Any) -> Any:
    """The row that a slug or address stands for; other values as they are."""
    match name, value:
        case (_, None):
            return None
        case ("reason", slug):
            return referenced(Reason.objects.all(), "/reason", slug=slug)
        case ("team", slug):
            return referenced(Team.objects.all(), "/team", slug=slug)
        case ("assignee", email):
            return referenced(User.objects.active(), "/assignee", email=email)
        case ("tags", slugs):
            return _tags(slugs)
    return value


def _tags(slugs: Collection[str]) -> list[Tag]:
    found = Tag.objects.in_bulk(slugs, field_name="slug")
    for place, slug in enumerate(slugs):
        if slug not in found:
            raise UnknownReference.at(f"/tags/{place}")
    return list(found.values())
