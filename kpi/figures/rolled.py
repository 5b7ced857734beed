"""Reads roll-ups: sums and histograms, by group. The cost is that of the days asked for."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from kpi import sketch
from kpi.figures.query import Level, Query, spans

_STEPS = {
    "day": "day",
    "week": "date_trunc('week', day)::date",
    "month": "date_trunc('month', day)::date",
}
_PLACES = {name: f"{name}_id" for name in ("shop", "channel", "team", "agent", "reason")}


class Sum(NamedTuple):
    number: int = 0
    total: int = 0

    @property
    def mean(self) -> float | None:
        return self.total / self.number if self.number else None


class Totals:
    """What one group of rows holds: sums and, where they were asked for, histograms."""

    def __init__(self) -> None:
        self.sums: dict[str, Sum] = {}
        self.histograms: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def count(self, *metrics: str) -> int:
        return sum(self.sums.get(metric, Sum()).number for metric in metrics)

    def sum(self, *metrics: str) -> int:
        return sum(self.sums.get(metric, Sum()).total for metric in metrics)

    def mean(self, metric: str) -> float | None:
        return self.sums.get(metric, Sum()).mean

    def share(self, *metrics: str) -> float | None:
        """The share of those that hold, in percent."""
        count = self.count(*metrics)
        return 100 * self.sum(*metrics) / count if count else None

    def quantile(self, metric: str, share: float) -> float | None:
        return sketch.quantile(self.histograms[metric], share)

    def scores(self, metric: str, keys: Iterable[int]) -> float | None:
        """The share of these scores, in percent."""
        counts = self.histograms[metric]
        n = sum(counts.values())
        return 100 * sum(counts[key] for key in keys) / n if n else None


Groups = defaultdict[Any, Totals]


def read(
    query: Query,
    metrics: Iterable[str],
    *,
    by: str = "",
    step: str = "",
    histograms: Iterable[str] = (),
) -> Groups:
    """Totals by group: `by` names a place, `step` day, week or month; both make pairs."""
    groups: Groups = defaultdict(Totals)
    names = [name for name in (by, step) if name]
    for *key, metric, count, total in _rows(query, list(metrics), names, _SUMS):
        groups[_key(key)].sums[metric] = Sum(int(count), int(total))
    wanted = list(histograms)
    if wanted:
        for *key, metric, bucket, number in _rows(query, wanted, names, _SKETCHES):
            groups[_key(key)].histograms[metric][int(bucket)] += int(number)
    return groups


def total(query: Query, metrics: Iterable[str], histograms: Iterable[str] = ()) -> Totals:
    return read(query, metrics, histograms=histograms)[None]


def _key(values: list[Any]) -> Any:
    match values:
        case []:
            return None
        case [value]:
            return value
        case _:
            return tuple(values)


_SUMS = (
    "SELECT {groups} metric, sum(count), sum(sum) FROM kpi_dailyrollup WHERE {where} GROUP BY {n}"
)
_SKETCHES = """
    SELECT {groups} metric, key, sum(value::bigint)
    FROM kpi_dailyrollup, jsonb_each_text(sketch) WHERE {where} GROUP BY {n}, key
"""


def _rows(query: Query, metrics: list[str], names: list[str], statement: str) -> list[Any]:
    level = query.level(*(name for name in names if name in _PLACES))
    if any(not ids for ids in query.limits.values()) or query.since >= query.until:
        return []
    where, values = _where(query, level, metrics, by_day=bool({"day", "week"} & set(names)))
    columns = [_PLACES.get(name) or _STEPS[name] for name in names]
    sql = statement.format(
        groups="".join(f"{column}, " for column in columns),
        where=where,
        n=", ".join(str(place + 1) for place in range(len(columns) + 1)),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _where(
    query: Query, level: Level, metrics: list[str], *, by_day: bool
) -> tuple[str, list[Any]]:
    periods, values = [], [int(level), metrics]
    for is_month, since, until in spans(
        query.since, query.until, months=level != Level.FULL and not by_day
    ):
        periods.append("(is_month = %s AND day >= %s AND day < %s)")
        values += [is_month, since, until]
    places = []
    for name, ids in query.limits.items():
        places.append(f" AND {_PLACES[name]} = ANY(%s)")
        values.append(list(ids))
    where = f"level = %s AND metric = ANY(%s) AND ({' OR '.join(periods)}){''.join(places)}"
    return where, values


def step_of(query: Query) -> str:
    """How finely a line over the period is drawn."""
    if query.days <= 45:
        return "day"
    return "week" if query.days <= 190 else "month"


def steps(query: Query) -> list[date]:
    """The beginning of each step of the period, as the database names it."""
    name, day = step_of(query), query.since
    found: list[date] = []
    while day < query.until:
        start = _start(day, name)
        if not found or found[-1] != start:
            found.append(start)
        day = date.fromordinal(day.toordinal() + 1)
    return found


def _start(day: date, name: str) -> date:
    if name == "week":
        return date.fromordinal(day.toordinal() - day.weekday())
    return day.replace(day=1) if name == "month" else day
