"""One question to everything: tickets, messages, customers and orders."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import scopes
from accounts.callers import key_of
from crm.api import beginning_with, customers_seen_by, orders_seen_by
from crm.models import Order
from helpdesk.rest.serializers import QuerySerializer, TextField
from helpdesk.rest.views import View
from tickets import finding, searching
from tickets.api.access import tickets_seen_by
from tickets.api.reading import CustomerNameSerializer
from tickets.models import Message, Ticket
from tickets.receiving import preview


class FoundTicketSerializer(serializers.Serializer[Ticket]):
    number = serializers.IntegerField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(Ticket.Status.choices)


class FoundMessageSerializer(serializers.Serializer[Message]):
    id = serializers.UUIDField(source="public_id")
    ticket = serializers.IntegerField(source="ticket.number")
    excerpt = serializers.SerializerMethodField(help_text="Its first words.")
    occurred_at = serializers.DateTimeField()

    def get_excerpt(self, message: Message) -> str:
        return preview(message)


class FoundOrderSerializer(serializers.Serializer[Order]):
    shop = serializers.SlugField(source="shop.slug")
    external_id = serializers.CharField()
    number = serializers.CharField()


class FoundSerializer(serializers.Serializer[Any]):
    """Empty where the key has not the scope of that kind."""

    tickets = FoundTicketSerializer(many=True)
    messages = FoundMessageSerializer(many=True)
    customers = CustomerNameSerializer(many=True)
    orders = FoundOrderSerializer(many=True)


class SearchQuery(QuerySerializer):
    q = TextField(max_length=200, help_text="Words, the beginning of a name, or a number.")
    limit = serializers.IntegerField(min_value=1, max_value=50, default=10)


class Search(View):
    """Search everything that the caller sees; the newest of each kind."""

    scopes = {"GET": "tickets:read"}
    answers = FoundSerializer
    query = SearchQuery

    def get(self, request: Request) -> Response:
        """Search everything that the caller sees; the newest of each kind."""
        words, limit = self.params["q"].strip(), self.params["limit"]
        tickets = tickets_seen_by(request)
        query = searching.query(words)
        found: dict[str, Any] = {"tickets": [], "messages": [], "customers": [], "orders": []}
        if words:
            matching = finding.understand(words).narrow(tickets)
            found["tickets"] = matching.order_by("-last_message_at", "-pk")[:limit]
        if query:
            messages = Message.objects.filter(search=query, ticket__in=tickets)
            newest = messages.select_related("ticket").order_by("-occurred_at", "-pk")
            found["messages"] = newest[:limit]
        if words and _may(request, "customers:read"):
            people = customers_seen_by(request).filter(beginning_with(words))
            found["customers"] = people.order_by("-updated_at", "-pk")[:limit]
        if words and _may(request, "orders:read"):
            orders = orders_seen_by(request).filter(number=words.removeprefix("#"))
            found["orders"] = orders.select_related("shop").newest()[:limit]
        return self.shown(found)


def _may(request: Request, scope: str) -> bool:
    """A session has every scope of reading."""
    key = key_of(request)
    return key is None or scopes.allows(key, scope)
