"""The policies and calendars that hold now. Kept for a moment, so that a message costs no query.

Whoever still works with what was kept, starts a clock by an old version; `moving` brings it up to
the new one, as it does with every clock that runs.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tickets.models.ticket import Ticket
from tickets.sla.clock import Terms
from tickets.sla.models import Calendar, CalendarVersion, PolicyVersion

KEPT_S = 2.0


@dataclass(frozen=True)
class Promises:
    """The newest versions: of policies in the order they are tried, of calendars by their id."""

    policies: tuple[PolicyVersion, ...]
    calendars: Mapping[int, CalendarVersion]
    default_calendar: int

    def calendar(self, calendar_id: int | None) -> CalendarVersion:
        """The newest version of this calendar; of the standard one where none is named."""
        return self.calendars[calendar_id or self.default_calendar]

    def terms(self, ticket: Ticket) -> Terms:
        """What is promised on this ticket: by the first policy that fits; the last one always."""
        policy = next(row for row in self.policies if fits(row.conditions, ticket))
        return Terms(policy, self.calendar(policy.calendar_id))

    @property
    def differ(self) -> bool:
        """Whether a change of a ticket may bring it under another policy."""
        return len(self.policies) > 1


def fits(conditions: Mapping[str, object], ticket: Ticket) -> bool:
    """Whether a policy with these conditions is for this ticket. Without conditions it is."""
    return all(_FACTS[name](ticket, wanted) for name, wanted in conditions.items())


_FACTS: dict[str, Callable[[Ticket, Any], bool]] = {
    "channel_kinds": lambda ticket, wanted: ticket.channel.kind in wanted,
    "channels": lambda ticket, wanted: ticket.channel_id in wanted,
    "shops": lambda ticket, wanted: ticket.shop_id in wanted,
    "priorities": lambda ticket, wanted: ticket.priority in wanted,
    "reasons": lambda ticket, wanted: ticket.reason_id in wanted,
    "vip": lambda ticket, wanted: ticket.customer.vip == wanted,
}


def promises() -> Promises:
    return _read(int(time.monotonic() / KEPT_S))


def forget(**_kwargs: object) -> None:
    """Read anew next time: called in the process that has changed something."""
    _read.cache_clear()


@lru_cache(maxsize=1)
def _read(_moment: int) -> Promises:
    policies = PolicyVersion.objects.filter(policy__active=True).select_related("policy")
    newest = {row.policy_id: row for row in policies.order_by("pk")}
    calendars = CalendarVersion.objects.order_by("calendar", "-pk").distinct("calendar")
    return Promises(
        policies=tuple(sorted(newest.values(), key=_place)),
        calendars={row.calendar_id: row for row in calendars.select_related("calendar")},
        default_calendar=Calendar.objects.get(is_default=True).pk,
    )


def _place(version: PolicyVersion) -> tuple[bool, int, int]:
    policy = version.policy
    return policy.is_default, policy.position, policy.pk
