"""What the events of one ticket tell: a pure fold, from which every figure is made.

Definitions: docs/kpi.md. A customer's turn is their messages until somebody answers; an answer is a
public message of a person. Mail that a machine wrote, bots, rules and notes answer nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

SOLVED = ("solved", "closed")
WAITING = ("pending", "on_hold")
PEOPLE = ("agent", "key")
# A message of the customer within so long after the solution means that it was none.
WINDOW = timedelta(days=7)
# In a chat or on the telephone: silence longer than this ends the session.
SESSION_GAP = timedelta(minutes=30)

KINDS = (
    "message.received",
    "message.sent",
    "message.cancelled",
    "ticket.created",
    "ticket.status_changed",
    "ticket.assigned",
    "ticket.team_changed",
    "ticket.reason_changed",
    "ticket.spam_changed",
    "ticket.customer_changed",
    "ticket.tags_changed",
    "ticket.handed_over",
    "ticket.linked",
    "ticket.merged",
    "ticket.absorbed",
    "ticket.split",
    "sla.breached",
)


class Row(NamedTuple):
    """An event as the fold reads it; the fields are those of `history.Event`."""

    id: int
    kind: str
    at: datetime
    ticket_id: int
    customer_id: int | None
    message_id: int | None
    shop_id: int
    channel_id: int
    team_id: int
    assignee_id: int | None
    actor_kind: str
    actor_id: int | None
    data: dict[str, Any]


class Moment(NamedTuple):
    """A point in time, and where the ticket was: its queue tells whose opening hours hold."""

    at: datetime
    shop: int
    channel: int
    team: int
    agent: int | None

    @classmethod
    def of(cls, row: Row, at: datetime | None = None, agent: int | None = None) -> "Moment":
        return cls(at or row.at, row.shop_id, row.channel_id, row.team_id, agent or row.assignee_id)


@dataclass
class Turn:
    """From the customer's first unanswered message to the answer, if there is one."""

    since: Moment
    answer: Moment | None = None
    # The ticket was solved without an answer to it.
    dropped: bool = False


@dataclass
class Solve:
    """One time that the ticket was solved, by whom, and what undid it."""

    at: Moment
    automatic: bool
    reopened_at: datetime | None = None
    by_customer: bool = False


@dataclass
class Story:
    """One ticket, as its events tell it. `shop` and `channel` are those it began with."""

    ticket: int
    created_at: datetime
    shop: int
    channel: int
    team: int
    customer: int | None
    agent: int | None = None
    reason: int | None = None
    spam: bool = False
    merged_into: int | None = None
    follows: int | None = None
    tags: set[int] = field(default_factory=set)
    status: str = "new"
    # The first message of the customer; a ticket without one is no contact.
    contact: Moment | None = None
    # Since when the customer waits for a person: the contact, or when a bot handed it over.
    human_since: Moment | None = None
    # A person wrote to the customer before the customer wrote to us.
    begun_by_us: bool = False
    first_reply: Moment | None = None
    last_reply: Moment | None = None
    replies: int = 0
    turns: list[Turn] = field(default_factory=list)
    solves: list[Solve] = field(default_factory=list)
    # Each stretch of `pending` or `on_hold`; the last one may be open.
    waits: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    # When the ticket began (+1) and ceased (-1) to need somebody.
    backlog: list[tuple[datetime, int]] = field(default_factory=list)
    # The public messages until the first solution, for the length of a live session.
    talk: list[datetime] = field(default_factory=list)
    _thanked: bool = False

    @property
    def open_turn(self) -> Turn | None:
        last = self.turns[-1] if self.turns else None
        return None if last is None or last.answer or last.dropped else last

    @property
    def solved(self) -> Solve | None:
        """The solution that holds now; None while the ticket is open."""
        last = self.solves[-1] if self.solves else None
        return None if last is None or last.reopened_at else last

    @property
    def reopened(self) -> bool:
        """Whether the customer came back within the window, with more than thanks."""
        return any(
            solve.by_customer and solve.reopened_at and solve.reopened_at - solve.at.at <= WINDOW
            for solve in self.solves
        )

    @property
    def one_session(self) -> bool:
        """Whether there was no long silence before the first solution."""
        times = [*self.talk, self.solves[0].at.at] if self.solves else self.talk
        return all(b - a <= SESSION_GAP for a, b in pairwise(times))

    def takes(self, row: Row) -> None:
        """Go on by one event."""
        self.team, self.agent, self.customer = row.team_id, row.assignee_id, row.customer_id
        data = row.data
        match row.kind:
            case "message.received" if not data["automatic"]:
                self._customer_wrote(row)
            case "message.sent" if _is_of_a_person(row):
                self._answered(row)
            case "ticket.handed_over" if self.first_reply is None:
                self.human_since = Moment.of(row)
            case "ticket.status_changed":
                self._status(row, data["old"], data["new"])
            case "ticket.reason_changed":
                self.reason = data["new"]
            case "ticket.spam_changed":
                self.spam = data["new"]
            case "ticket.tags_changed":
                self.tags = (self.tags | set(data["added"])) - set(data["removed"])
            case "ticket.linked" if data["link"] == "follow_up":
                self.follows = data["other"]
            case "ticket.merged":
                self.merged_into = data["other"]
            case "ticket.absorbed" if self.contact is None and data["since"]:
                self._split_off(Moment.of(row, at=datetime.fromisoformat(data["since"])))
            case "ticket.split" if self.open_turn and not data["since"]:
                # The question left with its message.
                self.turns.pop()

    def absorbs(self, other: "Story") -> None:
        """Another ticket was merged into this one: its customer waits here from now on."""
        theirs, ours = other.open_turn, self.open_turn
        if theirs is None:
            return
        if ours is None:
            self.turns.append(Turn(theirs.since))
        elif theirs.since.at < ours.since.at:
            ours.since = theirs.since
        self.contact = self.contact or theirs.since
        # A first answer that was given stays; one still owed is owed to whoever waits longest.
        if self.human_since is None or theirs.since.at < self.human_since.at:
            self.human_since = theirs.since if self.first_reply is None else self.human_since

    def _customer_wrote(self, row: Row) -> None:
        moment = Moment.of(row, at=datetime.fromisoformat(row.data["received_at"]))
        self._thanked = bool(row.data.get("thanks"))
        if self.contact is None:
            self.contact = self.human_since = moment
        if not self.solves:
            self.talk.append(moment.at)
        if self.solved and self.status not in SOLVED and not self._thanked:
            # Thanks had opened the ticket already; now there is more.
            self.solved.by_customer, self.solved.reopened_at = True, row.at
        # Thanks for an answer need none.
        if self.open_turn is None and not (self._thanked and self.replies):
            self.turns.append(Turn(moment))

    def _split_off(self, moment: Moment) -> None:
        """The ticket began with a message of another one, at whose time its customer wrote."""
        self.contact = self.human_since = moment
        self.turns.append(Turn(moment))
        self.talk.append(moment.at)

    def _answered(self, row: Row) -> None:
        who = row.actor_id if row.actor_kind == "agent" else None
        moment = Moment.of(row, agent=who)
        self.replies += 1
        self.last_reply = moment
        if self.contact is None:
            self.begun_by_us = True
        if self.open_turn:
            self.open_turn.answer = moment
        if not self.solves:
            self.talk.append(moment.at)
        self.first_reply = self.first_reply or moment

    def _status(self, row: Row, old: str, new: str) -> None:
        self.status = new
        if old in WAITING and self.waits and self.waits[-1][1] is None:
            self.waits[-1] = (self.waits[-1][0], row.at)
        if new in WAITING:
            self.waits.append((row.at, None))
        if old not in SOLVED and new in SOLVED:
            self.backlog.append((row.at, -1))
            self._solved(row)
        elif old in SOLVED and new not in SOLVED:
            self.backlog.append((row.at, 1))
            self._opened_again(row)

    def _solved(self, row: Row) -> None:
        # Solved again after mere thanks: the solution that there was still holds.
        if self.open_turn:
            self.open_turn.dropped = True
        if self.solved is None:
            automatic = row.actor_kind not in PEOPLE
            self.solves.append(Solve(Moment.of(row), automatic))

    def _opened_again(self, row: Row) -> None:
        by_customer = row.actor_kind == "customer"
        if self.solved and not (by_customer and self._thanked):
            self.solved.by_customer, self.solved.reopened_at = by_customer, row.at


def tell(rows: Sequence[Row], absorbed: Mapping[int, "Story"] | None = None) -> Story | None:
    """The story of one ticket from its events in order; None where none tells of its creation.

    `absorbed` are the tickets merged into it, by the id of the event that merged them.
    """
    story: Story | None = None
    merges = sorted((absorbed or {}).items())
    for row in _that_stand(rows):
        if story is None:
            if row.kind != "ticket.created":
                continue
            story = _begin(row)
        while merges and merges[0][0] < row.id:
            story.absorbs(merges.pop(0)[1])
        story.takes(row)
    if story:
        for _event, other in merges:
            story.absorbs(other)
    return story


def _begin(row: Row) -> Story:
    story = Story(
        ticket=row.ticket_id,
        created_at=row.at,
        shop=row.shop_id,
        channel=row.channel_id,
        team=row.team_id,
        customer=row.customer_id,
        status=row.data["status"],
    )
    if story.status not in SOLVED:
        story.backlog.append((row.at, 1))
    return story


def _is_of_a_person(row: Row) -> bool:
    """Whether somebody pressed "send": an agent, or an agent through a shop's own system."""
    return row.actor_kind in PEOPLE and not row.data["automatic"]


def _that_stand(rows: Sequence[Row]) -> list[Row]:
    """The events without the answers that were taken back, and without what those had changed."""
    taken_back = {row.message_id: row for row in rows if row.kind == "message.cancelled"}
    if not taken_back:
        return list(rows)
    undone: set[int] = set()
    for place, row in enumerate(rows):
        if row.kind == "message.sent" and row.message_id in taken_back:
            undone |= _undone_with(rows[place:], taken_back[row.message_id])
    return [row for row in rows if row.id not in undone]


def _undone_with(rows: Sequence[Row], cancelled: Row) -> set[int]:
    """The ids of an answer (the first row) and of the changes of status that went with it."""
    ids = [row.id for row in rows]
    end = ids.index(cancelled.id) + 1
    changes = [row for row in rows[: end + 1] if row.kind == "ticket.status_changed"]
    whole = bool(changes) and changes[0].data["old"] == changes[-1].data["new"]
    return {rows[0].id, *((row.id for row in changes) if whole else ())}
