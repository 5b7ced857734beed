"""Where tickets are: the zone of the shop, whether the channel is live, whose hours hold."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from crm.models import Shop
from kpi.cells import Place
from kpi.story import Moment, Story
from tickets import kinds
from tickets.models import Channel, Target
from tickets.sla.calendar import WorkingHours
from tickets.sla.models import Calendar, CalendarVersion

LIVE = frozenset({"chat", "phone"})


class Places:
    """Reads once what a batch of tickets needs to know of its places."""

    def __init__(self, clocks: Collection[Target]) -> None:
        self._zones = {shop.pk: shop.zone for shop in Shop.objects.all()}
        self._channels = Channel.objects.in_bulk()
        versions = CalendarVersion.objects.order_by("calendar", "pk")
        self._by_id = {version.pk: version for version in versions}
        self._by_calendar = {
            calendar: list(rows) for calendar, rows in groupby(versions, lambda v: v.calendar_id)
        }
        self._standard = Calendar.objects.get(is_default=True).pk
        self._of_clocks = {
            (clock.ticket_id, clock.started_at): clock.calendar_id for clock in clocks
        }

    def of(self, story: Story) -> Place:
        is_live = self._channels[story.channel].kind in LIVE
        return Place(self._zones[story.shop], is_live, lambda at: self._hours(story.ticket, at))

    def _hours(self, ticket: int, moment: Moment) -> WorkingHours | None:
        """The hours of the clock that began then, else of the channel; None without any.

        A clock keeps the hours that it ended with, so a change of calendars moves no past figure.
        """
        channel = self._channels[moment.channel]
        clock = self._of_clocks.get((ticket, moment.at))
        version = self._by_id[clock] if clock else self._version(channel, moment.at)
        hours = WorkingHours.of(version)
        own_week = kinds.get(channel.kind).own_week
        if own_week and (week := own_week(channel)):
            hours = replace(hours, week=week)
        return hours if any(hours.week) or any(hours.days.values()) else None

    def _version(self, channel: Channel, at: datetime) -> CalendarVersion:
        """What held then; before the first version was made, the first one."""
        versions = self._by_calendar[channel.calendar_id or self._standard]
        held = [version for version in versions if version.created_at <= at]
        return held[-1] if held else versions[0]
