"""A ticket's events, told by the names that the API uses: slugs, addresses, numbers, public ids."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey, Team, User
from crm.api import orders_seen_by
from crm.models import Customer, Identity
from helpdesk.rest.views import ListView
from history.models import Event
from tickets.api.access import ticket_to_read, tickets_seen_by
from tickets.models import Message, Reason, Tag

Names = Mapping[int, str]


class ActorSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    name = serializers.CharField()


class EventSerializer(serializers.Serializer[Event]):
    id = serializers.CharField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    actor = ActorSerializer()
    message = serializers.UUIDField(allow_null=True)
    data = serializers.DictField(  # type: ignore[assignment]  # DRF takes fields out of the class
        help_text="What this kind of event tells: old and new value, ..."
    )


# Which data of which kind are ids of our rows, and of which.
_USERS, _TEAMS, _REASONS, _TAGS = "users", "teams", "reasons", "tags"
_CUSTOMERS, _TICKETS, _IDENTITIES, _ORDERS = "customers", "tickets", "identities", "orders"
_IDS: dict[str, dict[str, str]] = {
    "ticket.assigned": {"old": _USERS, "new": _USERS},
    "ticket.team_changed": {"old": _TEAMS, "new": _TEAMS},
    "ticket.reason_changed": {"old": _REASONS, "new": _REASONS},
    "ticket.tags_changed": {"added": _TAGS, "removed": _TAGS},
    "ticket.customer_changed": {"old": _CUSTOMERS, "new": _CUSTOMERS},
    "ticket.linked": {"other": _TICKETS},
    "ticket.merged": {"other": _TICKETS},
    "ticket.participant_changed": {"identity": _IDENTITIES},
    "ticket.order_linked": {"order": _ORDERS},
    "ticket.order_unlinked": {"order": _ORDERS},
}
# Ids that nothing in the API bears.
_INSIDE = {"delivery"}


class Events(ListView):
    """List what happened to the ticket, oldest first."""

    scopes = {"GET": "tickets:read"}
    answers = EventSerializer
    order = "pk"

    def rows(self) -> QuerySet[Event]:
        ticket = ticket_to_read(self.request, self.kwargs["number"])
        return Event.objects.filter(ticket_id=ticket.pk)

    def get(self, request: Request, **kwargs: Any) -> Response:
        """List what happened to the ticket, oldest first."""
        return super().get(request, **kwargs)

    def shown_rows(self, rows: Sequence[Event]) -> list[dict[str, Any]]:
        names = _Names(rows, self.request)
        return [
            {
                "id": str(event.pk),
                "kind": event.kind,
                "at": event.at,
                "actor": {"kind": event.actor_kind, "name": names.of_actor(event)},
                "message": names.of("messages", event.message_id),
                "data": names.told(event),
            }
            for event in rows
        ]


class _Names:
    """The names of everything that some events mention, found with one query a kind of row."""

    def __init__(self, events: Iterable[Event], request: Request) -> None:
        self._request = request
        wanted: dict[str, set[int]] = defaultdict(set)
        for event in events:
            for table, value in _mentioned(event):
                wanted[table].add(value)
        self._names = {table: self._find(table, ids) for table, ids in wanted.items()}

    def of(self, table: str, value: int | None) -> str | None:
        return None if value is None else self._names.get(table, {}).get(value)

    def of_actor(self, event: Event) -> str:
        return self.of(_actor_table(event), event.actor_id) or ""

    def told(self, event: Event) -> dict[str, Any]:
        tables = _IDS.get(event.kind, {})
        return {
            key: self._name(tables[key], value) if key in tables else value
            for key, value in event.data.items()
            if key not in _INSIDE
        }

    def _name(self, table: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.of(table, item) for item in value]
        return self.of(table, value)

    def _find(self, table: str, ids: set[int]) -> Names:
        rows, name = self._tables()[table]
        return {pk: str(value) for pk, value in rows().filter(pk__in=ids).values_list("pk", name)}

    def _tables(self) -> dict[str, tuple[Callable[[], QuerySet[Any]], str]]:
        return {
            "messages": (Message.objects.all, "public_id"),
            "keys": (ApiKey.objects.all, "name"),
            "people": (Customer.objects.all, "name"),
            "agents": (User.objects.get_queryset, "name"),
            _USERS: (User.objects.get_queryset, "email"),
            _TEAMS: (Team.objects.all, "slug"),
            _REASONS: (Reason.objects.all, "slug"),
            _TAGS: (Tag.objects.all, "slug"),
            _CUSTOMERS: (Customer.objects.all, "public_id"),
            _IDENTITIES: (Identity.objects.all, "value"),
            _ORDERS: (lambda: orders_seen_by(self._request), "number"),
            # The other end of a link shows itself only to who sees it.
            _TICKETS: (lambda: tickets_seen_by(self._request), "number"),
        }


def _mentioned(event: Event) -> Iterable[tuple[str, int]]:
    if event.message_id is not None:
        yield "messages", event.message_id
    if event.actor_id is not None:
        yield _actor_table(event), event.actor_id
    for key, table in _IDS.get(event.kind, {}).items():
        value = event.data.get(key)
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield table, item


def _actor_table(event: Event) -> str:
    return {"agent": "agents", "key": "keys", "customer": "people"}.get(event.actor_kind, "")
