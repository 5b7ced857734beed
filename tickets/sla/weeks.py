"""A week of opening hours: checked, as it is stored, and in words of the active language."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tickets.sla.calendar import NeverOpen, Period, WorkingHours, minutes

# Monday first.
Week = tuple[tuple[Period, ...], ...]
# As JSON: ["HH:MM", "HH:MM"] pairs of one day.
StoredDay = list[list[str]]


def as_week(value: Sequence[Iterable[Sequence[str]]]) -> Week:
    """The stored form as periods. Raises `ValueError` or `TypeError` where it is no week."""
    week = tuple(as_day(day) for day in value)
    if len(week) not in (0, 7):
        raise ValueError("not a week")
    return week


def as_day(value: Iterable[Sequence[str]]) -> tuple[Period, ...]:
    """The periods of one day, in order. Raises `ValueError` where they overlap or end too early."""
    day = tuple(sorted((minutes(opens), minutes(closes)) for opens, closes in value))
    for place, (opens, closes) in enumerate(day):
        if opens >= closes or (place and day[place - 1][1] > opens):
            raise ValueError("not the hours of a day")
    return day


def stored(day: Iterable[Period]) -> StoredDay:
    return [[clock(opens), clock(closes)] for opens, closes in day]


def clock(at: int) -> str:
    """Minutes since midnight as "HH:MM"."""
    hours, rest = divmod(at, 60)
    return f"{hours:02}:{rest:02}"


def in_words(week: Week) -> str:
    """The week in short, neighbouring equal days together: "Mon-Fri 8-16, Sat 9-13"."""
    parts = []
    for periods, group in groupby(enumerate(week), key=lambda day: day[1]):
        numbers = [number for number, _periods in group]
        if periods:
            first, last = str(WEEKDAYS_ABBR[numbers[0]]), str(WEEKDAYS_ABBR[numbers[-1]])
            span = first if len(numbers) == 1 else f"{first}-{last}"
            parts.append(f"{span} {', '.join(_span(period) for period in periods)}")
    return ", ".join(parts)


def opens_in_words(hours: WorkingHours, now: datetime) -> str | None:
    """When somebody is here again: "today, 8:00", "Monday, 8:00"; None where nobody ever is."""
    try:
        opening = hours.opens_at(now).astimezone(hours.zone)
    except NeverOpen:
        return None
    today = now.astimezone(hours.zone).date()
    at = f"{opening.hour}:{opening.minute:02}"
    if opening.date() == today:
        return _("today, %(clock)s") % {"clock": at}
    if opening.date() == today + timedelta(days=1):
        return _("tomorrow, %(clock)s") % {"clock": at}
    if opening.date() < today + timedelta(days=7):
        return f"{WEEKDAYS[opening.weekday()]}, {at}"
    return f"{date_format(opening, 'j E')}, {at}"


def _span(period: Period) -> str:
    return "-".join(_short_clock(at) for at in period)


def _short_clock(at: int) -> str:
    hours, rest = divmod(at, 60)
    return f"{hours}:{rest:02}" if rest else f"{hours}"
