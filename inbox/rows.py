"""The rows of the list. What a row shows changes with a few versions, and its HTML is kept by them.

Whatever is the viewer's own (unread, the open ticket, a draft) or moves with time is left to the
browser, so one text serves everybody who reads the same language.
"""

import hashlib
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from tickets.finding import Passage
from tickets.models import Target, Ticket
from tickets.models.ticket import TicketQuerySet

_TEMPLATE = "inbox/_row.html"
# Names of tags have no version: a renamed one is seen after this time.
_KEPT_S = 3600
_CLOCKS = {Target.State.RUNNING, Target.State.BREACHED}


class Listed(NamedTuple):
    """What is read of each ticket of a list: enough to find its kept row, and its place."""

    pk: int
    number: int
    version: int
    last_message_at: datetime
    waiting_since: datetime | None
    customer_version: int
    assignee_version: int | None
    channel_name: str


_COLUMNS = (
    *("pk", "number", "version", "last_message_at", "waiting_since"),
    *("customer__version", "assignee__version", "channel__name"),
)


@dataclass(frozen=True)
class Row:
    """One drawn row."""

    ticket: Listed
    html: SafeString


def listed(tickets: TicketQuerySet) -> list[Listed]:
    return [Listed(*row) for row in tickets.values_list(*_COLUMNS)]


def draw(
    tickets: Sequence[Listed],
    *,
    unread: Collection[int],
    drafts: Collection[int],
    passages: Mapping[int, Passage],
) -> list[Row]:
    """Rows in the given order; those not kept yet are drawn, with three queries for all of them."""
    keys = {ticket.pk: _key(ticket) for ticket in tickets}
    kept: dict[str, str] = cache.get_many(keys.values())
    missing = [pk for pk, key in keys.items() if key not in kept]
    if missing:
        found = Ticket.objects.filter(pk__in=missing).for_list()
        drawn = {keys[ticket.pk]: _html(ticket) for ticket in found}
        cache.set_many(drawn, _KEPT_S)
        kept |= drawn
    marks = {"data-unread": unread, "data-draft": drafts}
    return [
        Row(ticket, _own(kept[keys[ticket.pk]], ticket.pk, marks, passages.get(ticket.pk)))
        for ticket in tickets
        if keys[ticket.pk] in kept
    ]


def _own(
    html: str, ticket_id: int, marks: Mapping[str, Collection[int]], passage: Passage | None
) -> SafeString:
    """The row with what is its viewer's own: marks, and where the words of a search stand.

    Our own templates drew both parts, and escaped what they show.
    """
    own = "".join(f"{name} " for name, marked in marks.items() if ticket_id in marked)
    html = html.replace("<a ", f"<a {own}", 1)
    if passage:
        found = render_to_string("inbox/_passage.html", {"passage": passage}).strip()
        html = f"{html.removesuffix('</a>')}{found}</a>"
    return mark_safe(html)  # noqa: S308


def _html(ticket: Ticket) -> str:
    return render_to_string(_TEMPLATE, {"ticket": ticket, "clock": next_due(ticket)}).strip()


def next_due(ticket: Ticket) -> Target | None:
    """The promise whose time runs out first (or ran out) while the customer waits."""
    clocks = [
        target
        for target in ticket.targets.all()
        if target.state in _CLOCKS and target.met_at is None
    ]
    return min(clocks, key=lambda target: target.due_at, default=None)


def _key(ticket: Listed) -> str:
    people = f"{ticket.customer_version}.{ticket.assignee_version}"
    channel = f"{zlib.crc32(ticket.channel_name.encode()):x}"
    return f"row:{_look()}:{get_language()}:{ticket.pk}.{ticket.version}.{people}.{channel}"


@lru_cache(maxsize=1)
def _look() -> str:
    """A short name of the template's text, and of the icons' address in it."""
    source = Path(settings.BASE_DIR, "templates", _TEMPLATE).read_bytes()
    return hashlib.sha256(source + static("dist/icons.svg").encode()).hexdigest()[:12]
