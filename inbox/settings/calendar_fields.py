"""A week of working hours and its exceptions as rows of a form, which can be added and removed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from inbox.settings import rows_input
from inbox.settings.rows_input import Row, RowsInput
from tickets.sla.weeks import StoredDay, as_day, stored

_DAY = timedelta(days=1)
_LONGEST_RANGE_DAYS = 366
_WEEK_COLUMNS = ("opens", "closes")
_DAYS_COLUMNS = ("since", "until", "opens", "closes")


class WeekInput(RowsInput):
    template_name = "settings/_week_input.html"
    columns = _WEEK_COLUMNS
    use_fieldset = True

    def groups(self, name: str) -> list[str]:
        return [f"{name}_{day}" for day in range(7)]

    def around(self) -> dict[str, Any]:
        return {"weekdays": WEEKDAYS}


class DaysInput(RowsInput):
    template_name = "settings/_days_input.html"
    columns = _DAYS_COLUMNS
    use_fieldset = True

    def groups(self, name: str) -> list[str]:
        return [name]


class WeekField(forms.Field):
    """Seven lists of ["HH:MM", "HH:MM"]; midnight as the end of a day is 24:00."""

    widget = WeekInput

    def prepare_value(self, value: Any) -> Any:
        """Stored or sent, as rows: a control for the time of day knows no 24:00."""
        return [[tuple(_shown(at) for at in period) for period in day] for day in value or []]

    def clean(self, value: Any) -> list[StoredDay]:
        week = []
        for number, rows in enumerate(value):
            try:
                week.append(_day(rows))
            except ValueError as e:
                raise ValidationError(
                    _("%(day)s: each period needs an end after its start, and none overlap."),
                    params={"day": WEEKDAYS[number]},
                ) from e
        return week


class DaysField(forms.Field):
    """Exceptions by date: {"YYYY-MM-DD": periods}, [] for a closed day."""

    widget = DaysInput

    def prepare_value(self, value: Any) -> Any:
        return [_as_rows(value)] if isinstance(value, Mapping) else value

    def clean(self, value: Any) -> dict[str, StoredDay]:
        hours: dict[date, list[Row]] = {}
        for since, until, opens, closes in value[0]:
            if not (since or until or opens or closes):
                continue
            for day in _dates(since, until):
                hours.setdefault(day, []).append((opens, closes))
        try:
            return {day.isoformat(): _day(rows) for day, rows in sorted(hours.items())}
        except ValueError as e:
            raise ValidationError(
                _("Each period needs an end after its start; leave both empty for a closed day.")
            ) from e


def edited(data: QueryDict) -> QueryDict:
    """The form as it looks after one of its own buttons: a row more or less, or a day copied."""
    data = rows_input.edited(data, _columns)
    if "copy" in data:
        for day in range(1, 5):
            for column in _WEEK_COLUMNS:
                data.setlist(f"week_{day}_{column}", data.getlist(f"week_0_{column}"))
    return data


def _columns(group: str) -> Sequence[str]:
    return _WEEK_COLUMNS if group.startswith("week_") else _DAYS_COLUMNS


def _day(rows: Iterable[Sequence[str]]) -> StoredDay:
    """Raises `ValueError` where the rows are no hours of one day."""
    return stored(as_day((opens, _end(closes)) for opens, closes in rows if opens or closes))


def _end(closes: str) -> str:
    return "24:00" if closes == "00:00" else closes


def _shown(at: str) -> str:
    return "00:00" if at == "24:00" else at


def _dates(since: str, until: str) -> list[date]:
    """The days of a range; without an end, the one day. Raises `ValidationError`."""
    try:
        first = date.fromisoformat(since)
        last = date.fromisoformat(until) if until else first
    except ValueError as e:
        raise ValidationError(_("An exception needs a date.")) from e
    if not 0 <= (last - first).days < _LONGEST_RANGE_DAYS:
        raise ValidationError(_("The last day comes after the first, within a year."))
    return [first + _DAY * number for number in range((last - first).days + 1)]


def _as_rows(days: Mapping[str, StoredDay]) -> list[Row]:
    """Stored exceptions, neighbouring equal days as one range."""
    dated = sorted((date.fromisoformat(day), periods) for day, periods in days.items())
    numbered = enumerate(dated)
    rows: list[Row] = []
    for (_start, periods), group in groupby(
        numbered, key=lambda item: (item[1][0] - _DAY * item[0], item[1][1])
    ):
        dates = [day for _number, (day, _periods) in group]
        until = dates[-1].isoformat() if len(dates) > 1 else ""
        for opens, closes in periods or [["", ""]]:
            rows.append((dates[0].isoformat(), until, _shown(opens), _shown(closes)))
    return rows
