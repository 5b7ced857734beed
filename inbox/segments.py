"""Groups of customers by what they did: each is one condition on their rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from crm.models import Order, OrderQuerySet
from tickets.models import Ticket

_NEW = timedelta(days=30)
_QUIET = timedelta(days=180)


@dataclass(frozen=True)
class Segment:
    key: str
    label: str | Promise
    condition: Callable[[User], Q]


def find(key: str) -> Segment | None:
    return next((segment for segment in ALL if segment.key == key), None)


def _valid_orders(user: User) -> OrderQuerySet:
    visible = Order.objects.visible_to(user)
    return visible.filter(customer=OuterRef("pk"), status__in=Order.VALID)


def _waiting(user: User) -> Q:
    tickets = Ticket.objects.visible_to(user).unfinished()
    return Q(Exists(tickets.filter(customer=OuterRef("pk"))))


def _buyers(user: User) -> Q:
    return Q(Exists(_valid_orders(user)))


def _returning(user: User) -> Q:
    several = _valid_orders(user).order_by().values("customer").annotate(n=Count("pk"))
    return Q(Exists(several.filter(n__gte=2)))


def _quiet(user: User) -> Q:
    since = timezone.now() - _QUIET
    return _buyers(user) & ~Q(Exists(_valid_orders(user).filter(placed_at__gte=since)))


def _not_buyers(user: User) -> Q:
    return ~_buyers(user)


def _new(user: User) -> Q:
    return Q(created_at__gte=timezone.now() - _NEW)


ALL = (
    Segment("vip", _("VIP"), lambda _user: Q(vip=True)),
    Segment("waiting", _("With open tickets"), _waiting),
    Segment("buyers", _("With orders"), _buyers),
    Segment("returning", _("Two orders or more"), _returning),
    Segment("quiet", _("No order for half a year"), _quiet),
    Segment("no-orders", _("Without orders"), _not_buyers),
    Segment("new", _("New in the last 30 days"), _new),
)
