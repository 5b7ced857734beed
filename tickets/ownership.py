"""What `tickets` answers to `crm`: whose customer one sees, and what moves in a merge."""

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from tickets.models import Ticket


def customers_seen_by(user: User) -> Q:
    """A condition on customers: one of their tickets is visible to the user."""
    return Q(Exists(Ticket.objects.visible_to(user).filter(customer=OuterRef("pk"))))
