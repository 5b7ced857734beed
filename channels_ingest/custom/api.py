"""Messages into a channel of the shop's own making."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_ingest.custom import receive
from channels_ingest.models import InboundEvent
from helpdesk.rest.problems import Conflict
from helpdesk.rest.serializers import MomentField, StrictSerializer, TextField
from helpdesk.rest.views import View
from tickets.api.access import channels_seen_by
from tickets.models import Message

_KIND = "custom"
_MOST_TEXT = 200_000


class SenderSerializer(StrictSerializer):
    """Who writes, by the system's own id; address and number are shown as not verified."""

    id = TextField(min_length=1, max_length=200)
    name = TextField(max_length=200, allow_blank=True, required=False)
    email = serializers.EmailField(max_length=254, required=False)
    phone = TextField(max_length=40, required=False)


class CustomMessageSerializer(StrictSerializer):
    id = TextField(min_length=1, max_length=200, help_text="Yours; the same again is no news.")
    sender = SenderSerializer()
    subject = TextField(max_length=1000, allow_blank=True, required=False)
    body_text = TextField(min_length=1, max_length=_MOST_TEXT)
    body_html = TextField(max_length=_MOST_TEXT, allow_blank=True, required=False)
    sent_at = MomentField(required=False, help_text="Now, where it is left out.")


class TakenSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="Of the message; null while it waits.")
    ticket = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(InboundEvent.State.choices)


class CustomMessages(View):
    """Messages of customers from a system of the shop's own."""

    scopes = {"POST": "tickets:write"}
    answers = TakenSerializer
    accepts = {"POST": CustomMessageSerializer}

    def post(self, request: Request, channel_id: str) -> Response:
        """Hand in what a customer wrote in the shop's own system."""
        channels = channels_seen_by(request).select_related("connection")
        channel = get_object_or_404(channels, public_id=channel_id)
        data = self.body()
        if channel.kind != _KIND:
            raise Conflict(_("This channel has a provider of its own."), code="not_custom")
        if not channel.active:
            raise Conflict(_("This channel is switched off."), code="channel_inactive")
        sent_at = data.get("sent_at") or timezone.now()
        event = receive.keep(channel.connection, {**data, "sent_at": sent_at.isoformat()})
        messages = Message.objects.filter(inbound_event_id=event.pk).select_related("ticket")
        message = messages.first()
        taken = {
            "id": message.public_id if message else None,
            "ticket": message.ticket.number if message else None,
            "state": event.state,
        }
        return self.shown(taken, status=201)
