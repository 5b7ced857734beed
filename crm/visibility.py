"""Which customers and orders somebody sees by tickets: `crm` asks, `tickets` answers."""

from collections.abc import Callable, Collection

from django.db.models import Q

from accounts.models import User

# Called with the user and, for a key that is limited to some shops, their ids.
Rule = Callable[[User, Collection[int] | None], Q]
OrderRule = Callable[[User], Q]

_rules: list[Rule] = []
_order_rules: list[OrderRule] = []


def register(rule: Rule, *, orders: OrderRule) -> None:
    """Add conditions on `Customer` and on `Order` rows that show them (`AppConfig.ready`)."""
    _rules.append(rule)
    _order_rules.append(orders)


def by_tickets(user: User, shops: Collection[int] | None = None) -> Q:
    """Any of the registered conditions; nothing where there is none."""
    condition = Q(pk__in=[])
    for rule in _rules:
        condition |= rule(user, shops)
    return condition


def orders_by_tickets(user: User) -> Q:
    """The same on orders: only of the shop in which the ticket is."""
    condition = Q(pk__in=[])
    for rule in _order_rules:
        condition |= rule(user)
    return condition
