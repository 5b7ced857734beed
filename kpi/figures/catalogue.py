"""The figures: what each is called, how it is made of totals, and its exact definition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kpi.figures.query import Query
from kpi.figures.rolled import Totals

# With fewer values a percentage says nothing.
FEWEST = 5
SLA = ("sla_first_response", "sla_next_response", "sla_resolution")
TIMES = ("frt", "nrt", "art")


class Unit(Enum):
    SECONDS = "seconds"
    PERCENT = "percent"
    POINTS = "points"
    COUNT = "count"


@dataclass(frozen=True)
class Figure:
    """One number of the page. `metrics` are the roll-ups' names that it counts."""

    key: str
    label: str | Promise
    unit: Unit
    definition: str | Promise
    value: Callable[[Totals, Query], float | None]
    metrics: Sequence[str]
    # -1: less is better, 1: more is better, 0: neither.
    better: int = 0
    # Kept twice, by the calendar and in opening hours.
    timed: bool = False

    def names(self, query: Query) -> list[str]:
        """The roll-ups' names of its metrics, in the hours that are asked for."""
        return [query.clock(name) if self.timed else name for name in self.metrics]

    def n(self, totals: Totals, query: Query) -> int:
        return totals.count(*self.names(query))


def _median(metric: str) -> Callable[[Totals, Query], float | None]:
    return lambda totals, query: totals.quantile(query.clock(metric), 0.5)


def _share(*metrics: str) -> Callable[[Totals, Query], float | None]:
    def share(totals: Totals, query: Query) -> float | None:
        return totals.share(*metrics) if totals.count(*metrics) >= FEWEST else None

    return share


def _contacts(totals: Totals, query: Query) -> float | None:
    return totals.count("contacts")


def _csat(totals: Totals, query: Query) -> float | None:
    return totals.scores("csat", (4, 5)) if totals.count("csat") >= FEWEST else None


def _ces(totals: Totals, query: Query) -> float | None:
    return totals.mean("ces") if totals.count("ces") >= FEWEST else None


def _nps(totals: Totals, query: Query) -> float | None:
    if totals.count("nps") < FEWEST:
        return None
    promoters, detractors = totals.scores("nps", (9, 10)), totals.scores("nps", range(7))
    return (promoters or 0.0) - (detractors or 0.0)


FIGURES = (
    Figure(
        "frt",
        _("First response"),
        Unit.SECONDS,
        _(
            "Median time from the customer's first message (after a bot: from the hand-over) to "
            "the first public answer of a person. Automatic answers, bots and notes do not count. "
            "On the day of the answer, for whoever gave it."
        ),
        _median("frt"),
        ["frt"],
        better=-1,
        timed=True,
    ),
    Figure(
        "nrt",
        _("Next response"),
        Unit.SECONDS,
        _(
            "Median time from the first unanswered message of each of the customer's turns to the "
            "answer to it. Several messages in a row are one turn; thanks for an answer are none."
        ),
        _median("nrt"),
        ["nrt"],
        better=-1,
        timed=True,
    ),
    Figure(
        "art",
        _("Resolution"),
        Unit.SECONDS,
        _(
            "Median time from the customer's first message to the last solution, while it holds. "
            "On the day of the solution, for whoever had the ticket then."
        ),
        _median("art"),
        ["art"],
        better=-1,
        timed=True,
    ),
    Figure(
        "fcr",
        _("Solved at first contact"),
        Unit.PERCENT,
        _(
            "Tickets solved with one turn of the customer (in a chat or call: in one session), "
            "without their coming back within 7 days, of all tickets solved. Shown for solutions "
            "that are 7 days old."
        ),
        _share("fcr"),
        ["fcr"],
        better=1,
    ),
    Figure(
        "csat",
        _("Satisfaction (CSAT)"),
        Unit.PERCENT,
        _("Scores 4 and 5 of all scores from 1 to 5, on the day of the answer."),
        _csat,
        ["csat"],
        better=1,
    ),
    Figure(
        "nps",
        _("Recommendation (NPS)"),
        Unit.POINTS,
        _("Share of scores 9 and 10 less the share of 0 to 6; from -100 to 100."),
        _nps,
        ["nps"],
        better=1,
    ),
    Figure(
        "sla",
        _("Promises kept (SLA)"),
        Unit.PERCENT,
        _(
            "Promises kept of all kept or broken: first response, next response, resolution. A "
            "promise counts as broken from the moment it breaks; what ended without a verdict "
            "(spam, merged) is left out."
        ),
        _share(*SLA),
        SLA,
        better=1,
    ),
    Figure(
        "contacts",
        _("Contacts"),
        Unit.COUNT,
        _(
            "Tickets in which a customer wrote, on the day of their first message. Automatic mail, "
            "spam and merged tickets are left out."
        ),
        _contacts,
        ["contacts"],
    ),
    Figure(
        "reopened",
        _("Reopened"),
        Unit.PERCENT,
        _(
            "Tickets to which the customer came back within 7 days of the solution, with more than "
            "thanks, of all tickets solved; on the day of the first solution."
        ),
        _share("reopened"),
        ["reopened"],
        better=-1,
    ),
    Figure(
        "one_touch",
        _("One answer was enough"),
        Unit.PERCENT,
        _("Tickets solved with exactly one answer, of all tickets solved."),
        _share("one_touch"),
        ["one_touch"],
        better=1,
    ),
    Figure(
        "no_reply",
        _("Solved without an answer"),
        Unit.PERCENT,
        _("Tickets solved without any answer of a person, of all tickets solved."),
        _share("no_reply"),
        ["no_reply"],
        better=-1,
    ),
    Figure(
        "ces",
        _("Effort (CES)"),
        Unit.POINTS,
        _("Mean of the scores from 1 to 7."),
        _ces,
        ["ces"],
        better=1,
    ),
)
BY_KEY = {figure.key: figure for figure in FIGURES}

BACKLOG_DEFINITION = _(
    "Tickets neither solved nor closed at the end of the period; what no customer has written in, "
    "spam and merged tickets are left out."
)
CHURN_DEFINITION = _(
    "Customers with an order in the 90 days before the last 90 who have not ordered in the last 90 "
    "days, of all customers of those days. Cancelled orders do not count."
)
