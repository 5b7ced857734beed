"""The filters of the page and the API: from the words of an address to a `Query`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, User
from crm.models import Shop
from kpi.figures.query import Query, within
from tickets import kinds
from tickets.models import Channel, Reason

PERIODS = {
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "7": _("Last 7 days"),
    "30": _("Last 30 days"),
    "90": _("Last 90 days"),
    "365": _("Last 365 days"),
    "month": _("This month"),
    "last-month": _("Last month"),
}
STANDARD_PERIOD = "30"
_LONGEST_DAYS = 731
# There are no figures outside, and the periods before these are still dates.
_EARLIEST, _LATEST = date(1990, 1, 1), date(2200, 1, 1)


class Unknown(Exception):
    """A filter names what is not there, or not visible; the argument is the filter's name."""


def today() -> date:
    return timezone.localdate()


def is_period(since: date, until: date) -> bool:
    """Whether figures can be asked for from `since` to `until`, both included."""
    in_order = _EARLIEST <= since <= until < _LATEST
    return in_order and (until - since).days < _LONGEST_DAYS


def month_before(until: date) -> date:
    """The first of the 30 days that end with this one."""
    return until - timedelta(days=29) if until > _EARLIEST else until


def period(name: str) -> tuple[date, date]:
    """The days of a preset, today included, as [since, until)."""
    end = today() + timedelta(days=1)
    match name:
        case "today":
            return end - timedelta(days=1), end
        case "yesterday":
            return end - timedelta(days=2), end - timedelta(days=1)
        case "month":
            return today().replace(day=1), end
        case "last-month":
            first = today().replace(day=1)
            return (first - timedelta(days=1)).replace(day=1), first
        case _:
            return end - timedelta(days=int(name)), end


@dataclass(frozen=True)
class Choices:
    """What this user may choose from, with the ids that go into a query."""

    shops: list[Shop]
    kinds: list[tuple[str, str | Promise]]
    teams: list[Team]
    agents: list[User]
    reasons: list[Reason]


def shops_of(user: User, shops: Collection[int] | None) -> QuerySet[Shop]:
    served = Shop.objects.served_by(user)
    return served if shops is None else served.filter(pk__in=shops)


def teams_of(user: User) -> QuerySet[Team]:
    return Team.objects.all() if user.sees_all else user.teams.all()


def agents_of(user: User) -> QuerySet[User]:
    """Whose figures this user may ask for."""
    if user.sees_all:
        return User.objects.agents()
    if user.role == Role.SUPERVISOR:
        return User.objects.agents().filter(teams__in=user.teams.all()).distinct()
    return User.objects.agents().filter(pk=user.pk)


def choices(user: User) -> Choices:
    return Choices(
        shops=list(shops_of(user, None)),
        kinds=list(kinds.choices()),
        teams=list(teams_of(user)),
        agents=list(agents_of(user)),
        reasons=list(Reason.objects.filter(active=True)),
    )


def query(values: Mapping[str, Any], user: User, *, shops: Collection[int] | None = None) -> Query:
    """The question that `values` ask, cut to what the user and the key may see.

    `values`: from, to (dates, both included), shop, channel_kind, team, agent, reason, hours.
    Raises `Unknown`.
    """
    asked = Query(
        since=values["from"],
        until=values["to"] + timedelta(days=1),
        shops=_ids("shop", shops_of(user, shops), "slug", values),
        channels=_channels(values),
        teams=_ids("team", teams_of(user), "slug", values),
        agents=_ids("agent", agents_of(user), "email", values),
        reasons=_ids("reason", Reason.objects.all(), "slug", values),
        business=values.get("hours", "business") != "calendar",
    )
    return within(asked, user, shops)


def _ids(
    name: str, rows: "QuerySet[Any]", column: str, values: Mapping[str, Any]
) -> frozenset[int] | None:
    wanted = values.get(name)
    if not wanted:
        return None
    ids = frozenset(rows.filter(**{column: wanted}).values_list("pk", flat=True))
    if not ids:
        raise Unknown(name)
    return ids


def _channels(values: Mapping[str, Any]) -> frozenset[int] | None:
    kind = values.get("channel_kind")
    if not kind:
        return None
    return frozenset(Channel.objects.filter(kind=kind).values_list("pk", flat=True))
