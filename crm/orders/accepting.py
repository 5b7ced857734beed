"""Taking in what a shop says of its orders, parcels and customers; safe to repeat, in any order."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import consents
from crm.errors import IdMismatch, MetaTooLarge
from crm.locking import lock_name
from crm.models import Customer, CustomerShop, Order, OrderLine, Shipment, Shop
from crm.orders import contract, matching
from crm.orders.paying import payment_state, sums
from helpdesk.text import storable
from history.recording import SYSTEM, Actor, record

_CONSENTS = ("marketing_email", "marketing_sms", "marketing_phone")


class Result(models.TextChoices):
    """What became of a document."""

    CREATED = "created", _("Created")
    UPDATED = "updated", _("Updated")
    UNCHANGED = "unchanged", _("As it was")
    STALE = "stale", _("Older than what is known")


# Called with each order that is new, in its transaction: higher rooms look for who asked about it.
_followers: list[Callable[[Order], None]] = []


def register_follower(follower: Callable[[Order], None]) -> None:
    """Have every new order told (from `AppConfig.ready`)."""
    _followers.append(follower)


@transaction.atomic
def accept_order(
    shop: Shop, external_id: str, document: dict[str, Any], *, by: Actor = SYSTEM
) -> Result:
    """Store a valid order document; an older `source_updated_at` never replaces a newer one.

    Raises `IdMismatch`, `MetaTooLarge`.
    """
    document = _checked(document, external_id)
    # Two first words of one order would both find none, and each make a customer.
    lock_name("order", shop.pk, external_id)
    order = Order.objects.select_for_update().filter(shop=shop, external_id=external_id).first()
    at, digest = contract.moment(document["source_updated_at"]), contract.digest(document)
    assert at is not None
    if order is not None and order.content_hash == digest:
        return Result.UNCHANGED
    if order is not None and at < order.source_updated_at:
        return Result.STALE
    shipments = document.pop("shipments", None)
    customer = matching.customer_of(document["customer"], shop, document["channel"])
    old_status = order.status if order else None
    order = order or Order(shop=shop, external_id=external_id)
    _fill(order, customer, document, at, digest)
    order.save()
    _write_lines(order, document["lines"])
    if shipments is not None:
        _replace_shipments(order, shipments, by)
    consents.note(customer, shop, _words(document.get("consents"), at), source="order")
    _tell(order, old_status, by)
    return Result.UPDATED if old_status else Result.CREATED


@transaction.atomic
def accept_shipment(
    order: Order, external_id: str, document: dict[str, Any], *, by: Actor = SYSTEM
) -> Result:
    """Store a valid document of a parcel; an older `status_at` never replaces a newer one.

    Raises `IdMismatch`.
    """
    document = _checked(document, external_id)
    lock_name("order", order.shop_id, order.external_id)
    result = _put_shipment(order, document, by)
    if result in (Result.CREATED, Result.UPDATED):
        order.save(update_fields=["updated_at"])
    return result


@transaction.atomic
def accept_customer(shop: Shop, external_id: str, document: dict[str, Any]) -> Result:
    """Store what the shop knows of one of its customers: handles, name, consents.

    What an agent wrote stays. Raises `IdMismatch`.
    """
    wording = document.pop("consents", None)
    document = {"external_id": external_id, **_checked(document, external_id)}
    lock_name("customer", shop.pk, external_id)
    known = CustomerShop.objects.filter(shop=shop, external_id=external_id).first()
    digest = contract.digest({**document, "consents": wording})
    if known and known.content_hash == digest:
        return Result.UNCHANGED
    customer = matching.customer_of(document, shop)
    consents.note(customer, shop, _words(wording, timezone.now()), source="shop")
    CustomerShop.objects.filter(shop=shop, customer=customer).update(content_hash=digest)
    return Result.UPDATED if known else Result.CREATED


def _checked(document: dict[str, Any], external_id: str) -> dict[str, Any]:
    """The document without what PostgreSQL cannot keep."""
    if document.get("external_id", external_id) not in (external_id, None):
        raise IdMismatch
    if contract.is_meta_too_much(document.get("meta", {})):
        raise MetaTooLarge
    fit: dict[str, Any] = storable(document)
    return fit


def _fill(
    order: Order, customer: Customer, document: dict[str, Any], at: datetime, digest: str
) -> None:
    placed_at = contract.moment(document["placed_at"])
    assert placed_at is not None
    order.customer, order.document, order.content_hash = customer, document, digest
    order.number, order.channel = document["number"], document["channel"]
    order.channel_order_id = document.get("channel_order_id") or ""
    order.status = document["status"]
    order.placed_at, order.source_updated_at = placed_at, at
    order.currency = document["currency"]
    order.total, order.paid, order.refunded = sums(document)
    order.payment_state = payment_state(
        order.total, order.paid, order.refunded, is_cod=document["is_cod"]
    )


def _write_lines(order: Order, lines: Iterable[dict[str, Any]]) -> None:
    order.lines.all().delete()
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            position=position,
            external_id=line["external_id"],
            kind=line["kind"],
            name=line["name"],
            variant=line.get("variant") or "",
            sku=line.get("sku") or "",
            quantity=Decimal(line["quantity"]),
            total=Decimal(line["total_gross"]),
        )
        for position, line in enumerate(lines)
    )


def _replace_shipments(order: Order, documents: Iterable[dict[str, Any]], by: Actor) -> None:
    """An order that names its parcels names all of them."""
    named = {document["external_id"]: document for document in documents}
    order.shipments.exclude(external_id__in=named).delete()
    for document in named.values():
        _put_shipment(order, document, by)


def _put_shipment(order: Order, document: dict[str, Any], by: Actor) -> Result:
    digest = contract.digest(document)
    row = order.shipments.filter(external_id=document["external_id"]).first()
    at = contract.moment(document.get("status_at"))
    if row is not None and row.content_hash == digest:
        return Result.UNCHANGED
    if row is not None and row.status_at and at and at < row.status_at:
        return Result.STALE
    old = row.status if row else None
    row = row or Shipment(order=order, external_id=document["external_id"])
    row.document, row.content_hash = document, digest
    row.carrier = document["carrier"]
    row.tracking_number = document.get("tracking_number") or ""
    row.status, row.status_at = document["status"], at
    row.is_return = document["direction"] == "return"
    row.save()
    if old != row.status:
        _record("shipment.status_changed", order, by, shipment=row.pk, old=old, new=row.status)
    return Result.UPDATED if old else Result.CREATED


def _words(told: dict[str, Any] | None, at: datetime) -> list[consents.Word]:
    """What the shop says of consents; without a time of its own, as of the document's."""
    told = told or {}
    words = [
        consents.Word(
            purpose,
            granted=word["granted"],
            at=contract.moment(word.get("at")) or at,
            text_version=(word.get("text_id") or "")[:50],
        )
        for purpose in _CONSENTS
        if (word := told.get(purpose)) is not None
    ]
    reviews = told.get("reviews_invitation")
    if reviews is not None:
        words.append(consents.Word("reviews_invitation", granted=reviews, at=at))
    return words


def _tell(order: Order, old_status: str | None, by: Actor) -> None:
    if old_status is None:
        _record("order.created", order, by, status=order.status, payment=order.payment_state)
        for follower in _followers:
            follower(order)
    elif old_status != order.status:
        _record("order.status_changed", order, by, old=old_status, new=order.status)


def _record(kind: str, order: Order, by: Actor, **data: Any) -> None:
    record(
        kind,
        subject=("order", order.pk),
        actor=by,
        data=data,
        customer_id=order.customer_id,
        shop_id=order.shop_id,
    )
