"""The list of customers: found, narrowed, paged by key, with what each row shows of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import User
from crm.models import Customer, CustomerQuerySet, CustomerShop, Identity, Order
from helpdesk.masking import masked
from helpdesk.polish import sort_key
from inbox import cursors, segments
from tickets.models import Ticket

PAGE_SIZE = 50
_PORTION = 500
_TITLES = (
    _lazy("Number"),
    _lazy("Name"),
    _lazy("E-mail"),
    _lazy("Phone"),
    _lazy("Language"),
    _lazy("VIP"),
    _lazy("Note"),
)


@dataclass(frozen=True)
class Filters:
    """What the address of the page asks for."""

    search: str = ""
    segment: str = ""
    shop: str = ""
    order: str = "name"


@dataclass(frozen=True)
class Row:
    customer: Customer
    orders: int
    last_order_at: datetime | None
    open_tickets: int


@dataclass(frozen=True)
class Page:
    rows: Sequence[Row]
    # Where the next page begins; empty on the last one.
    after: str


def matching(user: User, filters: Filters) -> CustomerQuerySet:
    """Visible customers who fit every filter, in no order yet."""
    found = Customer.objects.visible_to(user).current()
    if filters.search:
        key, text = sort_key(filters.search), filters.search.lower()
        handle = Identity.objects.filter(customer=OuterRef("pk"), value__startswith=text)
        order = Order.objects.visible_to(user).filter(
            customer=OuterRef("pk"), number=filters.search
        )
        named = Q(sort_key__startswith=key) | Q(sort_key__contains=f" {key}") if key else Q()
        found = found.filter(named | Q(Exists(handle)) | Q(Exists(order)))
    if segment := segments.find(filters.segment):
        found = found.filter(segment.condition(user))
    if filters.shop:
        of_shop = CustomerShop.objects.filter(customer=OuterRef("pk"), shop__slug=filters.shop)
        written = Ticket.objects.visible_to(user).filter(shop__slug=filters.shop)
        found = found.filter(Exists(of_shop) | Exists(written.filter(customer=OuterRef("pk"))))
    return found


def page(user: User, filters: Filters, after: str) -> Page:
    """One page, in a fixed number of queries. Raises `ValueError` for a cursor that is not ours."""
    found = _ordered(matching(user, filters), filters.order, after)
    customers = list(found.prefetch_related("identities")[: PAGE_SIZE + 1])
    shown = customers[:PAGE_SIZE]
    cursor = _cursor(shown[-1], filters.order) if len(customers) > PAGE_SIZE else ""
    return Page(_rows(shown, user), cursor)


def _ordered(found: CustomerQuerySet, order: str, after: str) -> CustomerQuerySet:
    if order == "recent":
        if after:
            at, pk = cursors.read(after)
            found = found.filter(updated_at__lte=at).filter(Q(updated_at__lt=at) | Q(pk__lt=pk))
        return found.order_by("-updated_at", "-pk")
    if after:
        key, _colon, pk_text = after.rpartition(":")
        pk = int(pk_text)
        found = found.filter(sort_key__gte=key).filter(Q(sort_key__gt=key) | Q(pk__gt=pk))
    return found.order_by("sort_key", "pk")


def _cursor(customer: Customer, order: str) -> str:
    if order == "recent":
        return cursors.write(customer.updated_at, customer.pk)
    return f"{customer.sort_key}:{customer.pk}"


def _rows(customers: Sequence[Customer], user: User) -> list[Row]:
    of_these = {"customer__in": [customer.pk for customer in customers]}
    orders = Order.objects.visible_to(user).filter(**of_these, status__in=Order.VALID)
    bought: dict[int, Any] = {
        row["customer"]: row
        for row in orders.order_by().values("customer").annotate(n=Count("pk"), at=Max("placed_at"))
    }
    tickets = Ticket.objects.visible_to(user).unfinished().filter(**of_these)
    waiting = dict(tickets.order_by().values_list("customer").annotate(n=Count("pk")))
    nothing: dict[str, Any] = {"n": 0, "at": None}
    return [
        Row(
            customer,
            orders=(row := bought.get(customer.pk, nothing))["n"],
            last_order_at=row["at"],
            open_tickets=waiting.get(customer.pk, 0),
        )
        for customer in customers
    ]


def exported(user: User, filters: Filters) -> Iterator[Sequence[object]]:
    """A heading and a row for each matching customer, read in portions."""
    yield [str(title) for title in _TITLES]
    found = matching(user, filters).order_by("sort_key", "pk").prefetch_related("identities")
    for customer in found.iterator(chunk_size=_PORTION):
        handles = {identity.kind: str(identity) for identity in customer.identities.all()}
        yield [
            customer.public_id,
            customer.name,
            handles.get(Identity.Kind.EMAIL, ""),
            handles.get(Identity.Kind.PHONE, ""),
            customer.language,
            _("yes") if customer.vip else "",
            masked(customer.note),
        ]
