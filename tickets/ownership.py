"""What `tickets` answers to `crm`: whose customer one sees, and what moves in a merge."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from tickets.models import Ticket


def customers_seen_by(user: User, shops: Collection[int] | None) -> Q:
    """A condition on customers: one of their tickets (in these shops) is visible to the user."""
    tickets = Ticket.objects.visible_to(user).filter(customer=OuterRef("pk"))
    return Q(Exists(tickets if shops is None else tickets.filter(shop__in=shops)))


def orders_seen_by(user: User) -> Q:
    """A condition on orders: a ticket of their customer in their shop is visible to the user."""
    tickets = Ticket.objects.visible_to(user)
    return Q(Exists(tickets.filter(customer=OuterRef("customer"), shop=OuterRef("shop"))))
