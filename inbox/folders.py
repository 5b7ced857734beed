"""The views of the ticket list: which tickets each holds, and how many they are."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from tickets.models import Channel, Ticket
from tickets.models.ticket import TicketQuerySet

MOST_COUNTED = 99
DEFAULT = "waiting"


@dataclass(frozen=True)
class Folder:
    """One view of the list; `key` names it in addresses."""

    key: str
    label: str | Promise
    icon: str
    rule: Callable[[TicketQuerySet, User], TicketQuerySet]
    empty: str | Promise = ""
    # The longest waiting may stand first: everything in it waits.
    waits: bool = False

    def tickets(self, user: User) -> TicketQuerySet:
        """The tickets of this view that the user may see."""
        return self.rule(Ticket.objects.visible_to(user).filter(merged_into=None), user)


def _at_work(tickets: TicketQuerySet) -> TicketQuerySet:
    """Unfinished and not put aside."""
    return tickets.unfinished().filter(Q(snoozed_until=None) | Q(snoozed_until__lte=Now()))


_MAIN = [
    Folder(
        "mine",
        pgettext_lazy("tickets", "Mine"),
        "user",
        lambda tickets, user: _at_work(tickets).filter(assignee=user),
        _("Nothing is assigned to you. Take something from the unassigned ones."),
    ),
    Folder(
        "unassigned",
        _("Unassigned"),
        "user-question",
        lambda tickets, _user: _at_work(tickets).filter(assignee=None),
        _("Every ticket has its owner."),
    ),
    Folder(
        "waiting",
        _("Waiting for us"),
        "clock",
        lambda tickets, _user: _at_work(tickets).filter(waiting_since__isnull=False),
        _("No tickets. Everybody has an answer."),
        waits=True,
    ),
    Folder(
        "snoozed",
        _("Snoozed"),
        "alarm",
        lambda tickets, _user: tickets.unfinished().filter(snoozed_until__gt=Now()),
        _("No ticket is put aside. Press z in a ticket to see it later."),
    ),
    Folder(
        "review",
        _("To be checked"),
        "eye-exclamation",
        lambda tickets, _user: tickets.filter(needs_review=True, spam=False),
        _("Nothing to check. Messages of strangers in a known thread come here."),
    ),
    Folder(
        "open",
        _("All open"),
        "inbox",
        lambda tickets, _user: tickets.unfinished(),
        _("No open tickets. New messages will appear here by themselves."),
    ),
]

_SPAM = Folder(
    "spam", _("Spam"), "ban", lambda tickets, _user: tickets.filter(spam=True), _("No spam.")
)

_STATUS_ICONS = {
    Ticket.Status.NEW: "sparkles",
    Ticket.Status.OPEN: "circle-dot",
    Ticket.Status.PENDING: "hourglass",
    Ticket.Status.ON_HOLD: "player-pause",
    Ticket.Status.SOLVED: "circle-check",
    Ticket.Status.CLOSED: "lock",
}


def main() -> list[Folder]:
    """The views that everybody has, in the order of the sidebar."""
    return [*_MAIN, _SPAM]


def by_status() -> list[Folder]:
    return [_of_status(status) for status in Ticket.Status]


def by_channel(user: User) -> list[Folder]:
    """A view for each active channel that the user may see."""
    return [
        _of_channel(channel) for channel in Channel.objects.visible_to(user).filter(active=True)
    ]


def find(key: str, user: User) -> Folder:
    """The view of this name; raises `KeyError` where there is none for this user."""
    kind, _colon, name = key.partition(":")
    if kind == "status" and name in Ticket.Status.values:
        return _of_status(Ticket.Status(name))
    if kind == "channel" and name.isdecimal():
        channel = Channel.objects.visible_to(user).filter(pk=int(name)).first()
        if channel is None:
            raise KeyError(key)
        return _of_channel(channel)
    return {folder.key: folder for folder in main()}[key]


def counts(folders: Iterable[Folder], user: User) -> dict[str, int]:
    """How many tickets each view holds, in one query; nothing is counted past the cap."""
    parts: list[str] = []
    params: list[Any] = []
    keys = [folder.key for folder in folders]
    for key in keys:
        kind, _colon, channel = key.partition(":")
        sql, values = _count_sql(kind if kind == "channel" else key, user.role)
        meant = {_ANYBODY: user.pk, _ANY_CHANNEL: channel}
        parts.append(sql)
        params += [meant.get(value, value) for value in values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        return dict(zip(keys, cursor.fetchone(), strict=True))


# Stand for the user and the channel in SQL that is built once.
_ANYBODY, _ANY_CHANNEL = -1, -2


@lru_cache(maxsize=64)
def _count_sql(key: str, role: str) -> tuple[str, tuple[Any, ...]]:
    """The SQL of one counter for everybody of a role: building it takes longer than running it."""
    anybody = User(pk=_ANYBODY, role=role)
    if key == "channel":
        folder = Folder(key, "", "", lambda tickets, _user: _in_channel(tickets, _ANY_CHANNEL))
    else:
        folder = find(key, anybody)
    capped = folder.tickets(anybody).order_by().values_list("pk")[: MOST_COUNTED + 1]
    sql, params = capped.query.sql_with_params()
    return f"(SELECT count(*) FROM ({sql}) AS capped)", tuple(params)  # noqa: S608 (the ORM's SQL)


def _of_status(status: Ticket.Status) -> Folder:
    return Folder(
        f"status:{status.value}",
        status.label,
        _STATUS_ICONS[status],
        lambda tickets, _user: tickets.filter(status=status, spam=False),
        _("No tickets with this status."),
    )


def _of_channel(channel: Channel) -> Folder:
    return Folder(
        f"channel:{channel.pk}",
        channel.name,
        channel.icon,
        lambda tickets, _user: _in_channel(tickets, channel.pk),
        _("No open tickets from this channel."),
    )


def _in_channel(tickets: TicketQuerySet, channel_id: int) -> TicketQuerySet:
    return tickets.unfinished().filter(channel=channel_id)
