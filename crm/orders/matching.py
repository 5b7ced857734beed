"""Whose order is it? The shop's own id first, then a handle that names one person."""

from typing import Any

from django.db.models import QuerySet

from crm import identifying
from crm.identifying import Handle
from crm.locking import lock_name
from crm.models import Customer, CustomerShop, Identity, Order, Shop

_LONGEST_NAME = 200


def customer_of(
    document: dict[str, Any], shop: Shop, channel: str = Order.Channel.SHOP
) -> Customer:
    """Find the customer that a document's `customer` names, or make one.

    Handles that nobody has yet become theirs; one that another customer has stays where it is (a
    suggestion to merge, for people to decide). Addresses of marketplaces are masks that change with
    each purchase, so they name nobody.
    """
    external_id = document.get("external_id")
    if external_id:
        lock_name("customer", shop.pk, external_id)
    handles = _handles(document, shop, channel)
    customer = _of_shop(shop, external_id) or _by_handle(handles) or _new(handles)
    customer = current(customer)
    for handle in handles:
        _give(handle, customer)
    _remember(customer, shop, external_id)
    _fill_in(customer, document)
    return customer


def current(customer: Customer) -> Customer:
    """The customer that this one was merged into, at the end of the chain."""
    while customer.merged_into:
        customer = customer.merged_into
    return customer


def _handles(document: dict[str, Any], shop: Shop, channel: str) -> list[Handle]:
    """In the order in which they are believed; what is no address or number names nobody."""
    name = full_name(document)
    found = [Handle(Identity.Kind.EXTERNAL, document.get("login") or "", str(shop.public_id), name)]
    if channel not in (Order.Channel.ALLEGRO, Order.Channel.MARKETPLACE):
        found.append(Handle(Identity.Kind.EMAIL, document.get("email") or "", "", name))
        # Typed into a form by a guest, it may be anybody's; an address is at least written to.
        if document.get("external_id") or not document.get("email"):
            found.append(Handle(Identity.Kind.PHONE, document.get("phone") or "", "", name))
    return [handle for handle in found if handle.is_valid]


def full_name(document: dict[str, Any]) -> str:
    """First and last name, else the company."""
    parts = [document.get("first_name"), document.get("last_name")]
    name = " ".join(part.strip() for part in parts if part)
    return (name or document.get("company") or "")[:_LONGEST_NAME]


def _of_shop(shop: Shop, external_id: str | None) -> Customer | None:
    if not external_id:
        return None
    known = CustomerShop.objects.select_related("customer__merged_into").filter(
        shop=shop, external_id=external_id, customer__erased_at=None
    )
    row = known.first()
    return row.customer if row else None


def _by_handle(handles: list[Handle]) -> Customer | None:
    """Who has the first handle that is known; the telephone decides where there is nothing else."""
    for handle in handles:
        row = _identities(handle).select_related("customer__merged_into").first()
        if row:
            return row.customer
        if handle.kind == Identity.Kind.EMAIL:
            return None
    return None


def _new(handles: list[Handle]) -> Customer:
    if handles:
        return identifying.find_or_create(handles[0]).customer
    return Customer.objects.create()


def _give(handle: Handle, customer: Customer) -> None:
    if not _identities(handle).exists():
        identifying.give(customer, handle)


def _identities(handle: Handle) -> QuerySet[Identity]:
    return Identity.objects.filter(kind=handle.kind, scope=handle.scope, value=handle.key)


def _remember(customer: Customer, shop: Shop, external_id: str | None) -> None:
    """They are a customer of the shop; by this id, unless they have another one there."""
    row, created = CustomerShop.objects.get_or_create(
        shop=shop, customer=customer, defaults={"external_id": external_id}
    )
    if not created and external_id and row.external_id is None:
        row.external_id = external_id
        row.save(update_fields=["external_id"])


def _fill_in(customer: Customer, document: dict[str, Any]) -> None:
    """What nobody has written yet; what an agent wrote stays."""
    told = {
        "name": full_name(document),
        "first_name": (document.get("first_name") or "").strip()[:100],
        "language": (document.get("language") or "").partition("-")[0][:10],
    }
    fresh = {name: value for name, value in told.items() if value and not getattr(customer, name)}
    if fresh:
        for name, value in fresh.items():
            setattr(customer, name, value)
        customer.version += 1
        customer.save(update_fields=[*fresh, "version"])
