"""How many customers stopped ordering. Read from the orders themselves, and kept for an hour."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet

from crm.models import Order

WINDOW = timedelta(days=90)
_KEPT_S = 3_600


class Churn(NamedTuple):
    """Customers of the window before the last, and those of them who have not come back."""

    active: int
    churned: int

    @property
    def percent(self) -> float | None:
        return 100 * self.churned / self.active if self.active else None


def at(day: date, zone: ZoneInfo, shops: frozenset[int] | None = None) -> Churn:
    """As of the beginning of `day`; windows are half-open local days."""
    key = f"kpi:churn:{day}:{'-'.join(map(str, sorted(shops))) if shops is not None else 'all'}"
    found: Churn | None = cache.get(key)
    if found is None:
        found = _count(day, zone, shops)
        cache.set(key, found, _KEPT_S)
    return found


def _count(day: date, zone: ZoneInfo, shops: frozenset[int] | None) -> Churn:
    orders = Order.objects.exclude(status__in=[Order.Status.CANCELLED, Order.Status.FAILED])
    if shops is not None:
        orders = orders.filter(shop__in=shops)

    def placed(since: date, until: date) -> QuerySet[Order]:
        return orders.filter(placed_at__gte=_start(since, zone), placed_at__lt=_start(until, zone))

    again = placed(day - WINDOW, day).filter(customer=OuterRef("customer"))
    before = placed(day - 2 * WINDOW, day - WINDOW)
    active = before.values("customer").distinct().count()
    stayed = before.filter(Exists(again)).values("customer").distinct().count()
    return Churn(active, active - stayed)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
