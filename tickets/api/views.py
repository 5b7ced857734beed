"""Endpoints of tickets, messages and files."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import actor_of, user_of
from crm.api import orders_seen_by
from helpdesk.rest.problems import referenced
from helpdesk.rest.serializers import MomentField, TextField
from helpdesk.rest.views import ListView, PageQuery, View, check_match, etag
from tickets import filtering, merging, replying, serving, starting
from tickets.api import writing
from tickets.api.access import (
    files_seen_by,
    ticket_to_change,
    ticket_to_read,
    tickets_seen_by,
)
from tickets.api.reading import (
    AttachmentSerializer,
    MessageSerializer,
    Surroundings,
    TicketRow,
    TicketSerializer,
    shown_columns,
)
from tickets.locking import locked
from tickets.models import Message, Ticket


def _any_of(choices: list[Any]) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ChoiceField(choices), required=False, help_text="Any of; may be repeated."
    )


class TicketQuery(PageQuery):
    status = _any_of(Ticket.Status.choices)
    priority = _any_of(Ticket.Priority.choices)
    assignee = TextField(required=False, max_length=254, help_text="By e-mail.")
    team = TextField(required=False, max_length=50, help_text="By its slug.")
    channel = serializers.UUIDField(required=False)
    channel_kind = TextField(required=False, max_length=32, help_text="email, chat, messenger...")
    shop = TextField(required=False, max_length=50, help_text="By its slug.")
    customer = serializers.UUIDField(required=False)
    tag = serializers.ListField(
        child=TextField(max_length=50), required=False, max_length=5, help_text="Each of; by slug."
    )
    reason = TextField(required=False, max_length=50, help_text="By its slug.")
    created_from = MomentField(required=False)
    created_to = MomentField(required=False, help_text="Before this moment.")
    updated_since = MomentField(required=False)
    q = TextField(required=False, max_length=200, help_text="Words of the messages, or a number.")
    ordering = serializers.ChoiceField(
        [
            "-created_at",
            "created_at",
            "-updated_at",
            "updated_at",
            "-last_message_at",
            "last_message_at",
        ],
        default="-created_at",
    )


class Tickets(ListView):
    """List tickets, newest first."""

    scopes = {"GET": "tickets:read", "POST": "tickets:write"}
    answers = TicketSerializer
    accepts = {"POST": writing.NewTicketSerializer}
    query = TicketQuery
    order = "-created_at"

    def rows(self) -> QuerySet[Any]:
        return shown_columns(filtering.narrowed(tickets_seen_by(self.request), self.params))

    def shown_rows(self, rows: Sequence[TicketRow]) -> Any:
        return _drawn(self, rows)

    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Open a ticket: for what a customer said elsewhere, or to write first."""
        data, by = self.body(), actor_of(request)
        channel = writing.channel(data["channel"], request)
        requester = writing.requester(data["customer"], channel, request)
        draft = writing.draft(data["message"], request)
        ticket = starting.start(channel, requester, subject=data["subject"], by=by)
        writing.change(ticket, {**data, "subject": ticket.subject}, request)
        direction = Message.Direction(data["message"]["direction"])
        starting.first_message(ticket, direction, draft, by=by, user=user_of(request))
        return Response(_drawn(self, [_reread(ticket)])[0], status=201)


class OneTicket(View):
    """Show a ticket."""

    scopes = {"GET": "tickets:read", "PATCH": "tickets:write"}
    answers = TicketSerializer
    accepts = {"PATCH": writing.TicketChangeSerializer}
    has_version = True

    def get(self, request: Request, number: int) -> Response:
        return self.shown(get_object_or_404(shown_columns(tickets_seen_by(request)), number=number))

    def patch(self, request: Request, number: int) -> Response:
        """Change a ticket: all that the body names, or nothing."""
        data = self.body()
        with transaction.atomic():
            ticket = locked(ticket_to_change(request, number))
            check_match(request, ticket.version)
            writing.change(ticket, data, request)
        return self.shown(_reread(ticket))

    def shown(self, row: TicketRow, *, status: int = 200) -> Response:
        return Response(_drawn(self, [row])[0], status=status, headers={"ETag": etag(row.version)})


class Merging(View):
    """Merge the ticket into another one, whose messages they are from then on."""

    scopes = {"POST": "tickets:write"}
    answers = TicketSerializer
    accepts = {"POST": writing.TicketMergeSerializer}

    def post(self, request: Request, number: int) -> Response:
        absorbed = ticket_to_change(request, number)
        mine = tickets_seen_by(request) & Ticket.objects.changeable_by(user_of(request))
        kept = referenced(mine, "into", number=self.body()["into"])
        merging.merge(kept=kept, absorbed=absorbed, by=actor_of(request), user=user_of(request))
        return Response(_drawn(self, [_reread(kept)])[0])


class Splitting(View):
    """Make one of the customer's messages a ticket of its own, linked to this one."""

    scopes = {"POST": "tickets:write"}
    answers = TicketSerializer
    accepts = {"POST": writing.SplitSerializer}

    def post(self, request: Request, number: int) -> Response:
        ticket = ticket_to_change(request, number)
        message = referenced(ticket.messages.all(), "message", public_id=self.body()["message"])
        fresh = merging.split(message, by=actor_of(request))
        return Response(_drawn(self, [_reread(fresh)])[0], status=201)


class MessageQuery(PageQuery):
    ordering = serializers.ChoiceField(["occurred_at", "-occurred_at"], default="occurred_at")


class Messages(ListView):
    """List the messages of the ticket, oldest first."""

    scopes = {"GET": "tickets:read", "POST": "tickets:write"}
    answers = MessageSerializer
    accepts = {"POST": writing.NewMessageSerializer}
    accepts_form = {"POST": writing.NewMessageFormSerializer}
    query = MessageQuery
    order = "occurred_at"

    def rows(self) -> QuerySet[Message]:
        return ticket_to_read(self.request, self.kwargs["number"]).messages.for_thread()

    def post(self, request: Request, number: int) -> Response:
        """Answer the customer, or write an internal note."""
        ticket = ticket_to_change(request, number)
        data, by, user = self.body(), actor_of(request), user_of(request)
        draft = writing.draft(data, request)
        if data["direction"] == Message.Direction.NOTE:
            message = replying.note(ticket, draft, by=by, user=user)
        else:
            named = data.get("channel")
            channel = writing.channel(named, request, shop=ticket.shop_id) if named else None
            message = replying.reply(ticket, draft, by=by, user=user, channel=channel)
        return self.shown(Message.objects.for_thread().get(pk=message.pk), status=201)


class Uploads(View):
    """Keep a file for a message that is written within a day."""

    scopes = {"POST": "tickets:write"}
    answers = AttachmentSerializer
    accepts_form = {"POST": writing.UploadSerializer}

    def post(self, request: Request) -> Response:
        return self.shown(writing.upload(self.body()["file"], request), status=201)


class OneAttachment(View):
    """Download a file."""

    scopes = {"GET": "tickets:read"}
    answers_file = {"*/*": {"schema": {"type": "string", "format": "binary"}}}

    def get(self, request: Request, attachment_id: str) -> HttpResponse:
        attachment = get_object_or_404(files_seen_by(request), public_id=attachment_id)
        try:
            return serving.response(attachment)
        except FileNotFoundError as e:
            raise Http404 from e


def _reread(ticket: Ticket) -> TicketRow:
    """As it is after the change, which may have taken it out of the caller's sight."""
    return shown_columns(Ticket.objects.filter(pk=ticket.pk)).get()


def _drawn(view: View, tickets: Sequence[TicketRow]) -> list[dict[str, Any]]:
    """The tickets as the API shows them; their number costs no query more."""
    request = view.request
    around = Surroundings(tickets, tickets_seen_by(request), orders_seen_by(request))
    serializer = TicketSerializer(context={**view.get_serializer_context(), "surroundings": around})
    return [serializer.to_representation(ticket) for ticket in tickets]
