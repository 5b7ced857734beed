"""The figures computed slowly and plainly from events, by the words of contracts/kpi.md alone.

Knows nothing of `kpi`: no state is kept from event to event, each question is asked of the whole
history of a ticket. What both say alike has been said twice.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays

WEEK = timedelta(days=7)
DONE = {"solved", "closed"}


class Value(NamedTuple):
    metric: str
    day: date
    shop: int
    channel: int
    team: int
    agent: int
    reason: int
    number: int
    value: int


class Shop(NamedTuple):
    zone: ZoneInfo
    live_channels: set[int]


class Message(NamedTuple):
    at: datetime
    place: float  # in the ticket's list of events, between two for what was merged in
    event: Any


class Ticket:
    """One ticket's events, with the questions that the definitions ask of them."""

    def __init__(self, events: list[Any], absorbed: "list[tuple[int, Ticket]]") -> None:
        self.events = _without_taken_back(events)
        self.absorbed = absorbed
        self.first, self.last = self.events[0], self.events[-1]
        self.id = self.first.ticket_id

    def of(self, kind: str) -> list[tuple[int, Any]]:
        return [(n, event) for n, event in enumerate(self.events) if event.kind == kind]

    def customers(self) -> list[Message]:
        return [
            Message(datetime.fromisoformat(event.data["received_at"]), n, event)
            for n, event in self.of("message.received")
            if not event.data["automatic"]
        ]

    def people(self) -> list[Message]:
        return [
            Message(event.at, n, event)
            for n, event in self.of("message.sent")
            if event.actor_kind in {"agent", "key"} and not event.data["automatic"]
        ]

    def statuses(self) -> list[tuple[int, Any]]:
        return self.of("ticket.status_changed")

    def final(self, kind: str) -> Any:
        changes = self.of(kind)
        return changes[-1][1].data["new"] if changes else None

    def is_out(self, test_tag: int | None) -> bool:
        tags = [event for _n, event in self.of("ticket.tags_changed")]
        tested = False
        for event in tags:
            tested = test_tag in event.data["added"] or (
                tested and test_tag not in event.data["removed"]
            )
        return bool(
            self.final("ticket.spam_changed")
            or self.of("ticket.merged")
            or tested
            or self.contact() is None
        )

    # Where and when

    def contact(self) -> Message | None:
        own = self.customers()
        lent = [turn for place, other in self._joined() if (turn := other.unanswered_at_the_end())]
        joined = [
            Message(turn.at, self._place_of(n), turn.event)
            for (n, _o), turn in zip(
                [(n, o) for n, o in self._joined() if o.unanswered_at_the_end()], lent, strict=True
            )
        ]
        by_place = sorted([*own, *joined], key=lambda message: message.place)
        return by_place[0] if by_place else None

    def _joined(self) -> "list[tuple[int, Ticket]]":
        return sorted(self.absorbed, key=lambda pair: pair[0])

    def _place_of(self, event_id: int) -> float:
        """Where an event of another ticket stands among this one's."""
        before: int = sum(event.pk < event_id for event in self.events)
        return before - 0.5

    def begun_by_us(self) -> bool:
        contact, people = self.contact(), self.people()
        return bool(people) and (contact is None or people[0].place < contact.place)

    # Turns

    def turns(self) -> list[tuple[Message, Message | None, bool]]:
        """(first unanswered message, answer, whether the ticket was solved without one)"""
        people = {message.place: message for message in self.people()}
        customers = {message.place: message for message in self.customers()}
        solved: set[float] = {n for n, event in self.statuses() if _solves(event)}
        lent = defaultdict(list)
        for event_id, other in self._joined():
            if turn := other.unanswered_at_the_end():
                lent[self._place_of(event_id)].append(turn)
        turns: list[tuple[Message, Message | None, bool]] = []
        waits: Message | None = None
        replies = 0
        for place in sorted({*people, *customers, *solved, *lent}):
            if place in lent:
                earliest = min(lent[place], key=lambda turn: turn.at)
                if waits is None or earliest.at < waits.at:
                    waits = earliest
            elif place in customers:
                is_thanks = customers[place].event.data.get("thanks") and replies
                waits = waits or (None if is_thanks else customers[place])
            elif place in people:
                replies += 1
                if waits:
                    turns.append((waits, people[place], False))
                waits = None
            elif place in solved:
                if waits:
                    turns.append((waits, None, True))
                waits = None
        return [*turns, (waits, None, False)] if waits else turns

    def unanswered_at_the_end(self) -> Message | None:
        turns = self.turns()
        return turns[-1][0] if turns and not turns[-1][1] and not turns[-1][2] else None

    # Solutions

    def solutions(self) -> list[dict[str, Any]]:
        """Each solution with what undid it; one after mere thanks is the one before."""
        found: list[dict[str, Any]] = []
        for n, event in enumerate(self.events):
            holds = bool(found) and found[-1]["undone"] is None
            if event.kind == "ticket.status_changed":
                if _solves(event) and not holds:
                    found.append({"event": event, "undone": None, "by_customer": False})
                elif _opens(event) and holds:
                    by_customer = event.actor_kind == "customer"
                    if not (by_customer and self._thanks_before(n)):
                        found[-1] |= {"undone": event.at, "by_customer": by_customer}
            elif (
                holds
                and event.kind == "message.received"
                and not event.data["automatic"]
                and not event.data.get("thanks")
                and self._status_before(n) not in DONE
            ):
                found[-1] |= {"undone": event.at, "by_customer": True}
        return found

    def _thanks_before(self, place: int) -> bool:
        before = [message for message in self.customers() if message.place < place]
        return bool(before) and bool(before[-1].event.data.get("thanks"))

    def _status_before(self, place: int) -> str:
        changes = [event for n, event in self.statuses() if n < place]
        return str(changes[-1].data["new"] if changes else self.first.data["status"])

    def is_one_session(self) -> bool:
        end = self.solutions()[0]["event"]
        place = self.events.index(end)
        said = [
            m.at
            for m in sorted([*self.customers(), *self.people()], key=lambda m: m.place)
            if m.place < place
        ]
        times = [*said, end.at]
        return all(b - a <= timedelta(minutes=30) for a, b in pairwise(times))


def _solves(event: Any) -> bool:
    return event.data["old"] not in DONE and event.data["new"] in DONE


def _opens(event: Any) -> bool:
    return event.data["old"] in DONE and event.data["new"] not in DONE


def _without_taken_back(events: list[Any]) -> list[Any]:
    """An answer that was taken back was never given."""
    kept = list(events)
    for cancelled in [event for event in events if event.kind == "message.cancelled"]:
        sent = next(
            event
            for event in events
            if event.kind == "message.sent" and event.message_id == cancelled.message_id
        )
        start, end = events.index(sent), events.index(cancelled)
        after = [e for e in events[start : end + 2] if e.kind == "ticket.status_changed"]
        restored = bool(after) and after[0].data["old"] == after[-1].data["new"]
        gone = [sent, *(after if restored else [])]
        kept = [event for event in kept if event not in gone]
    return kept


class Company:
    """All tickets, with the opening hours: Monday to Friday 8-16, Polish holidays, Warsaw."""

    def __init__(
        self,
        events: list[Any],
        merged: dict[int, int],
        shops: dict[int, Shop],
        test_tag: int | None,
    ) -> None:
        by_ticket = defaultdict(list)
        for event in events:
            by_ticket[event.ticket_id].append(event)
        self.by_ticket, self.merged, self.shops = by_ticket, merged, shops
        self.tickets = [self._ticket(ticket_id) for ticket_id in by_ticket]
        self.counted = [ticket for ticket in self.tickets if not ticket.is_out(test_tag)]

    def _ticket(self, ticket_id: int) -> Ticket:
        absorbed = [
            (
                next(e.pk for e in self.by_ticket[child] if e.kind == "ticket.merged"),
                self._ticket(child),
            )
            for child, parent in self.merged.items()
            if parent == ticket_id and child in self.by_ticket
        ]
        return Ticket(self.by_ticket[ticket_id], absorbed)

    def values(self) -> list[Value]:
        """Every value of every figure, due to its day, team and agent."""
        return [value for ticket in self.counted for value in self._of(ticket)]

    def _of(self, ticket: Ticket) -> list[Value]:
        shop = self.shops[ticket.first.shop_id]
        values: list[Value] = []

        def note(metric: str, at: datetime, team: int, agent: int | None, value: int = 0) -> None:
            values.append(
                Value(
                    metric,
                    at.astimezone(shop.zone).date(),
                    ticket.first.shop_id,
                    ticket.first.channel_id,
                    team,
                    agent or 0,
                    ticket.final("ticket.reason_changed") or 0,
                    1,
                    value,
                )
            )

        def note_time(
            metric: str, start: datetime, end: datetime, team: int, agent: int | None
        ) -> None:
            note(metric, end, team, agent, max(0, round((end - start).total_seconds())))
            note(f"{metric}_business", end, team, agent, round(business(start, end)))

        contact, people = ticket.contact(), ticket.people()
        assert contact
        note("contacts", contact.at, ticket.last.team_id, ticket.last.assignee_id)

        if people and not ticket.begun_by_us():
            start = self._human_start(ticket, contact, people[0])
            note_time("frt", start, people[0].at, people[0].event.team_id, _writer(people[0]))
        for since, answer, _dropped in ticket.turns():
            if answer:
                note_time("nrt", since.at, answer.at, answer.event.team_id, _writer(answer))

        solutions = ticket.solutions()
        if solutions:
            first = solutions[0]["event"]
            agent = first.assignee_id or (_writer(people[-1]) if people else None)
            reopened = any(
                s["by_customer"] and s["undone"] - s["event"].at <= WEEK for s in solutions
            )
            for metric, holds in (
                ("reopened", reopened),
                ("one_touch", len(people) == 1),
                ("no_reply", not people),
                ("auto_solved", solutions[-1]["event"].actor_kind not in {"agent", "key"}),
                ("fcr", self._is_fcr(ticket)),
            ):
                note(metric, first.at, first.team_id, agent, int(holds))
            note_time("art_first", contact.at, first.at, first.team_id, agent)
            last = solutions[-1]["event"]
            if solutions[-1]["undone"] is None:
                agent = last.assignee_id or (_writer(people[-1]) if people else None)
                note_time("art", contact.at, last.at, last.team_id, agent)
                waits = self._waits(ticket, contact.at, last.at)
                calendar = max(0, round((last.at - contact.at).total_seconds()))
                office = round(business(contact.at, last.at))
                for start, end in waits:
                    calendar -= round((end - start).total_seconds())
                    office -= round(business(start, end))
                note("net", last.at, last.team_id, agent, calendar)
                note("net_business", last.at, last.team_id, agent, office)
        return values

    def _human_start(self, ticket: Ticket, contact: Message, reply: Message) -> datetime:
        """When the customer began to wait for a person."""
        starts: list[tuple[float, datetime]] = [(contact.place, contact.at)]
        handed = [(n, e.at) for n, e in ticket.of("ticket.handed_over") if n < reply.place]
        starts += handed[-1:]
        for event_id, other in ticket._joined():
            turn, place = other.unanswered_at_the_end(), ticket._place_of(event_id)
            if turn and place < reply.place:
                starts.append((place, turn.at))
        starts.sort()
        now: datetime | None = None
        for place, at in starts:
            is_merge = isinstance(place, float)
            now = at if now is None or not is_merge else min(now, at)
        assert now
        return now

    def _waits(
        self, ticket: Ticket, start: datetime, end: datetime
    ) -> list[tuple[datetime, datetime]]:
        found = []
        changes = ticket.statuses()
        for place, (_n, event) in enumerate(changes):
            if event.data["new"] in {"pending", "on_hold"}:
                until = changes[place + 1][1].at if place + 1 < len(changes) else end
                since, until = max(event.at, start), min(until, end)
                if since < until:
                    found.append((since, until))
        return found

    def _is_fcr(self, ticket: Ticket) -> bool:
        solved = ticket.solutions()[0]["event"]
        came_back = any(
            s["by_customer"] and s["undone"] <= solved.at + WEEK for s in ticket.solutions()
        )
        turns = [since for since, _answer, _dropped in ticket.turns() if since.at <= solved.at]
        live = ticket.first.channel_id in self.shops[ticket.first.shop_id].live_channels
        enough = len(turns) <= 1 or (live and ticket.is_one_session())
        return enough and not came_back and not self._is_repeated(ticket, solved.at)

    def _is_repeated(self, ticket: Ticket, solved_at: datetime) -> bool:
        reason = ticket.final("ticket.reason_changed")
        for other in self.counted:
            contact = other.contact()
            assert contact
            follows = {e.data["other"] for _n, e in other.of("ticket.linked")}
            same = (reason and other.final("ticket.reason_changed") == reason) or (
                ticket.id in follows
            )
            if (
                other is not ticket
                and other.last.customer_id == ticket.last.customer_id
                and solved_at < contact.at <= solved_at + WEEK
                and same
            ):
                return True
        return False

    def backlog(self, at: datetime, shop_id: int) -> int:
        """How many counted tickets of the shop were neither solved nor closed at that moment."""
        count = 0
        for ticket in self.counted:
            if ticket.first.at >= at or ticket.first.shop_id != shop_id:
                continue
            changes = [e.data["new"] for _n, e in ticket.statuses() if e.at < at]
            status = changes[-1] if changes else ticket.first.data["status"]
            count += status not in DONE
        return count


def _writer(message: Message) -> int | None:
    """Who wrote it; with a key, whoever had the ticket."""
    event = message.event
    writer: int | None = event.actor_id if event.actor_kind == "agent" else event.assignee_id
    return writer


_POLISH: dict[int, Any] = {}


def business(start: datetime, end: datetime) -> float:
    """Seconds of [start, end) inside the opening hours, day by day in UTC."""
    zone, total = ZoneInfo("Europe/Warsaw"), 0.0
    day = start.astimezone(zone).date()
    while day <= end.astimezone(zone).date():
        year = _POLISH.setdefault(day.year, holidays.country_holidays("PL", years=day.year))
        if day.weekday() < 5 and day not in year:
            opens = datetime.combine(day, time(8), zone).astimezone(UTC)
            closes = datetime.combine(day, time(16), zone).astimezone(UTC)
            total += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
        day += timedelta(days=1)
    return total
