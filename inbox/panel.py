"""What stands beside a ticket: the customer, how to reach them, their other tickets."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from crm.models import Customer, Identity
from tickets import claiming
from tickets.claiming import Claim
from tickets.models import Participant, Ticket

_MOST_EARLIER = 8


@dataclass(frozen=True)
class Panel:
    customer: Customer
    identities: Sequence[Identity]
    # Others in the conversation, without the customer's own identities.
    others: Sequence[Participant]
    earlier: Sequence[Ticket]
    has_proposals: bool
    # What a visitor typed about themselves: no proof of who they are.
    claims: Sequence[Claim]
    # The page on which the conversation began; empty where that is no web address.
    page: str


def of(ticket: Ticket, user: User) -> Panel:
    """The panel of a ticket, in three queries and those of a visitor's claims.

    Only tickets and customers that the user sees are named.
    """
    customer = ticket.customer
    earlier = Ticket.objects.visible_to(user).filter(customer=customer, merged_into=None)
    participants = ticket.participants.select_related("identity").order_by("pk")
    others = [row for row in participants if row.identity.customer_id != customer.pk]
    return Panel(
        customer=customer,
        identities=list(customer.identities.order_by("kind", "pk")),
        others=others,
        has_proposals=any(row.role == Participant.Role.PROPOSED for row in others),
        earlier=list(
            earlier.exclude(pk=ticket.pk).order_by("-last_message_at", "-pk")[:_MOST_EARLIER]
        ),
        claims=claiming.of(ticket, user),
        page=_web_address(ticket.context.get("page")),
    )


def _web_address(value: object) -> str:
    """A visitor may send anything as the page's address; only http(s) becomes a link."""
    if isinstance(value, dict):
        value = value.get("url")
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else ""
