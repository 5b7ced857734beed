"""Whether somebody answers on a channel now, and when again: for the widget, rules and answers."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from django.utils import timezone

from tickets import kinds
from tickets.models.channel import Channel
from tickets.sla import current, weeks
from tickets.sla.calendar import WorkingHours


@dataclass(frozen=True)
class Opening:
    """A channel's hours as seen at one moment."""

    hours: WorkingHours
    at: datetime

    @cached_property
    def is_open(self) -> bool:
        return self.hours.is_open(self.at)

    @cached_property
    def is_holiday(self) -> bool:
        """Whether the local day is a public holiday of the calendar's country."""
        return self.hours.is_holiday(self.at.astimezone(self.hours.zone).date())

    @property
    def week_in_words(self) -> str:
        return weeks.in_words(self.hours.week)

    @cached_property
    def opens_in_words(self) -> str | None:
        """None while open, and where nobody is ever here."""
        return None if self.is_open else weeks.opens_in_words(self.hours, self.at)


def of(channel: Channel) -> WorkingHours:
    """The channel's calendar, else the standard one; a kind may have weeks of its own."""
    hours = WorkingHours.of(current.promises().calendar(channel.calendar_id))
    own_week = kinds.get(channel.kind).own_week
    week = own_week(channel) if own_week else ()
    return replace(hours, week=week) if week else hours


def opening(channel: Channel, at: datetime | None = None) -> Opening:
    return Opening(of(channel), at or timezone.now())
