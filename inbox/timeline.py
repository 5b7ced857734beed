"""Everything between a customer and the shops, newest first, in one line of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from crm.models import Consent, Customer, Order, Shop
from tickets.models import Ticket

_MOST = 60


@dataclass(frozen=True)
class Moment:
    """One thing that happened: a ticket, an order or a word of consent, as `kind` says."""

    at: datetime
    kind: str
    thing: Any


def of(customer: Customer, user: User) -> Sequence[Moment]:
    """The newest sixty, of what the user sees, in three queries."""
    tickets = Ticket.objects.visible_to(user).filter(customer=customer, merged_into=None)
    orders = Order.objects.visible_to(user).filter(customer=customer)
    found = [
        Moment(ticket.created_at, "ticket", ticket)
        for ticket in tickets.select_related("channel", "assignee").order_by("-created_at")[:_MOST]
    ]
    found += [
        Moment(order.placed_at, "order", order)
        for order in orders.select_related("shop").newest()[:_MOST]
    ]
    found += [
        Moment(consent.given_at, "consent", consent)
        for consent in consents_of(customer, user).order_by("-given_at")[:_MOST]
    ]
    return sorted(found, key=lambda moment: moment.at, reverse=True)[:_MOST]


def latest_consents(customer: Customer, user: User) -> list[Consent]:
    """What holds now, of each purpose in each shop."""
    words = consents_of(customer, user).order_by("shop_id", "purpose", "-given_at", "-pk")
    return list(words.distinct("shop_id", "purpose"))


def consents_of(customer: Customer, user: User) -> QuerySet[Consent]:
    """Words of consent in shops that the user serves, also from before a merge."""
    people = [customer.pk, *customer.absorbed.values_list("pk", flat=True)]
    served = Shop.objects.served_by(user)
    return Consent.objects.filter(customer__in=people, shop__in=served).select_related("shop")
