"""A customer whom somebody of us writes down, before they ever wrote."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from crm import identifying
from crm.errors import HandleTaken
from crm.identifying import Handle
from crm.models import Customer, CustomerShop, Identity, Shop
from history.recording import Actor, record


@transaction.atomic
def register(
    handles: Sequence[Handle], *, shop: Shop | None = None, by: Actor, **fields: Any
) -> Customer:
    """Make a customer with these handles. Raises `HandleTaken` where somebody has one of them."""
    customer = Customer.objects.create(**fields)
    for handle in handles:
        if not identifying.give(customer, handle):
            raise HandleTaken
    if shop is not None:
        CustomerShop.objects.create(shop=shop, customer=customer)
    record(
        "customer.updated",
        subject=("customer", customer.pk),
        actor=by,
        data={"fields": sorted(fields)},
        customer_id=customer.pk,
        shop_id=shop.pk if shop else None,
    )
    return customer


def handles_of(data: dict[str, Any]) -> list[Handle]:
    """The handles in `email` and `phone`."""
    kinds = {"email": Identity.Kind.EMAIL, "phone": Identity.Kind.PHONE}
    name = data.get("name", "")
    return [Handle(kind, data[key], name=name) for key, kind in kinds.items() if data.get(key)]
