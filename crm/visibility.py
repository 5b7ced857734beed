"""Which customers somebody sees by their tickets: `crm` owns the question, `tickets` answers it."""

from collections.abc import Callable

from django.db.models import Q

from accounts.models import User

_rules: list[Callable[[User], Q]] = []


def register(rule: Callable[[User], Q]) -> None:
    """Add a condition on `Customer` rows that makes them visible (from `AppConfig.ready`)."""
    _rules.append(rule)


def by_tickets(user: User) -> Q:
    """Any of the registered conditions; nothing where there is none."""
    condition = Q(pk__in=[])
    for rule in _rules:
        condition |= rule(user)
    return condition
