"""The clocks of one ticket as a function of its events and of what was promised; no queries.

The same code follows events as they happen and computes everything again from the log, so that
both give the same rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from history.models import Event
from tickets.models.ticket import Ticket
from tickets.sla.calendar import NeverOpen, WorkingHours
from tickets.sla.models import CalendarVersion, PolicyVersion, Target

_DONE = {Ticket.Status.SOLVED, Ticket.Status.CLOSED}
_OPEN = {Target.State.RUNNING, Target.State.PAUSED}

# Events that move clocks, and those after which another policy may hold.
KINDS = (
    "message.received",
    "message.sent",
    "message.cancelled",
    "ticket.status_changed",
    "ticket.spam_changed",
    "ticket.merged",
    "ticket.absorbed",
    "ticket.merge_undone",
    "ticket.split",
)


@dataclass(frozen=True)
class Terms:
    """By what a clock runs."""

    policy: PolicyVersion
    calendar: CalendarVersion

    @property
    def hours(self) -> WorkingHours:
        return hours_of(self.policy, self.calendar)


# Says what is promised for a metric from this moment on; None for nothing.
Choose = Callable[[Target.Metric, datetime], Terms | None]


def hours_of(policy: PolicyVersion, calendar: CalendarVersion) -> WorkingHours:
    hours = WorkingHours.of(calendar)
    return hours.round_the_clock() if policy.round_the_clock else hours


@dataclass
class Clocks:
    """The clocks of one ticket, oldest first. `answered`: a person has written to the customer."""

    ticket: Ticket
    choose: Choose
    targets: list[Target] = field(default_factory=list)
    answered: bool = False
    changed: list[Target] = field(default_factory=list)
    # Those that broke unseen before this event came.
    broken: list[Target] = field(default_factory=list)

    def follow(self, event: Event) -> None:
        """Start, pause, resume and stop clocks."""
        data = event.data
        match event.kind:
            case "message.received" if not data["automatic"]:
                self._customer_wrote(datetime.fromisoformat(data["received_at"]), event.at)
            case "message.sent" if not data["automatic"]:
                self.answered = True
                self._stop(event.at, Target.Metric.FIRST_RESPONSE, Target.Metric.NEXT_RESPONSE)
            case "message.cancelled":
                self._run_on(datetime.fromisoformat(data["sent_at"]))
            case "ticket.status_changed":
                self._status_changed(data["old"], data["new"], event.at)
            case "ticket.spam_changed":
                if data["new"]:
                    self._set_aside(event.at)
                else:
                    self._take_up(event.at)
            case "ticket.merged":
                self._end(event.at)
            case "ticket.split" if not data["since"]:
                self._end(event.at, Target.Metric.FIRST_RESPONSE, Target.Metric.NEXT_RESPONSE)
            case "ticket.absorbed" | "ticket.merge_undone" if data["since"]:
                self._customer_wrote(datetime.fromisoformat(data["since"]), event.at)

    def open(self, *metrics: Target.Metric) -> list[Target]:
        return [
            target
            for target in self.targets
            if target.state in _OPEN and (not metrics or target.metric in metrics)
        ]

    def _newest(self, metric: Target.Metric) -> Target | None:
        return next((row for row in reversed(self.targets) if row.metric == metric), None)

    def _customer_wrote(self, received_at: datetime, at: datetime) -> None:
        first = self._newest(Target.Metric.FIRST_RESPONSE)
        if first is None and not self.answered:
            self._start(Target.Metric.FIRST_RESPONSE, received_at)
        elif not self.open(Target.Metric.FIRST_RESPONSE, Target.Metric.NEXT_RESPONSE):
            self._start(Target.Metric.NEXT_RESPONSE, received_at)
        if self._newest(Target.Metric.RESOLUTION) is None:
            self._start(Target.Metric.RESOLUTION, received_at)

    def _start(self, metric: Target.Metric, at: datetime) -> None:
        terms = self.choose(metric, at)
        promised = terms.policy.promised(metric) if terms else None
        if terms is None or promised is None:
            return
        due_at = _later(terms.hours, at, promised)
        if due_at is None:
            # Whoever never works promises nothing; the customer's message counts all the same.
            return
        target = Target(
            ticket=self.ticket,
            metric=metric,
            policy=terms.policy,
            calendar=terms.calendar,
            started_at=at,
            due_at=due_at,
        )
        target.next_at = next_step_at(target, at)
        self.targets.append(target)
        self._changed(target)

    def _status_changed(self, old: str, new: str, at: datetime) -> None:
        if new in _DONE:
            self._stop(at, Target.Metric.RESOLUTION)
            self._end(at)
            return
        if old in _DONE:
            self._reopened(at)
        for target in self.open():
            pauses = target.policy.pauses
            if new in pauses and target.state == Target.State.RUNNING:
                self._pause(target, at)
            elif new not in pauses and target.state == Target.State.PAUSED:
                self._resume(target, target.paused_at or at, at)

    def _reopened(self, at: datetime) -> None:
        """The promise to resolve holds on, without a second chance; or again, if so agreed."""
        target = self._newest(Target.Metric.RESOLUTION)
        if target is None or target.met_at is None:
            return
        if target.policy.restarts:
            self._start(Target.Metric.RESOLUTION, at)
        else:
            self._resume(target, target.met_at, at)

    def _pause(self, target: Target, at: datetime) -> None:
        self._pass(target, at)
        target.state, target.paused_at, target.next_at = Target.State.PAUSED, at, None
        self._changed(target)

    def _resume(self, target: Target, stopped_at: datetime, at: datetime) -> None:
        """The open time that was left when the clock stopped is left now."""
        hours = hours_of(target.policy, target.calendar)
        if target.due_at > stopped_at:
            left = hours.between(stopped_at, target.due_at)
            target.due_at = _later(hours, at, left) or target.due_at
        target.state, target.paused_at, target.met_at = Target.State.RUNNING, None, None
        target.next_at = next_step_at(target, at)
        self._changed(target)

    def _stop(self, at: datetime, *metrics: Target.Metric) -> None:
        for target in self.open(*metrics):
            self._pass(target, at)
            late = target.breached_at is not None
            target.state = Target.State.BREACHED if late else Target.State.MET
            target.met_at, target.paused_at, target.next_at = at, None, None
            self._changed(target)

    def _run_on(self, sent_at: datetime) -> None:
        """An answer was taken back: the clocks that it stopped, and what came with it, run on."""
        for target in self.targets:
            if target.met_at is not None and target.met_at >= sent_at:
                target.state, target.met_at = Target.State.RUNNING, None
                target.next_at = next_step_at(target, sent_at)
                self._changed(target)

    def _end(self, at: datetime, *metrics: Target.Metric) -> None:
        for target in self.open(*metrics):
            self._pass(target, at)
            target.state, target.paused_at, target.next_at = Target.State.ENDED, None, None
            self._changed(target)

    def _set_aside(self, at: datetime) -> None:
        """Spam: the clocks end as they stand, so that they can run on should it be none."""
        for target in self.open():
            self._pass(target, at)
            target.state, target.next_at = Target.State.ENDED, None
            self._changed(target)

    def _take_up(self, at: datetime) -> None:
        """No spam after all: the customer has waited all the time, and nothing is forgiven."""
        resolution = self._newest(Target.Metric.RESOLUTION)
        if resolution is not None and resolution.met_at is not None:
            return
        for target in filter(None, map(self._newest, Target.Metric)):
            if target.state != Target.State.ENDED:
                continue
            if target.paused_at:
                target.state = Target.State.PAUSED
            else:
                target.state = Target.State.RUNNING
                target.next_at = next_step_at(target, at)
            self._changed(target)

    def _pass(self, target: Target, at: datetime) -> None:
        """Note that the time of a running clock ran out before this moment."""
        running = target.state == Target.State.RUNNING
        if running and target.breached_at is None and target.due_at < at:
            target.breached_at = target.due_at
            self.broken.append(target)

    def _changed(self, target: Target) -> None:
        if target not in self.changed:
            self.changed.append(target)


def replay(ticket: Ticket, events: Iterable[Event], choose: Choose) -> Clocks:
    """The clocks from nothing, by the ticket's events in order."""
    clocks = Clocks(ticket, choose)
    for event in events:
        clocks.follow(event)
    return clocks


def next_step_at(target: Target, since: datetime, fired: Iterable[str] = ()) -> datetime | None:
    """When the first step of a running clock comes that has not been; `since` if it is overdue."""
    done = set(fired)
    left = [step for step in target.policy.steps_of(target.metric) if step.key not in done]
    times = [at for step in left if (at := step_at(target, step.share, since))]
    if target.breached_at is None:
        times.append(target.due_at)
    return min(times, default=None)


def step_at(target: Target, share: int, since: datetime) -> datetime | None:
    """When so many percent of the promised time have passed, counted from `since` on.

    What has passed by then gives `since`; None where the calendar does not open again.
    """
    promised = target.policy.promised(target.metric) or timedelta(0)
    hours = hours_of(target.policy, target.calendar)
    if share >= 100:
        return _later(hours, target.due_at, promised * (share - 100) / 100)
    left = hours.between(since, target.due_at) - promised * (100 - share) / 100
    return _later(hours, since, max(left, timedelta(0)))


def _later(hours: WorkingHours, start: datetime, duration: timedelta) -> datetime | None:
    try:
        return hours.add(start, duration)
    except NeverOpen:
        return None
