"""Everything that the page of figures shows, from a fixed number of questions to the roll-ups."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.utils import timezone
from django.utils.functional import Promise as Words
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from crm.models import Shop
from kpi import sketch
from kpi.figures import churn, rolled
from kpi.figures.catalogue import (
    BACKLOG_DEFINITION,
    CHURN_DEFINITION,
    FIGURES,
    SLA,
    Figure,
    Unit,
)
from kpi.figures.query import Query
from kpi.figures.rolled import Totals
from kpi.models import Goal
from tickets import kinds
from tickets.models import Channel, Reason

_SCORES = ("csat", "nps")
_TIMED = ("frt", "nrt", "art")
# Upper ends of the bars of the first response, in seconds; the last bar has none.
_BARS = (15 * 60, 3_600, 4 * 3_600, 8 * 3_600, 24 * 3_600)


@dataclass(frozen=True)
class Value:
    """One figure of the period, with what it was and what it should be."""

    key: str
    label: str | Words
    unit: Unit
    definition: str | Words
    better: int
    value: float | None
    n: int | None = None
    previous: float | None = None
    goal: float | None = None
    p90: float | None = None
    mean: float | None = None

    @property
    def change(self) -> float | None:
        """Against the previous period: percent of it; for shares and scores the difference."""
        if self.value is None or self.previous is None:
            return None
        if self.unit in (Unit.PERCENT, Unit.POINTS):
            return self.value - self.previous
        return 100 * (self.value - self.previous) / self.previous if self.previous else None

    @property
    def verdict(self) -> str:
        """Whether the change is good: "good", "bad" or ""."""
        change = self.change or 0.0
        return _verdict(change * self.better) if abs(change) >= 0.5 else ""

    @property
    def meets_goal(self) -> bool | None:
        if self.goal is None or self.value is None:
            return None
        return (self.value - self.goal) * (self.better or 1) >= 0


def _verdict(direction: float) -> str:
    if direction == 0:
        return ""
    return "good" if direction > 0 else "bad"


@dataclass(frozen=True)
class Line:
    """One row of a table by agent, team or reason; `filter` is its name in an address."""

    name: str
    filter: str
    query: Query
    totals: Totals
    previous: Totals

    @property
    def contacts(self) -> int:
        return self.totals.count("contacts")

    @property
    def contacts_before(self) -> int:
        return self.previous.count("contacts")

    @property
    def answers(self) -> int:
        return self.totals.count("nrt")

    @property
    def frt(self) -> float | None:
        return self.totals.quantile(self.query.clock("frt"), 0.5)

    @property
    def csat(self) -> float | None:
        return self.totals.scores("csat", (4, 5))

    @property
    def sla(self) -> float | None:
        return self.totals.share(*SLA)

    @property
    def reopened(self) -> float | None:
        return self.totals.share("reopened")


@dataclass(frozen=True)
class Promise:
    """What became of one sort of promise."""

    label: str | Words
    kept: int
    broken: int

    @property
    def percent(self) -> float:
        return 100 * self.kept / (self.kept + self.broken)


class Board:
    """The answers to one query; each is asked once, when it is first needed."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.today = timezone.localdate()

    # Figures

    @cached_property
    def values(self) -> list[Value]:
        now, before = self._totals(self.query), self._totals(self.query.previous)
        goals = {goal.figure: goal.value for goal in Goal.objects.all()}
        values = [self._value(figure, now, before, goals) for figure in FIGURES]
        return [*values, self._backlog(goals), self._churn(goals)]

    @cached_property
    def by_key(self) -> dict[str, Value]:
        return {value.key: value for value in self.values}

    def _totals(self, query: Query) -> Totals:
        return self._split("", query)[None]

    def _value(
        self, figure: Figure, now: Totals, before: Totals, goals: Mapping[str, float]
    ) -> Value:
        name = figure.names(self.query)[0]
        is_time = figure.unit is Unit.SECONDS
        return Value(
            figure.key,
            figure.label,
            figure.unit,
            figure.definition,
            figure.better,
            value=figure.value(now, self.query),
            n=figure.n(now, self.query),
            previous=figure.value(before, self.query),
            goal=goals.get(figure.key),
            p90=now.quantile(name, 0.9) if is_time else None,
            mean=now.mean(name) if is_time else None,
        )

    def _backlog(self, goals: Mapping[str, float]) -> Value:
        start = rolled.total(self.query.before(), ["backlog"]).count("backlog")
        flow = rolled.total(self.query, ["backlog"]).count("backlog")
        return Value(
            "backlog",
            _("Backlog"),
            Unit.COUNT,
            BACKLOG_DEFINITION,
            -1,
            value=start + flow,
            previous=start,
            goal=goals.get("backlog"),
        )

    def _churn(self, goals: Mapping[str, float]) -> Value:
        """Of the shops alone: no team or agent has customers of their own."""
        zone = ZoneInfo(timezone.get_current_timezone_name())
        now = churn.at(self.query.until, zone, self.query.shops)
        before = churn.at(self.query.since, zone, self.query.shops)
        return Value(
            "churn",
            _("Customers lost"),
            Unit.PERCENT,
            CHURN_DEFINITION,
            -1,
            value=now.percent,
            n=now.active,
            previous=before.percent,
            goal=goals.get("churn"),
        )

    # Over time

    @cached_property
    def steps(self) -> list[date]:
        return rolled.steps(self.query)

    @cached_property
    def volume(self) -> list[tuple[str, list[int]]]:
        """Contacts by kind of channel, a number a step."""
        groups = rolled.read(
            self.query, ["contacts"], by="channel", step=rolled.step_of(self.query)
        )
        kind_of = dict(Channel.objects.values_list("pk", "kind"))
        found: dict[str, dict[date, int]] = {}
        for (channel, step), totals in groups.items():
            line = found.setdefault(kind_of.get(channel, ""), {})
            line[step] = line.get(step, 0) + totals.count("contacts")
        named = [
            (_kind(kind), [line.get(step, 0) for step in self.steps])
            for kind, line in found.items()
        ]
        return sorted(named, key=lambda pair: -sum(pair[1]))

    @cached_property
    def trend(self) -> list[Totals]:
        """First response, resolutions and the flow of the backlog, by step."""
        name = self.query.clock("frt")
        groups = rolled.read(
            self.query,
            [name, "reopened", "backlog", "contacts"],
            step=rolled.step_of(self.query),
            histograms=[name],
        )
        return [groups[step] for step in self.steps]

    @cached_property
    def backlog_line(self) -> list[int]:
        """How many were open at the end of each step."""
        start = int(self.by_key["backlog"].previous or 0)
        line = []
        for totals in self.trend:
            start += totals.count("backlog")
            line.append(start)
        return line

    @cached_property
    def heat(self) -> list[list[int]]:
        """Contacts by weekday (Monday first) and hour."""
        hours = self._now.histograms["contacts"]
        return [[hours[day * 24 + hour] for hour in range(24)] for day in range(7)]

    @cached_property
    def _now(self) -> Totals:
        return rolled.total(self.query, [], ["contacts", self.query.clock("frt")])

    @cached_property
    def distribution(self) -> list[tuple[int | None, int]]:
        """First responses by their length: the upper end of each bar, and how many."""
        counts = self._now.histograms[self.query.clock("frt")]
        bars: list[tuple[int | None, int]] = []
        left = sum(counts.values())
        for end in _BARS:
            inside = sum(n for key, n in counts.items() if sketch.middle(key) <= end)
            bars.append((end, inside - sum(n for _end, n in bars)))
        return [*bars, (None, left - sum(n for _end, n in bars))]

    # Tables

    @cached_property
    def agents(self) -> list[Line]:
        return self._table("agent", User, "email")

    @cached_property
    def teams(self) -> list[Line]:
        return self._table("team", Team, "slug")

    @cached_property
    def reasons(self) -> list[Line]:
        return self._table("reason", Reason, "slug")

    @cached_property
    def promises(self) -> list[Promise]:
        totals = rolled.total(self.query, SLA)
        return [
            Promise(label, totals.sum(metric), totals.count(metric) - totals.sum(metric))
            for metric, label in zip(SLA, _PROMISES, strict=True)
            if totals.count(metric)
        ]

    def parts(self, by: str) -> list[dict[str, Any]]:
        """All figures by shop, channel, team, agent or reason, largest first."""
        model, column = _PARTS[by]
        groups = self._split(by, self.query)
        before = self._split(by, self.query.previous)
        rows = model._default_manager.in_bulk([pk for pk in groups if pk])
        return [
            {
                "id": str(getattr(rows[pk], column)) if pk in rows else None,
                "name": str(rows.get(pk, "")),
                "figures": [self._value(figure, totals, before[pk], {}) for figure in FIGURES],
            }
            for pk, totals in sorted(
                groups.items(), key=lambda item: (-item[1].count("contacts"), item[0])
            )
        ]

    def _split(self, by: str, query: Query) -> rolled.Groups:
        """All sums by place; solutions younger than a week are left out of FCR."""
        names = [name for figure in FIGURES for name in figure.names(query)]
        timed = [query.clock(metric) for metric in _TIMED]
        groups = rolled.read(query, names, by=by, histograms=[*timed, *_SCORES])
        matured = query.matured(self.today)
        if matured.until != query.until:
            known = rolled.read(matured, ["fcr"], by=by)
            for key, totals in groups.items():
                totals.sums["fcr"] = known[key].sums.get("fcr", rolled.Sum())
        return groups

    def _table(self, by: str, model: type[Model], column: str) -> list[Line]:
        frt = self.query.clock("frt")
        metrics = ["contacts", frt, "nrt", "reopened", "csat", *SLA]
        now = rolled.read(self.query, metrics, by=by, histograms=[frt, "csat"])
        before = rolled.read(self.query.previous, ["contacts"], by=by)
        rows = model._default_manager.in_bulk([pk for pk in now if pk])
        lines = [
            Line(str(rows[pk]), str(getattr(rows[pk], column)), self.query, totals, before[pk])
            for pk, totals in now.items()
            if pk in rows
        ]
        return sorted(lines, key=lambda line: (-line.contacts - line.answers, line.name))


_PARTS: dict[str, tuple[type[Model], str]] = {
    "shop": (Shop, "slug"),
    "channel": (Channel, "public_id"),
    "team": (Team, "slug"),
    "agent": (User, "email"),
    "reason": (Reason, "slug"),
}
_PROMISES = (_("First response"), _("Next response"), _("Resolution"))


def _kind(kind: str) -> str:
    return str(kinds.get(kind).label) if kind else str(_("Other"))
