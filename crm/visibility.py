"""Which customers somebody sees by their tickets: `crm` owns the question, `tickets` answers it."""

from collections.abc import Callable, Collection

from django.db.models import Q

from accounts.models import User

# Called with the user and, for a key that is limited to some shops, their ids.
Rule = Callable[[User, Collection[int] | None], Q]

_rules: list[Rule] = []


def register(rule: Rule) -> None:
    """Add a condition on `Customer` rows that makes them visible (from `AppConfig.ready`)."""
    _rules.append(rule)


def by_tickets(user: User, shops: Collection[int] | None = None) -> Q:
    """Any of the registered conditions; nothing where there is none."""
    condition = Q(pk__in=[])
    for rule in _rules:
        condition |= rule(user, shops)
    return condition
