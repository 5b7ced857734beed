"""Customers who may be one person. Only a suggestion: what people typed proves nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm import normalising
from crm.models import Customer, CustomerQuerySet, Identity, Order

_MOST = 5
_MOST_ORDERS = 20


@dataclass(frozen=True)
class Suggestion:
    customer: Customer
    why: str | Promise


def same_person(customer: Customer, visible: CustomerQuerySet) -> list[Suggestion]:
    """Visible customers who share a handle of an order, or the whole name, with this one."""
    others = visible.current().exclude(pk=customer.pk)
    found: dict[int, Suggestion] = {}
    for other in _by_handles(customer, others):
        found.setdefault(other.pk, Suggestion(other, _("gave the same address or phone number")))
    if " " in customer.name.strip():
        for other in others.filter(sort_key=customer.sort_key).order_by("-updated_at")[:_MOST]:
            found.setdefault(other.pk, Suggestion(other, _("has the same name")))
    return list(found.values())[:_MOST]


def _by_handles(customer: Customer, others: CustomerQuerySet) -> Iterable[Customer]:
    """Whoever has an address or number that stands in this customer's orders."""
    documents = customer.orders.newest().values_list("document", flat=True)[:_MOST_ORDERS]
    named = {value for document in documents for value in _handles(document)}
    if not named:
        return []
    kinds = (Identity.Kind.EMAIL, Identity.Kind.PHONE)
    owners = Identity.objects.filter(kind__in=kinds, scope="", value__in=named)
    return others.filter(pk__in=owners.values("customer"))[:_MOST]


def _handles(document: dict[str, object]) -> Iterable[str]:
    masked = document.get("channel") in (Order.Channel.ALLEGRO, Order.Channel.MARKETPLACE)
    for name in ("customer", "billing_address", "shipping_address"):
        part = document.get(name)
        if not isinstance(part, dict):
            continue
        for key, normal in (("email", normalising.email), ("phone", normalising.phone)):
            if part.get(key) and not (masked and key == "email"):
                try:
                    yield normal(part[key])
                except normalising.NotAnAddress:
                    continue
