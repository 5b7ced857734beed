"""How figures are written: times in two units at most, shares with one digit."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from kpi.figures.board import Value
from kpi.figures.catalogue import Unit

register = template.Library()

_NOTHING = "–"


@register.filter
def duration(seconds: float | None) -> str:
    """90 is "2 min", 5000 is "1 h 23 min", 200000 is "2 d 8 h"."""
    if seconds is None:
        return _NOTHING
    if seconds < 60:
        return _("%(n)s s") % {"n": round(seconds)}
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("%(n)s min") % {"n": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _("%(h)s h %(m)s min") % {"h": hours, "m": minutes}
    return _("%(d)s d %(h)s h") % {"d": hours // 24, "h": hours % 24}


@register.filter
def percent(value: float | None) -> str:
    return _NOTHING if value is None else f"{number_format(value, 1)}%"


@register.filter
def points(value: float | None) -> str:
    return _NOTHING if value is None else number_format(value, 1)


@register.filter
def whole(value: float | None) -> str:
    return _NOTHING if value is None else number_format(round(value), force_grouping=True)


_WRITTEN = {
    Unit.SECONDS: duration,
    Unit.PERCENT: percent,
    Unit.POINTS: points,
    Unit.COUNT: whole,
}


@register.filter
def written(number: float | None, unit: Unit) -> str:
    return _WRITTEN[unit](number)


@register.filter
def change(value: Value) -> str:
    """The change against the previous period, with its sign; "" where there is none."""
    if value.change is None:
        return ""
    number = number_format(abs(value.change), 1)
    sign = "+" if value.change >= 0 else "−"
    if value.unit is Unit.PERCENT:
        return _("%(change)s pp") % {"change": f"{sign}{number}"}
    return f"{sign}{number}" if value.unit is Unit.POINTS else f"{sign}{number}%"


@register.filter
def heat(number: int, highest: int) -> int:
    """A level from 0 to 5 for the colour of a field."""
    return 0 if not number else 1 + min(4, 5 * number // max(highest + 1, 1))
