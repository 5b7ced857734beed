"""What a page, an export or the API asks for: a period, a part of the company, whose hours."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from accounts.models import Role, User
from kpi.models import DailyRollup
from kpi.rollups import LEVELS

Level = DailyRollup.Level
Ids = frozenset[int]

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Query:
    """Days from `since` to before `until`, by the shops' clocks; None is no limit."""

    since: date
    until: date
    shops: Ids | None = None
    channels: Ids | None = None
    teams: Ids | None = None
    agents: Ids | None = None
    reasons: Ids | None = None
    business: bool = True

    @property
    def days(self) -> int:
        return (self.until - self.since).days

    @property
    def previous(self) -> "Query":
        """The same question about the period of the same length just before."""
        return replace(self, since=self.since - (self.until - self.since), until=self.since)

    @property
    def limits(self) -> dict[str, Ids]:
        """The places that the question is limited to, by the column's name."""
        named = {
            "shop": self.shops,
            "channel": self.channels,
            "team": self.teams,
            "agent": self.agents,
            "reason": self.reasons,
        }
        return {name: ids for name, ids in named.items() if ids is not None}

    def level(self, *also: str) -> Level:
        """The coarsest level that keeps apart what is asked for."""
        wanted = {*self.limits, *also}
        return next(level for level, columns in LEVELS.items() if wanted <= columns)

    def matured(self, today: date) -> "Query":
        """Only the days whose solutions have stood for a week: FCR is not known before."""
        return replace(self, until=min(self.until, max(self.since, today - timedelta(days=7))))

    def before(self) -> "Query":
        """Everything before this period."""
        return replace(self, since=date(2000, 1, 1), until=self.since)

    def clock(self, metric: str) -> str:
        """The metric's name in the hours that are asked for."""
        return f"{metric}_business" if self.business else metric


def spans(since: date, until: date, *, months: bool) -> Iterator[tuple[bool, date, date]]:
    """The period as (whole months?, from, to): whole months where there are such, else days."""
    first = since if since.day == 1 else _next_month(since)
    last = until.replace(day=1)
    if not months or first >= last:
        yield False, since, until
        return
    yield True, first, last
    if since < first:
        yield False, since, first
    if last < until:
        yield False, last, until


def _next_month(day: date) -> date:
    return (day.replace(day=28) + 4 * _DAY).replace(day=1)


def within(query: Query, user: User, shops: Collection[int] | None = None) -> Query:
    """The part of the question that this user may ask, and a key for these shops alone.

    Managers and admins see all, supervisors their teams, agents what is their own.
    """
    if user.role == Role.SUPERVISOR:
        query = replace(query, teams=_both(query.teams, user.teams.values_list("pk", flat=True)))
    elif user.role == Role.AGENT:
        query = replace(query, agents=_both(query.agents, [user.pk]))
    return query if shops is None else replace(query, shops=_both(query.shops, shops))


def _both(asked: Ids | None, allowed: Collection[int]) -> Ids:
    """What is asked for of what is allowed."""
    return frozenset(allowed) if asked is None else asked & frozenset(allowed)
