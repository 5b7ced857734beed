"""From a ticket's story to what it adds to the figures of a day."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kpi import sketch
from kpi.story import WINDOW, Moment, Story
from tickets.sla.calendar import WorkingHours

Hours = Callable[[Moment], WorkingHours | None]


class Cell(NamedTuple):
    """A value of one day, of the team and agent it is due to; `key` is its histogram's."""

    metric: str
    day: date
    team: int
    agent: int | None
    number: int = 1
    value: int = 0
    key: int | None = None


def packed(cells: Iterable[Cell]) -> list[list[object]]:
    """Cells as a row keeps them, in JSON's types."""
    return [[cell.metric, cell.day.isoformat(), *cell[2:]] for cell in cells]


def unpacked(rows: Iterable[Sequence[Any]]) -> list[Cell]:
    return [Cell(row[0], date.fromisoformat(row[1]), *row[2:]) for row in rows]


class Verdict(NamedTuple):
    """A promise that was kept or broken, and when that was settled."""

    metric: str
    started_at: datetime
    at: datetime
    kept: bool


@dataclass(frozen=True)
class Place:
    """What the figures need to know of where the ticket was."""

    zone: ZoneInfo
    # Chat or telephone: customer and agent are there at the same time.
    live: bool
    hours: Hours

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def calendar_seconds(self, start: datetime, end: datetime) -> int:
        """Never below zero: mail may arrive after the answer to what followed it."""
        return max(0, round((end - start).total_seconds()))

    def business_seconds(
        self, start: Moment, end: datetime, since: datetime | None = None
    ) -> int | None:
        """Open time by the calendar of the queue at the start; None if it has no hours.

        `since` leaves out what lies before it.
        """
        hours = self.hours(start)
        if hours is None:
            return None
        return round(hours.between(since or start.at, end).total_seconds())


class Duration(NamedTuple):
    calendar: int
    business: int | None

    def less(self, other: "Duration") -> "Duration":
        if self.business is None or other.business is None:
            return Duration(self.calendar - other.calendar, None)
        return Duration(self.calendar - other.calendar, self.business - other.business)


@dataclass(frozen=True)
class Durations:
    """The times that one ticket took; None where they are not over, or never began."""

    frt: Duration | None
    frt_total: Duration | None
    nrt: Sequence[Duration]
    art_first: Duration | None
    art: Duration | None
    net: Duration | None


def durations(story: Story, place: Place) -> Durations:
    def between(start: Moment | None, end: Moment | None) -> Duration | None:
        return None if start is None or end is None else _lasted(place, start, end.at)

    first = story.solves[0].at if story.solves else None
    last = story.solved.at if story.solved else None
    art = between(story.contact, last)
    return Durations(
        frt=None if story.begun_by_us else between(story.human_since, story.first_reply),
        frt_total=None if story.begun_by_us else between(story.contact, story.first_reply),
        nrt=[_lasted(place, turn.since, turn.answer.at) for turn in story.turns if turn.answer],
        art_first=between(story.contact, first),
        art=art,
        net=_without_waits(story, place, art),
    )


def _lasted(place: Place, start: Moment, end: datetime, since: datetime | None = None) -> Duration:
    return Duration(
        place.calendar_seconds(since or start.at, end), place.business_seconds(start, end, since)
    )


def _without_waits(story: Story, place: Place, art: Duration | None) -> Duration | None:
    """The time of the resolution in which we were to act."""
    if art is None or story.contact is None or story.solved is None:
        return None
    for since, until in story.waits:
        begin = max(since, story.contact.at)
        end = min(until or story.solved.at.at, story.solved.at.at)
        if begin < end:
            art = art.less(_lasted(place, story.contact, end, begin))
    return art


def fcr(story: Story, place: Place) -> bool | None:
    """Whether the first solution took one contact, as far as this ticket tells; None if unsolved.

    One turn of the customer that needed an answer, or one live session; and the customer did not
    come back within the window.
    """
    if not story.solves or story.contact is None:
        return None
    solved_at = story.solves[0].at.at
    turns = sum(turn.since.at <= solved_at for turn in story.turns)
    came_back = any(
        solve.by_customer and solve.reopened_at and solve.reopened_at <= solved_at + WINDOW
        for solve in story.solves
    )
    return not came_back and (turns <= 1 or (place.live and story.one_session))


def cells(
    story: Story, place: Place, took: Durations, verdicts: Sequence[Verdict], *, repeated: bool
) -> Iterator[Cell]:
    """All that a ticket adds to the figures, each due to the day on which it came to its end."""
    if story.contact is None:
        return
    yield from _volume(story, place, story.contact)
    yield from _responses(story, place, took)
    yield from _solution(story, place, took, repeated=repeated)
    yield from _promises(story, place, verdicts)


def _volume(story: Story, place: Place, contact: Moment) -> Iterator[Cell]:
    local = contact.at.astimezone(place.zone)
    hour = local.weekday() * 24 + local.hour
    yield Cell("contacts", local.date(), story.team, story.agent, key=hour)
    days: dict[date, int] = {}
    for at, change in story.backlog:
        days[place.day(at)] = days.get(place.day(at), 0) + change
    for day, change in days.items():
        if change:
            yield Cell("backlog", day, story.team, story.agent, number=change)


def _responses(story: Story, place: Place, took: Durations) -> Iterator[Cell]:
    if took.frt and story.first_reply:
        yield from _duration("frt", place, story.first_reply, took.frt)
    answers = [turn.answer for turn in story.turns if turn.answer]
    for answer, lasted in zip(answers, took.nrt, strict=True):
        yield from _duration("nrt", place, answer, lasted)


def _solution(story: Story, place: Place, took: Durations, *, repeated: bool) -> Iterator[Cell]:
    if not story.solves:
        return
    first = _due_to(story, story.solves[0].at)
    day = place.day(first.at)
    for metric, holds in (
        ("fcr", fcr(story, place) and not repeated),
        ("reopened", story.reopened),
        ("one_touch", story.replies == 1),
        ("no_reply", story.replies == 0),
        ("auto_solved", story.solves[-1].automatic),
    ):
        yield Cell(metric, day, first.team, first.agent, value=int(bool(holds)))
    if took.art_first:
        yield from _duration("art_first", place, first, took.art_first)
    if story.solved and took.art and took.net:
        last = _due_to(story, story.solved.at)
        yield from _duration("art", place, last, took.art)
        yield from _duration("net", place, last, took.net)


def _due_to(story: Story, solved: Moment) -> Moment:
    """A solution is due to who had the ticket then, else to who wrote last."""
    writer = story.last_reply.agent if story.last_reply else None
    return solved._replace(agent=solved.agent or writer)


def _duration(metric: str, place: Place, end: Moment, lasted: Duration) -> Iterator[Cell]:
    day = place.day(end.at)
    for name, seconds in ((metric, lasted.calendar), (f"{metric}_business", lasted.business)):
        if seconds is not None:
            key = sketch.bucket(seconds)
            yield Cell(name, day, end.team, end.agent, value=seconds, key=key)


def _promises(story: Story, place: Place, verdicts: Sequence[Verdict]) -> Iterator[Cell]:
    for verdict in verdicts:
        team, agent = _kept_by(story, verdict)
        day = place.day(verdict.at)
        yield Cell(f"sla_{verdict.metric}", day, team, agent, value=int(verdict.kept))


def _kept_by(story: Story, verdict: Verdict) -> tuple[int, int | None]:
    """Who answered or solved what was promised; while nobody has, who has the ticket."""
    moments: Sequence[Moment | None] = ()
    match verdict.metric:
        case "first_response":
            moments = [story.first_reply]
        case "next_response":
            moments = [turn.answer for turn in story.turns if turn.since.at >= verdict.started_at]
        case "resolution":
            moments = [solve.at for solve in story.solves]
    found = next((moment for moment in moments if moment), None)
    return (found.team, found.agent) if found else (story.team, story.agent)
