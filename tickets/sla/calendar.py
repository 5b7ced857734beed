"""Business time, exactly: periods of the week, public holidays, closed and half days, DST."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tickets.sla import public_holidays

if TYPE_CHECKING:
    from tickets.sla.models import CalendarVersion

# Minutes since local midnight, [start, end).
Period = tuple[int, int]
Interval = tuple[datetime, datetime]
# Each day's ["HH:MM", "HH:MM"] periods.
Stored = list[list[list[str]]]

_DAY = timedelta(days=1)
# A year without one open minute is a calendar that never opens.
_LONGEST_CLOSED_DAYS = 400


class NeverOpen(ValueError):
    """The calendar has no open hours, so no deadline can be computed from it."""


@dataclass(frozen=True)
class WorkingHours:
    """When a shop works.

    `week` has seven tuples of periods, Monday first; `country` is a code of the library `holidays`
    or ''; `days` are exceptions by date, () is closed. Periods of a day do not overlap.
    """

    zone: ZoneInfo
    week: tuple[tuple[Period, ...], ...]
    country: str = ""
    days: Mapping[date, tuple[Period, ...]] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, version: CalendarVersion) -> WorkingHours:
        """The hours that one stored version says."""
        if version.pk not in _versions:
            _versions[version.pk] = cls.saying(
                version.timezone, version.week, version.holidays, version.days
            )
        return _versions[version.pk]

    @classmethod
    def saying(
        cls, timezone: str, week: Stored, holidays: str, days: Mapping[str, list[list[str]]]
    ) -> WorkingHours:
        """Hours from the form in which they are stored."""
        return cls(
            zone=ZoneInfo(timezone),
            week=tuple(_periods(day) for day in week),
            country=holidays,
            days={date.fromisoformat(day): _periods(rows) for day, rows in days.items()},
        )

    def round_the_clock(self) -> WorkingHours:
        """Every minute of every day, in the same zone."""
        return WorkingHours(self.zone, (((0, 24 * 60),),) * 7)

    def periods(self, day: date) -> tuple[Period, ...]:
        """The open periods of a local day: its exception, none on a holiday, else the week's."""
        if day in self.days:
            return self.days[day]
        return () if self.is_holiday(day) else self.week[day.weekday()]

    def is_holiday(self, day: date) -> bool:
        return bool(self.country) and public_holidays.is_holiday(self.country, day)

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The moment when `duration` of open time has passed since `start`, in UTC.

        No time at all gives `start` itself; a duration that ends with a period gives the period's
        end. Raises `NeverOpen` where the calendar has no hours.
        """
        start, left = start.astimezone(UTC), duration
        if left <= timedelta(0):
            return start
        for opens, closes in self._open_since(start):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise NeverOpen

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Open time in [start, end); zero where the end does not come after the start."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        total = timedelta(0)
        day, last = self._local_day(start), self._local_day(end)
        while day <= last:
            for opens, closes in self._intervals(day):
                total += max(timedelta(0), min(closes, end) - max(opens, start))
            day += _DAY
        return total

    def is_open(self, at: datetime) -> bool:
        """Whether the shop works at this moment; the closing minute itself is closed."""
        at = at.astimezone(UTC)
        return any(opens <= at < closes for opens, closes in self._intervals(self._local_day(at)))

    def opens_at(self, at: datetime) -> datetime:
        """`at` itself while open, else the next opening, in UTC. Raises `NeverOpen`."""
        for opens, _closes in self._open_since(at.astimezone(UTC)):
            return opens
        raise NeverOpen

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def _open_since(self, start: datetime) -> Iterator[Interval]:
        """Open intervals from `start` on, the first one cut; ends after a year of closed days."""
        day, closed = self._local_day(start), 0
        while closed < _LONGEST_CLOSED_DAYS:
            closed += 1
            for opens, closes in self._intervals(day):
                if closes > start:
                    closed = 0
                    yield max(opens, start), closes
            day += _DAY

    def _intervals(self, day: date) -> list[Interval]:
        """The day's open intervals in UTC, in order.

        A local day is one stretch of constant offset to UTC, or two when the clocks change. Each
        period is laid over each stretch: so 02:30 that does not exist counts nothing, and one that
        exists twice counts twice.
        """
        periods = self.periods(day)
        if not periods:
            return []
        midnight = datetime.combine(day, datetime.min.time())
        return sorted(
            (max(opens, begin), min(closes, end))
            for begin, end, offset in _stretches(self.zone, day)
            for opens, closes in (
                (
                    (midnight + timedelta(minutes=first) - offset).replace(tzinfo=UTC),
                    (midnight + timedelta(minutes=last) - offset).replace(tzinfo=UTC),
                )
                for first, last in periods
            )
            if max(opens, begin) < min(closes, end)
        )


def minutes(clock: str) -> int:
    """Minutes since midnight of "HH:MM"; "24:00" is the end of the day. Raises `ValueError`."""
    hours, _colon, rest = clock.partition(":")
    value = int(hours) * 60 + int(rest)
    if not 0 <= value <= 24 * 60 or len(rest) != 2:
        raise ValueError(f"not a time of day: {clock}")
    return value


# By primary key: versions never change.
_versions: dict[int, WorkingHours] = {}


def _periods(rows: list[list[str]]) -> tuple[Period, ...]:
    return tuple((minutes(opens), minutes(closes)) for opens, closes in rows)


@lru_cache(maxsize=4_096)
def _stretches(zone: ZoneInfo, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The local day as [begin, end) in UTC with the offset that holds there."""
    begin = datetime.combine(day, datetime.min.time(), tzinfo=zone).astimezone(UTC)
    end = datetime.combine(day + _DAY, datetime.min.time(), tzinfo=zone).astimezone(UTC)
    first, last = _offset(zone, begin), _offset(zone, end - timedelta(minutes=1))
    if first == last:
        return ((begin, end, first),)
    # The clocks change once in the day: halve the span down to that minute.
    low, high = begin, end
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) // 2
        middle = middle.replace(second=0, microsecond=0)
        low, high = (middle, high) if _offset(zone, middle) == first else (low, middle)
    return ((begin, high, first), (high, end, last))


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)
