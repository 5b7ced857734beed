"""What stands beside a ticket: the customer, how to reach them, their other tickets."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from crm.models import Customer, Identity
from tickets.models import Participant, Ticket

_MOST_EARLIER = 8


@dataclass(frozen=True)
class Panel:
    customer: Customer
    identities: Sequence[Identity]
    # Others in the conversation, without the customer's own identities.
    others: Sequence[Participant]
    earlier: Sequence[Ticket]


def of(ticket: Ticket, user: User) -> Panel:
    """The panel of a ticket, in three queries; only tickets that the user sees are named."""
    customer = ticket.customer
    earlier = Ticket.objects.visible_to(user).filter(customer=customer, merged_into=None)
    participants = ticket.participants.select_related("identity").order_by("pk")
    return Panel(
        customer=customer,
        identities=list(customer.identities.order_by("kind", "pk")),
        others=[row for row in participants if row.identity.customer_id != customer.pk],
        earlier=list(
            earlier.exclude(pk=ticket.pk).order_by("-last_message_at", "-pk")[:_MOST_EARLIER]
        ),
    )
