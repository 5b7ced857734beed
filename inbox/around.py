"""What a ticket is about, beside it: orders and parcels, what the customer buys, the likely reason.

Loaded on its own after the ticket, so that the thread is there at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Max, Min, Q, Sum

from accounts.models import User
from crm import parcels
from crm.models import Customer, Order, OrderQuerySet, Shipment
from crm.parcels import Parcel
from tickets import reasons
from tickets.models import Message, Reason, Ticket, TicketOrder

_MOST_ORDERS = 5
_MOST_MESSAGES = 30


@dataclass(frozen=True)
class ShownOrder:
    """An order; how it came to the ticket (None: it is the customer's), and whose it is."""

    order: Order
    link: TicketOrder | None
    of_another: bool


@dataclass(frozen=True)
class NamedParcel:
    """A parcel that the customer wrote of; the shipment where a shop has told us of it."""

    parcel: Parcel
    shipment: Shipment | None


@dataclass(frozen=True)
class Buying:
    """What a customer has bought, cancelled orders left out."""

    count: int
    sums: Sequence[tuple[str, Decimal]]
    first_at: datetime | None
    last_at: datetime | None

    @property
    def days_between(self) -> int | None:
        """How many days pass from order to order, on average."""
        if self.count < 2 or self.first_at is None or self.last_at is None:
            return None
        return max(round((self.last_at - self.first_at).days / (self.count - 1)), 1)


@dataclass(frozen=True)
class Around:
    orders: Sequence[ShownOrder]
    parcels: Sequence[NamedParcel]
    buying: Buying
    reason: Reason | None


def of(ticket: Ticket, user: User) -> Around:
    """In a fixed number of queries; only orders that the user sees."""
    visible = Order.objects.visible_to(user)
    return Around(
        orders=_orders(ticket, visible),
        parcels=_named_parcels(ticket, visible),
        buying=buying(ticket.customer, visible),
        reason=reasons.suggested(ticket),
    )


def buying(customer: Customer, visible: OrderQuerySet) -> Buying:
    """Sums of each currency on their own: nothing is converted."""
    valid = visible.filter(customer=customer, status__in=Order.VALID)
    rows = list(
        valid.order_by()
        .values("currency")
        .annotate(
            count=Count("pk"),
            sum=Sum("total") - Sum("refunded"),
            first=Min("placed_at"),
            last=Max("placed_at"),
        )
        .order_by("-count", "currency")
    )
    return Buying(
        count=sum(row["count"] for row in rows),
        sums=[(row["currency"], row["sum"]) for row in rows],
        first_at=min((row["first"] for row in rows), default=None),
        last_at=max((row["last"] for row in rows), default=None),
    )


def _orders(ticket: Ticket, visible: OrderQuerySet) -> list[ShownOrder]:
    """Those of the ticket first, then the customer's newest."""
    links = {link.order_id: link for link in ticket.order_links.all()}
    linked = list(visible.filter(pk__in=links).with_everything().newest())
    own = visible.filter(customer=ticket.customer_id).exclude(pk__in=links)
    others = own.with_everything().newest()[: max(_MOST_ORDERS - len(linked), 2)]
    return [
        ShownOrder(order, links.get(order.pk), order.customer_id != ticket.customer_id)
        for order in [*linked, *others]
    ]


def _named_parcels(ticket: Ticket, visible: OrderQuerySet) -> list[NamedParcel]:
    """Numbers that are certain by their form, and all that a shop's parcels have."""
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND)
    texts = inbound.order_by("-pk").values_list("reply_text", flat=True)[:_MOST_MESSAGES]
    text = "\n".join(texts)
    found: dict[str, Parcel] = {parcel.number: parcel for parcel in parcels.recognised(text)}
    named = Q(tracking_number__in=parcels.candidates(text) | found.keys())
    shipments = Shipment.objects.filter(named, order__in=visible, order__shop=ticket.shop_id)
    known = {shipment.tracking_number: shipment for shipment in shipments}
    for number, shipment in known.items():
        found.setdefault(number, Parcel(shipment.carrier, number))
    return [NamedParcel(parcel, known.get(number)) for number, parcel in found.items()]
