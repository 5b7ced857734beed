"""A widget as its admin set it up: looks, hours, forms, consent."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings as project
from django.utils.translation import gettext as _

from channels_ingest.chat.problems import Problem
from channels_ingest.models import Connection
from tickets.models import Channel
from tickets.sla import hours

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
    def opening(self) -> hours.Opening:
        return hours.opening(self.channel)

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
        "title": bool(setting("title_badge", False)),
        "side": setting("side", "right"),
        "x": int(setting("offset_x", 20)),
        "y": int(setting("offset_y", 20)),
        "online": widget.opening.is_open,
        "language": widget.channel.shop.locale if widget.channel.shop.locale in words else "pl",
        "words": words,
        "triggers": widget.triggers,
    }


def session_config(widget: Widget) -> dict[str, Any]:
    """What the chat in the frame needs to know when a session starts."""
    opening = widget.opening
    form = {
        "required": widget.required,
        "optional": widget.optional,
        "consent_required": widget.consent.required,
    }
    return {
        "online": opening.is_open,
        "office_hours": opening.week_in_words,
        "opens_at": opening.opens_in_words,
        "prechat": form if widget.prechat else None,
        "offline_form": bool(widget.connection.setting("offline_form", True)),
        "max_upload_mb": widget.max_upload_mb,
        "allowed_mime": list(FILE_TYPES),
    }
