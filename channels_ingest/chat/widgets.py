"""A widget as its admin set it up: looks, hours, forms, consent."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings as project
from django.utils import timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from channels_ingest.chat.hours import as_week
from channels_ingest.chat.problems import Problem
from channels_ingest.models import Connection
from tickets.models import Channel
from tickets.sla import defaults
from tickets.sla.calendar import NeverOpen, Period, WorkingHours

COLOR = "#2f5fd0"
MOST_MB = 10
# What a browser shows or an agent opens without harm. HEIC is not among them: browsers on phones
# turn it into JPEG for us, and we could not take the place out of the original.
FILE_TYPES = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "application/pdf",
    "text/plain",
    "video/mp4",
)
PRECHAT_FIELDS = ("name", "email", "phone", "order_ref")


@dataclass(frozen=True)
class Consent:
    """What a visitor is told before they write; `required` makes it a box to tick."""

    note: str = ""
    version: str = ""
    url: str = ""
    required: bool = False

    @property
    def text_hash(self) -> str:
        return hashlib.sha256(self.note.encode()).hexdigest()


@dataclass(frozen=True)
class Widget:
    """One chat channel with its settings."""

    channel: Channel
    connection: Connection

    @property
    def origins(self) -> Sequence[str]:
        return list(self.connection.setting("origins", []))

    @property
    def title(self) -> str:
        return str(self.connection.setting("title", self.channel.shop.name))

    @property
    def greeting(self) -> str:
        return str(self.connection.setting("greeting", _("Hello! How can we help?")))

    @property
    def color(self) -> str:
        return str(self.connection.setting("colour", COLOR))

    @property
    def hours(self) -> WorkingHours:
        """The chat's own week where it has one, with the holidays of the shop's calendar."""
        _policy, calendar = defaults.current()
        hours = WorkingHours.of(calendar)
        own = as_week(self.connection.setting("hours", []))
        return replace(hours, week=own) if own else hours

    @property
    def theme(self) -> str:
        return str(self.connection.setting("theme", "auto"))

    @property
    def consent(self) -> Consent:
        setting = self.connection.setting
        note = str(setting("consent_note", ""))
        fallback = hashlib.sha256(note.encode()).hexdigest()[:12] if note else ""
        return Consent(
            note=note,
            version=str(setting("consent_version", fallback)),
            url=str(setting("privacy_url", "")),
            required=bool(setting("consent_required", False)),
        )

    @property
    def prechat(self) -> bool:
        """Whether a form stands before the first message."""
        return bool(self.connection.setting("prechat", False)) or self.consent.required

    @property
    def required(self) -> Sequence[str]:
        return [name for name in PRECHAT_FIELDS if self._wish(name) == "required"]

    @property
    def optional(self) -> Sequence[str]:
        return [name for name in PRECHAT_FIELDS if self._wish(name) == "optional"]

    def _wish(self, name: str) -> str:
        default = "required" if name in ("name", "email") else ""
        return str(self.connection.setting(f"field_{name}", default))

    @property
    def max_upload_mb(self) -> int:
        return min(MOST_MB, int(self.connection.setting("max_upload_mb", MOST_MB)))

    @property
    def triggers(self) -> list[dict[str, Any]]:
        return list(self.connection.setting("triggers", []))

    @property
    def mailbox(self) -> Channel | None:
        """The shop's mailbox that answers offline forms: the chosen one, else its first."""
        mailboxes = Channel.objects.filter(shop=self.channel.shop_id, kind="email", active=True)
        chosen = self.connection.setting("mailbox")
        if chosen:
            mailboxes = mailboxes.filter(public_id=chosen)
        return mailboxes.order_by("pk").first()


def find(public_id: uuid.UUID) -> Widget:
    """The widget of this address. Raises `Problem`: `not_found`, `channel_disabled`."""
    connection = (
        Connection.objects.select_related("channel__shop", "channel__team")
        .filter(channel__public_id=public_id, channel__kind="chat")
        .first()
    )
    if connection is None:
        raise Problem("not_found")
    channel = connection.channel
    off = connection.state == Connection.State.DISABLED or (channel.is_demo and not project.DEMO)
    if off or not channel.active:
        raise Problem("channel_disabled")
    return Widget(channel, connection)


def ink(color: str) -> str:
    """Black or white, whichever reads better on this colour (WCAG contrast)."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    # White is (1.05) / (l + 0.05), black (l + 0.05) / 0.05: they meet at 0.179.
    return "#17202b" if luminance > 0.25 else "#ffffff"


def loader_config(widget: Widget, words: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What the loader needs, written in front of it."""
    setting = widget.connection.setting
    return {
        "channel": str(widget.channel.public_id),
        "origin": project.BASE_URL,
        "color": widget.color,
        "ink": ink(widget.color),
        "side": setting("side", "right"),
        "x": int(setting("offset_x", 20)),
        "y": int(setting("offset_y", 20)),
        "online": is_open(widget.hours),
        "language": widget.channel.shop.locale if widget.channel.shop.locale in words else "pl",
        "words": words,
        "triggers": widget.triggers,
    }


def session_config(widget: Widget) -> dict[str, Any]:
    """What the chat in the frame needs to know when a session starts."""
    now = timezone.now()
    online = is_open(widget.hours, now)
    form = {
        "required": widget.required,
        "optional": widget.optional,
        "consent_required": widget.consent.required,
    }
    return {
        "online": online,
        "office_hours": office_hours(widget.hours),
        "opens_at": None if online else opens_at(widget.hours, now),
        "prechat": form if widget.prechat else None,
        "offline_form": bool(widget.connection.setting("offline_form", True)),
        "max_upload_mb": widget.max_upload_mb,
        "allowed_mime": list(FILE_TYPES),
    }


# -- Working hours, in words of the active language


def is_open(hours: WorkingHours, at: datetime | None = None) -> bool:
    return hours.is_open(at or timezone.now())


def office_hours(hours: WorkingHours) -> str:
    """The week in short, neighbouring equal days together: "Mon-Fri 8-16, Sat 9-13"."""
    days = enumerate(hours.week)
    parts = []
    for periods, group in groupby(days, key=lambda day: day[1]):
        numbers = [number for number, _periods in group]
        if periods:
            first, last = str(WEEKDAYS_ABBR[numbers[0]]), str(WEEKDAYS_ABBR[numbers[-1]])
            span = first if len(numbers) == 1 else f"{first}-{last}"
            parts.append(f"{span} {', '.join(_span(period) for period in periods)}")
    return ", ".join(parts)


def opens_at(hours: WorkingHours, now: datetime) -> str | None:
    """When somebody is here again: "today, 8:00", "Monday, 8:00"; None where nobody ever is."""
    try:
        opening = hours.opens_at(now).astimezone(hours.zone)
    except NeverOpen:
        return None
    today = now.astimezone(hours.zone).date()
    clock = f"{opening.hour}:{opening.minute:02}"
    if opening.date() == today:
        return _("today, %(clock)s") % {"clock": clock}
    if opening.date() == today + timedelta(days=1):
        return _("tomorrow, %(clock)s") % {"clock": clock}
    if opening.date() < today + timedelta(days=7):
        return f"{WEEKDAYS[opening.weekday()]}, {clock}"
    return f"{date_format(opening, 'j E')}, {clock}"


def _span(period: Period) -> str:
    return "-".join(_clock(minutes) for minutes in period)


def _clock(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02}" if rest else f"{hours}"
