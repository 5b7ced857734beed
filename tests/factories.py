"""Builders of valid rows, for all tests."""

import itertools
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Team, User
from channels_ingest.models import Connection
from crm.identifying import Handle
from crm.models import Identity, Order, Shop
from crm.orders import accepting
from tickets import kinds, receiving
from tickets.incoming import Incoming
from tickets.models import Channel, Message, Ticket

_count = itertools.count(1)


def make_shop(slug: str = "", **fields: Any) -> Shop:
    number = next(_count)
    return Shop.objects.create(slug=slug or f"sklep-{number}", **{"name": "Sklep", **fields})


def make_team(name: str = "", **fields: Any) -> Team:
    number = next(_count)
    return Team.objects.create(
        name=name or f"Zespół {number}", **{"slug": f"zespol-{number}", **fields}
    )


def make_user(role: str = "agent", *, teams: list[Team] | None = None, **fields: Any) -> User:
    """A user of this role; agents and supervisors are in the default team unless told otherwise."""
    number = next(_count)
    fields = {"email": f"{role}{number}@example.com", "name": f"{role} {number}", **fields}
    user = User.objects.create_user(role=role, password="correct horse battery", **fields)
    user.teams.set([Team.objects.default()] if teams is None else teams)
    return user


def make_channel(
    kind: str = "email",
    *,
    shop: Shop | None = None,
    settings: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    **fields: Any,
) -> Channel:
    """A channel with its connection; `settings` and `secrets` are the connection's."""
    number = next(_count)
    fields = {
        "name": f"{kind} {number}",
        "follow_up_days": kinds.get(kind).follow_up_days,
        **fields,
    }
    channel = Channel.objects.create(kind=kind, shop=shop or make_shop(), **fields)
    defaults = {"address": f"pomoc{number}@sklep.example.pl"} if kind == "email" else {}
    connection = Connection(channel=channel, settings={**defaults, **(settings or {})})
    connection.account = str(connection.settings.get(connection.adapter.account, ""))
    connection.set_secrets(secrets or {})
    connection.save()
    return channel


def handle(channel: Channel, value: str = "", name: str = "Anna Kowalska") -> Handle:
    """A customer's handle of the kind that this channel has."""
    kind = kinds.get(channel.kind)
    value = value or (
        "anna@example.com" if kind.identity_kind == Identity.Kind.EMAIL else "person-1"
    )
    scope = str(channel.public_id) if kind.scoped else ""
    return Handle(kind.identity_kind, value, scope, name)


def make_incoming(channel: Channel, *, sender: str = "", **fields: Any) -> Incoming:
    """A customer's message as an adapter would hand it over; each has an id of its own."""
    number = next(_count)
    return Incoming(
        **{
            "channel_id": channel.pk,
            "sender": handle(channel, sender),
            "external_id": f"message-{number}@example.com",
            "occurred_at": timezone.now(),
            "subject": "Gdzie jest moja paczka?",
            "body_text": "Dzień dobry, gdzie jest moja paczka?",
            **fields,
        }
    )


def make_ticket(
    channel: Channel | None = None, *, at: datetime | None = None, **fields: Any
) -> Ticket:
    """A ticket with one message of a customer; `fields` are set on the row afterwards."""
    channel = channel or make_channel()
    number = next(_count)
    incoming = make_incoming(
        channel,
        sender=f"klient{number}@example.com",
        occurred_at=at or timezone.now(),
    )
    message = receiving.receive(incoming)
    ticket = message.ticket
    if fields:
        Ticket.objects.filter(pk=ticket.pk).update(**fields)
        ticket.refresh_from_db()
    return ticket


def order_document(**fields: Any) -> dict[str, Any]:
    """A small valid order of the neutral contract; each has an id of its own."""
    number = str(next(_count) + 10_000)
    return {
        "external_id": number,
        "number": number,
        "channel": "shop",
        "placed_at": "2026-11-19T18:42:07+01:00",
        "source_updated_at": "2026-11-21T09:15:00+01:00",
        "status": "confirmed",
        "currency": "PLN",
        "totals": {"total": "49.00", "paid": "49.00"},
        "customer": {"email": f"kupujacy{number}@example.com", "first_name": "Jan"},
        "is_cod": False,
        "lines": [
            {
                "external_id": "1",
                "kind": "product",
                "name": "Kubek emaliowany",
                "quantity": "1",
                "unit_price_gross": "49.00",
                "total_gross": "49.00",
            }
        ],
        **fields,
    }


def make_order(shop: Shop, **fields: Any) -> Order:
    """An order as the shop sends it."""
    document = order_document(**fields)
    accepting.accept_order(shop, document["external_id"], document)
    return Order.objects.get(shop=shop, external_id=document["external_id"])


def last_message(ticket: Ticket) -> Message:
    return ticket.messages.latest("pk")
