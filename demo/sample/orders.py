"""The orders that sample conversations are about, as rows: lines, payment and parcel in it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models

from crm.models import Customer, Order, OrderLine, Shipment
from crm.orders import contract
from crm.orders.paying import payment_state
from demo.sample.making import Bought
from tickets.models import Ticket, TicketOrder

# Gives the next primary key of a table.
Take = Callable[[type[models.Model]], int]

_DELIVERY = Decimal("12.99")
_ON_ITS_WAY = {
    "wismo": "in_transit",
    "delay": "in_transit",
    "order_status": "created",
    "change_address": "created",
    "damaged_in_transit": "delivered",
    "not_delivered_marked": "delivered",
}
_NOT_SENT = {"cancel": "cancelled", "payment": "awaiting_payment", "change_order": "in_progress"}


def rows(
    bought: Bought, reason: str, ticket: Ticket, customer: Customer, email: str, take: Take
) -> list[models.Model]:
    """The order of a ticket, its line and parcel, and the link between the two."""
    placed_at = ticket.created_at - timedelta(days=bought.days_before)
    parcel = None if reason in _NOT_SENT else _ON_ITS_WAY.get(reason, "delivered")
    document = _document(bought, customer, email, placed_at, _status(reason, parcel))
    order = _order(document, ticket, customer, placed_at, take(Order))
    found: list[models.Model] = [order, _line(order, document["lines"][0], take(OrderLine))]
    if parcel:
        found.append(_shipment(order, bought.parcel, parcel, placed_at, take(Shipment)))
    link = TicketOrder(
        pk=take(TicketOrder),
        ticket=ticket,
        order=order,
        how=TicketOrder.How.NUMBER,
        linked_at=ticket.created_at,
    )
    return [*found, link]


def _status(reason: str, parcel: str | None) -> str:
    if parcel is None:
        return _NOT_SENT[reason]
    return {"delivered": "completed", "created": "ready_to_ship"}.get(parcel, "shipped")


def _document(
    bought: Bought, customer: Customer, email: str, placed_at: datetime, status: str
) -> dict[str, Any]:
    total = bought.amount + _DELIVERY
    paid = Decimal(0) if status in ("awaiting_payment", "cancelled") else total
    line = {
        "external_id": "1",
        "kind": "product",
        "name": bought.product.capitalize(),
        "quantity": "1",
        "unit_price_gross": f"{bought.amount:.2f}",
        "total_gross": f"{bought.amount:.2f}",
    }
    return {
        "external_id": bought.number,
        "number": bought.number,
        "channel": "shop",
        "placed_at": placed_at.isoformat(),
        "source_updated_at": (placed_at + timedelta(days=1)).isoformat(),
        "status": status,
        "currency": "PLN",
        "totals": {
            "items": f"{bought.amount:.2f}",
            "shipping": f"{_DELIVERY:.2f}",
            "total": f"{total:.2f}",
            "paid": f"{paid:.2f}",
        },
        "customer": {"email": email, "first_name": customer.first_name or None},
        "is_cod": False,
        "payment_method": {"label": "Przelewy24"},
        "shipping_method": {"label": "InPost Paczkomaty 24/7"},
        "lines": [line],
    }


def _order(
    document: dict[str, Any], ticket: Ticket, customer: Customer, placed_at: datetime, pk: int
) -> Order:
    # The number alone is not the only one of its kind in a large sample.
    document["external_id"] = f"sample-{pk}"
    total, paid = (Decimal(document["totals"][name]) for name in ("total", "paid"))
    return Order(
        pk=pk,
        shop_id=ticket.shop_id,
        external_id=document["external_id"],
        number=document["number"],
        customer=customer,
        channel=document["channel"],
        status=document["status"],
        payment_state=payment_state(total, paid, Decimal(0), is_cod=False),
        placed_at=placed_at,
        source_updated_at=placed_at + timedelta(days=1),
        currency=document["currency"],
        total=total,
        paid=paid,
        document=document,
        content_hash=contract.digest(document),
        created_at=placed_at,
        updated_at=placed_at,
    )


def _line(order: Order, line: dict[str, Any], pk: int) -> OrderLine:
    return OrderLine(
        pk=pk,
        order=order,
        position=0,
        external_id=line["external_id"],
        kind=line["kind"],
        name=line["name"],
        quantity=Decimal(line["quantity"]),
        total=Decimal(line["total_gross"]),
    )


def _shipment(order: Order, number: str, status: str, placed_at: datetime, pk: int) -> Shipment:
    at = placed_at + timedelta(days=2 if status == "delivered" else 1)
    document = {
        "external_id": "P-1",
        "carrier": "inpost",
        "carrier_label": "InPost Paczkomaty 24/7",
        "tracking_number": number,
        "status": status,
        "status_at": at.isoformat(),
        "direction": "outbound",
    }
    return Shipment(
        pk=pk,
        order=order,
        external_id="P-1",
        carrier="inpost",
        tracking_number=number,
        status=status,
        status_at=at,
        document=document,
        content_hash=contract.digest(document),
        created_at=placed_at,
        updated_at=at,
    )
