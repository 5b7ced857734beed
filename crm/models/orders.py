"""What a shop tells of its orders: columns for what is searched and shown, `document` the whole."""

import uuid
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from accounts.models import User
from crm import parcels, visibility
from crm.models.people import Customer, Shop


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, user: User, shops: Collection[int] | None = None) -> "OrderQuerySet":
        """Orders of shops that the user's teams serve, or where a ticket of the customer is seen.

        `shops` narrows it to these (a limited key). Orders in a customer's other shops stay unseen.
        """
        rows = self if shops is None else self.filter(shop__in=shops)
        if user.sees_all:
            return rows
        served = Q(shop__in=Shop.objects.served_by(user).values("pk"))
        return rows.filter(served | visibility.orders_by_tickets(user))

    def newest(self) -> "OrderQuerySet":
        return self.order_by("-placed_at", "-pk")

    def with_documents(self) -> "OrderQuerySet":
        """What the API shows: the documents, and whose they are."""
        return self.select_related("shop", "customer").prefetch_related("shipments")

    def with_everything(self) -> "OrderQuerySet":
        """Everything that is shown of an order, in a fixed number of queries."""
        return self.select_related("shop", "customer").prefetch_related("lines", "shipments")


class Order(models.Model):
    """An order as its shop last told of it; source: contracts of the neutral order, version 1."""

    class Channel(models.TextChoices):
        SHOP = "shop", _("Shop")
        ALLEGRO = "allegro", "Allegro"
        MARKETPLACE = "marketplace", _("Marketplace")
        PHONE = "phone", _("Phone")
        POS = "pos", _("Point of sale")
        OTHER = "other", _("Other")

    class Status(models.TextChoices):
        NEW = "new", pgettext("order", "New")
        AWAITING_PAYMENT = "awaiting_payment", _("Awaiting payment")
        CONFIRMED = "confirmed", _("Confirmed")
        IN_PROGRESS = "in_progress", _("In progress")
        ON_HOLD = "on_hold", pgettext("order", "On hold")
        READY_TO_SHIP = "ready_to_ship", _("Ready to ship")
        READY_FOR_PICKUP = "ready_for_pickup", _("Ready for pickup")
        SHIPPED = "shipped", _("Shipped")
        DELIVERED = "delivered", pgettext("order", "Delivered")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        RETURNED = "returned", _("Returned")
        FAILED = "failed", pgettext("order", "Failed")

    class Payment(models.TextChoices):
        UNPAID = "unpaid", _("Unpaid")
        PARTIALLY_PAID = "partially_paid", _("Partially paid")
        PAID = "paid", _("Paid")
        OVERPAID = "overpaid", _("Overpaid")
        PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
        REFUNDED = "refunded", _("Refunded")
        COD_DUE = "cod_due", _("Cash on delivery")
        COD_COLLECTED = "cod_collected", _("Cash on delivery, collected")

    # Bought, or to be bought: what counts as the customer's value.
    VALID = (
        Status.CONFIRMED,
        Status.IN_PROGRESS,
        Status.ON_HOLD,
        Status.READY_TO_SHIP,
        Status.READY_FOR_PICKUP,
        Status.SHIPPED,
        Status.DELIVERED,
        Status.COMPLETED,
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="orders")
    external_id = models.CharField(max_length=64)
    # What the customer knows it by; not unique.
    number = models.CharField(max_length=64)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders")
    channel = models.CharField(max_length=12, choices=Channel)
    channel_order_id = models.CharField(max_length=128, blank=True)
    status = models.CharField(max_length=20, choices=Status)
    payment_state = models.CharField(max_length=20, choices=Payment)
    placed_at = models.DateTimeField()
    # The last change in the shop: an older word never replaces a newer one.
    source_updated_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=16, decimal_places=4)
    paid = models.DecimalField(max_digits=16, decimal_places=4, default=0)
    refunded = models.DecimalField(max_digits=16, decimal_places=4, default=0)
    # As it came, without the shipments: they also change by themselves.
    document = models.JSONField()
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "external_id"], name="order_once"),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "new",
                        "awaiting_payment",
                        "confirmed",
                        "in_progress",
                        "on_hold",
                        "ready_to_ship",
                        "ready_for_pickup",
                        "shipped",
                        "delivered",
                        "completed",
                        "cancelled",
                        "returned",
                        "failed",
                    ]
                ),
                name="order_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-placed_at", "-id"], name="order_of_customer"),
            models.Index(fields=["number", "shop"], name="order_number"),
            models.Index(fields=["source_updated_at", "id"], name="order_changed"),
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    @property
    def admin_url(self) -> str:
        """The order in the shop's own back office; only a web address becomes a link."""
        return str(self.document.get("url_admin") or "")

    @property
    def pickup_point(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.document.get("pickup_point")
        return found


class OrderLine(models.Model):
    """One position of an order."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    external_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=500)
    variant = models.CharField(max_length=500, blank=True)
    sku = models.CharField(max_length=128, blank=True)
    quantity = models.DecimalField(max_digits=13, decimal_places=4)
    total = models.DecimalField(max_digits=16, decimal_places=4)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def unit_price(self) -> Decimal:
        """Gross, of one piece; the whole where the quantity is nothing."""
        return self.total / self.quantity if self.quantity else self.total


class Shipment(models.Model):
    """A parcel of an order, on its way to the customer or back."""

    class Status(models.TextChoices):
        CREATED = "created", _("Label made")
        PICKED_UP = "picked_up", _("Handed to the carrier")
        IN_TRANSIT = "in_transit", _("On its way")
        OUT_FOR_DELIVERY = "out_for_delivery", _("Out for delivery")
        READY_FOR_PICKUP = "ready_for_pickup", _("Waits to be picked up")
        DELIVERED = "delivered", pgettext("parcel", "Delivered")
        RETURNED = "returned", _("Goes back")
        EXCEPTION = "exception", _("Trouble")

    order = models.ForeignKey(Order, models.CASCADE, related_name="shipments")
    external_id = models.CharField(max_length=64)
    carrier = models.CharField(max_length=10)
    tracking_number = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=20, choices=Status)
    status_at = models.DateTimeField(null=True)
    is_return = models.BooleanField(default=False)
    document = models.JSONField()
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "external_id"], name="shipment_once"),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "created",
                        "picked_up",
                        "in_transit",
                        "out_for_delivery",
                        "ready_for_pickup",
                        "delivered",
                        "returned",
                        "exception",
                    ]
                ),
                name="shipment_status_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tracking_number"], name="shipment_number", condition=~Q(tracking_number="")
            ),
        ]

    def __str__(self) -> str:
        return self.tracking_number or self.external_id

    @property
    def carrier_name(self) -> str:
        return str(self.document.get("carrier_label") or parcels.carrier_name(self.carrier))

    @property
    def tracking_url(self) -> str:
        """Where the parcel can be followed; empty without a number."""
        own = str(self.document.get("tracking_url") or "")
        return own or parcels.tracking_url(self.carrier, self.tracking_number)
