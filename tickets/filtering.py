"""Narrowing a list of tickets."""

from typing import Any

from tickets import finding
from tickets.models.ticket import TicketQuerySet

# Which condition each filter stands for; lists mean any of their values.
_CONDITIONS = {
    "status": "status__in",
    "priority": "priority__in",
    "assignee": "assignee__email",
    "team": "team__slug",
    "channel": "channel__public_id",
    "channel_kind": "channel__kind",
    "shop": "shop__slug",
    "customer": "customer__public_id",
    "reason": "reason__slug",
    "created_from": "created_at__gte",
    "created_to": "created_at__lt",
    "updated_since": "updated_at__gte",
}


def narrowed(tickets: TicketQuerySet, filters: dict[str, Any]) -> TicketQuerySet:
    """Those that fit every filter; a name that nothing has is fitted by nothing."""
    for name, value in filters.items():
        if name in _CONDITIONS and value not in ("", []):
            tickets = tickets.filter(**{_CONDITIONS[name]: value})
    for slug in filters.get("tag", []):
        tickets = tickets.filter(tags__slug=slug)
    return finding.understand(filters.get("q", "")).narrow(tickets)
