"""The policies and calendars that hold now. Kept for a moment, so that a message costs no query.

Whoever still works with what was kept, starts a clock by an old version; `moving` brings it up to
the new one, as it does with every clock that runs.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tickets.sla.models import Calendar, CalendarVersion, PolicyVersion

_KEPT_S = 2.0


@dataclass(frozen=True)
class Promises:
    """The newest version of each policy in use, and of each calendar by the calendar's id."""

    policy: PolicyVersion
    calendars: Mapping[int, CalendarVersion]
    default_calendar: int

    def calendar(self, calendar_id: int | None) -> CalendarVersion:
        """The newest version of this calendar; of the standard one where none is named."""
        return self.calendars[calendar_id or self.default_calendar]


def promises() -> Promises:
    return _read(int(time.monotonic() / _KEPT_S))


def forget(**_kwargs: object) -> None:
    """Read anew next time: called in the process that has changed something."""
    _read.cache_clear()


@lru_cache(maxsize=1)
def _read(_moment: int) -> Promises:
    policy = PolicyVersion.objects.filter(policy__is_default=True).select_related("policy")
    calendars = CalendarVersion.objects.order_by("calendar", "-pk").distinct("calendar")
    return Promises(
        policy=policy.latest("pk"),
        calendars={row.calendar_id: row for row in calendars.select_related("calendar")},
        default_calendar=Calendar.objects.get(is_default=True).pk,
    )
