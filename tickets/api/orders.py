"""Orders and parcels in the REST API: the neutral order, and the tickets that are about it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import actor_of
from crm.api import orders_seen_by, shops_seen_by
from crm.models import Order
from crm.orders import accepting, contract, documents
from crm.orders.documents import OrderDocument, PutView, ShipmentDocument
from helpdesk.rest.problems import UnknownReference
from helpdesk.rest.serializers import DocumentSerializer, MomentField, TextField
from helpdesk.rest.views import ListView, PageQuery
from tickets.api.access import tickets_seen_by
from tickets.models import TicketOrder

_ADDED: dict[str, Any] = {
    "id": {"type": "string", "format": "uuid"},
    "shop": {"type": "string", "description": "Its slug."},
    "customer_id": {"type": "string", "format": "uuid", "description": "Of customers/."},
    "payment_state": {"type": "string", "enum": Order.Payment.values},
    "ticket_ids": {
        "type": "array",
        "items": {"type": "integer"},
        "description": "Numbers of the tickets that are about it.",
    },
}


class OrderShown(DocumentSerializer):
    """The order as it was sent, and what the helpdesk adds."""

    @classmethod
    def components(cls) -> dict[str, Any]:
        sent = documents.described(contract.part("order"))
        whole = {
            **sent,
            "properties": {**sent["properties"], **_ADDED},
            "required": [*sent["required"], "shipments", *_ADDED],
        }
        return {"Order": whole, **documents.definitions()}

    def to_representation(self, order: Order) -> dict[str, Any]:
        tickets: dict[int, list[int]] = self.context["tickets"]
        return {
            **order.document,
            "shipments": [shipment.document for shipment in order.shipments.all()],
            "id": str(order.public_id),
            "shop": order.shop.slug,
            "customer_id": str(order.customer.public_id),
            "payment_state": order.payment_state,
            "ticket_ids": tickets[order.pk],
        }


class OrderQuery(PageQuery):
    shop = TextField(required=False, max_length=50, help_text="By its slug.")
    customer = serializers.UUIDField(required=False)
    number = TextField(required=False, max_length=64)
    status = serializers.ListField(
        child=serializers.ChoiceField(Order.Status.choices),
        required=False,
        help_text="Any of; may be repeated.",
    )
    updated_since = MomentField(required=False, help_text="By the shop's clock.")
    ordering = serializers.ChoiceField(
        ["source_updated_at", "-source_updated_at", "placed_at", "-placed_at"],
        default="source_updated_at",
    )


_CONDITIONS = {
    "shop": "shop__slug",
    "customer": "customer__public_id",
    "number": "number",
    "status": "status__in",
    "updated_since": "source_updated_at__gte",
}


class Orders(ListView):
    """List orders, the longest unchanged first."""

    scopes = {"GET": "orders:read"}
    answers = OrderShown
    query = OrderQuery
    order = "source_updated_at"

    def rows(self) -> QuerySet[Order]:
        found = orders_seen_by(self.request).with_documents()
        for name, column in _CONDITIONS.items():
            if (value := self.params.get(name)) not in (None, []):
                found = found.filter(**{column: value})
        return found

    def shown_rows(self, rows: Sequence[Order]) -> Any:
        return _drawn(rows, self.request)


class ShopOrder(PutView):
    """An order by the shop's own id."""

    scopes = {"GET": "orders:read", "PUT": "orders:write"}
    answers_to = {"GET": OrderShown}
    accepts = {"PUT": OrderDocument}

    def get(self, request: Request, slug: str, external_id: str) -> Response:
        """Show an order."""
        rows = orders_seen_by(request).with_documents()
        order = get_object_or_404(rows, shop__slug=slug, external_id=external_id)
        return Response(_drawn([order], request)[0])

    def put(self, request: Request, slug: str, external_id: str) -> Response:
        """Send an order: the whole document, as often as it changes, in any order."""
        shop = get_object_or_404(shops_seen_by(request), slug=slug)
        by = actor_of(request)
        return self.told(accepting.accept_order(shop, external_id, self.body(), by=by))


class ShopShipment(PutView):
    """A parcel of an order, by the shop's own ids."""

    scopes = {"PUT": "orders:write"}
    accepts = {"PUT": ShipmentDocument}

    def put(self, request: Request, slug: str, external_id: str, shipment_id: str) -> Response:
        """Send a parcel and its status."""
        shop = get_object_or_404(shops_seen_by(request), slug=slug)
        document = self.body()
        order = Order.objects.filter(shop=shop, external_id=external_id).first()
        if order is None:
            raise UnknownReference(code="order_unknown")
        by = actor_of(request)
        return self.told(accepting.accept_shipment(order, shipment_id, document, by=by))


def _drawn(orders: Sequence[Order], request: Request) -> list[dict[str, Any]]:
    """The orders as the API shows them, in a fixed number of queries."""
    tickets: dict[int, list[int]] = defaultdict(list)
    links = TicketOrder.objects.filter(
        order__in=[order.pk for order in orders], ticket__in=tickets_seen_by(request)
    )
    for order, number in links.order_by("pk").values_list("order", "ticket__number"):
        tickets[order].append(number)
    serializer = OrderShown(context={"tickets": tickets})
    return [serializer.to_representation(order) for order in orders]
