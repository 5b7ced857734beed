"""The daily roll-ups: what a change of facts adds to each level, and takes away."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from kpi.cells import Cell
from kpi.models import DailyRollup

_Level = DailyRollup.Level
_PLACES = frozenset({"shop", "channel", "team", "agent", "reason"})
# The columns that each level keeps apart.
LEVELS = {
    _Level.TOTAL: frozenset[str](),
    _Level.CHANNEL: frozenset({"shop", "channel"}),
    _Level.REASON: frozenset({"shop", "channel", "reason"}),
    _Level.PERSON: frozenset({"shop", "channel", "team", "agent"}),
    _Level.FULL: _PLACES,
}


class Key(NamedTuple):
    """What a row of the roll-ups is about; 0 stands for "all" or "none"."""

    day: date
    metric: str
    shop: int
    channel: int
    team: int
    agent: int
    reason: int


@dataclass
class Tally:
    count: int = 0
    sum: int = 0
    sketch: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.count += other.count
        self.sum += other.sum
        for key, number in other.sketch.items():
            self.sketch[key] += number

    def __bool__(self) -> bool:
        return bool(self.count or self.sum or any(self.sketch.values()))


class Changes:
    """Cells to add and to take away, summed up before anything is written."""

    def __init__(self) -> None:
        self._tallies: defaultdict[Key, Tally] = defaultdict(Tally)

    def add(
        self, cells: Iterable[Cell], *, shop: int, channel: int, reason: int | None, sign: int = 1
    ) -> None:
        for cell in cells:
            key = Key(cell.day, cell.metric, shop, channel, cell.team, cell.agent or 0, reason or 0)
            tally = self._tallies[key]
            tally.count += sign * cell.number
            tally.sum += sign * cell.number * cell.value
            if cell.key is not None:
                tally.sketch[cell.key] += sign * cell.number

    def write(self) -> None:
        """Bring the roll-ups up to date, at every level, by day and by month."""
        for level, columns in LEVELS.items():
            of_days = _coarser(self._tallies.items(), columns)
            _upsert(level, of_days, is_month=False)
            # The finest level answers rare questions only, and is large enough by days.
            if level != _Level.FULL:
                of_months = _coarser(_by_month(of_days.items()), columns)
                _upsert(level, of_months, is_month=True)


def _coarser(tallies: Iterable[tuple[Key, Tally]], columns: frozenset[str]) -> dict[Key, Tally]:
    """The tallies summed over what `columns` does not name."""
    blank: dict[str, Any] = dict.fromkeys(_PLACES - columns, 0)
    summed: defaultdict[Key, Tally] = defaultdict(Tally)
    for key, tally in tallies:
        summed[key._replace(**blank) if blank else key].add(tally)
    return {key: tally for key, tally in summed.items() if tally}


def _by_month(tallies: Iterable[tuple[Key, Tally]]) -> Iterator[tuple[Key, Tally]]:
    for key, tally in tallies:
        yield key._replace(day=key.day.replace(day=1)), tally


# Sketches are summed key by key; what has come to nothing is left out.
_UPSERT = """
    INSERT INTO kpi_dailyrollup AS held (level, is_month, day, metric, shop_id, channel_id,
        team_id, agent_id, reason_id, count, sum, sketch)
    SELECT %s, %s, * FROM unnest(%s::date[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::jsonb[])
    ON CONFLICT (level, is_month, day, metric, shop_id, channel_id, team_id, agent_id, reason_id)
    DO UPDATE SET count = held.count + excluded.count, sum = held.sum + excluded.sum,
        sketch = CASE WHEN excluded.sketch = '{}' THEN held.sketch ELSE (
            SELECT coalesce(jsonb_object_agg(key, number), '{}') FROM (
                SELECT key, sum(value::bigint) AS number FROM (
                    SELECT * FROM jsonb_each_text(held.sketch)
                    UNION ALL SELECT * FROM jsonb_each_text(excluded.sketch)
                ) both_sketches GROUP BY key HAVING sum(value::bigint) <> 0
            ) summed
        ) END
    RETURNING id, count = 0 AND sum = 0 AND sketch = '{}'
"""
_ROWS_A_STATEMENT = 5_000


def _upsert(level: int, tallies: dict[Key, Tally], *, is_month: bool) -> None:
    """Add the tallies to the rows that there are; a row that has come to nothing goes."""
    rows = sorted(tallies.items())
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        part = rows[start : start + _ROWS_A_STATEMENT]
        columns = [list(column) for column in zip(*(key for key, _tally in part), strict=True)]
        columns += [
            [tally.count for _key, tally in part],
            [tally.sum for _key, tally in part],
            [_json(tally.sketch) for _key, tally in part],
        ]
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [level, is_month, *columns])
            empty = [row_id for row_id, is_empty in cursor.fetchall() if is_empty]
        if empty:
            DailyRollup.objects.filter(pk__in=empty).delete()


def _json(sketch: Counter[int]) -> str:
    return json.dumps({str(key): number for key, number in sketch.items() if number})
