"""Hours of a chat, where they differ from the shop's: "pn-pt 8-20" a line, or seven lists."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from tickets.sla.weeks import as_week, stored

_DAYS = {
    name: number
    for number, names in enumerate(
        [
            "pn pon mon",
            "wt tue",
            "śr sr wed",
            "cz czw thu",
            "pt pią fri",
            "so sob sat",
            "nd nie sun",
        ]
    )
    for name in names.split()
}
_LINE = re.compile(r"\s*([^\W\d]+)\.?(?:\s*[-–]\s*([^\W\d]+)\.?)?\s+(.+)")
_PERIOD = re.compile(r"(\d{1,2})(?::(\d\d))?\s*[-–]\s*(\d{1,2})(?::(\d\d))?\Z")


class HoursField(forms.CharField):
    """A week as text; cleaned to seven lists of ["HH:MM", "HH:MM"], empty for the shop's hours."""

    widget = forms.Textarea
    json_schema = {"type": ["string", "array"]}

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(_lines(value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[list[list[str]]]:
        week = value if isinstance(value, list) else _parsed(super().clean(value))
        try:
            return [stored(day) for day in as_week(week)]
        except (AttributeError, TypeError, ValueError) as e:
            raise ValidationError(_("Write the hours like this: Mon-Fri 8-20, one a line.")) from e


def _parsed(text: str) -> list[list[list[str]]]:
    """Raises `ValidationError` for a line that is no hours."""
    if not text.strip():
        return []
    week: list[list[list[str]]] = [[] for _day in range(7)]
    for line in text.splitlines():
        if line.strip():
            _add(week, line)
    return week


def _add(week: list[list[list[str]]], line: str) -> None:
    found = _LINE.match(line.lower())
    first = _DAYS.get(found[1]) if found else None
    last = _DAYS.get(found[2] or found[1]) if found else None
    if found is None or first is None or last is None or last < first:
        raise ValidationError(_("This is no day or no hours: %(line)s"), params={"line": line})
    for text in found[3].split(","):
        period = _PERIOD.match(text.strip())
        if period is None:
            raise ValidationError(_("This is no day or no hours: %(line)s"), params={"line": line})
        opens = f"{int(period[1]):02}:{period[2] or '00'}"
        closes = f"{int(period[3]):02}:{period[4] or '00'}"
        for day in range(first, last + 1):
            week[day].append([opens, closes])


def _lines(week: list[list[list[str]]]) -> list[str]:
    return [
        f"{WEEKDAYS_ABBR[number]} {', '.join('-'.join(period) for period in day)}"
        for number, day in enumerate(week)
        if day
    ]
