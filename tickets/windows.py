"""How long a channel lets us answer after the customer's last message, if it does at all."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from tickets import kinds
from tickets.models import Channel, Message, Ticket


@dataclass(frozen=True)
class ReplyWindow:
    """`open`: anybody may write; `human`: a person still may, automation not. `until` ends it.

    `elsewhere`: nobody here may, because another app answers the conversation now.
    """

    open: bool
    human: bool
    until: datetime | None = None
    elsewhere: bool = False


class _Last(NamedTuple):
    """The customer's newest message on a channel; `standby`: we only got to read it."""

    at: datetime
    standby: bool


def reply_window(ticket: Ticket, channel: Channel) -> ReplyWindow:
    """The window of a channel, counted from this customer's last message on it, in any ticket."""
    can = channel.capabilities
    if can.reply_window is None:
        return ReplyWindow(open=True, human=True)
    last = _last_message(ticket, channel)
    if last is None:
        return ReplyWindow(open=False, human=False)
    if _is_elsewhere(ticket, channel, last):
        return ReplyWindow(open=False, human=False, elsewhere=True)
    now = timezone.now()
    until = last.at + can.reply_window
    if now < until:
        return ReplyWindow(open=True, human=True, until=until)
    if not has_human_window(channel):
        return ReplyWindow(open=False, human=False, until=until)
    until = last.at + (can.human_window or can.reply_window)
    return ReplyWindow(open=False, human=now < until, until=until)


def has_human_window(channel: Channel) -> bool:
    """Whether a person may write on this channel after the window of automation is over."""
    if channel.capabilities.human_window is None:
        return False
    granted = kinds.get(channel.kind).human_window_granted
    return granted is None or granted(channel)


def _last_message(ticket: Ticket, channel: Channel) -> _Last | None:
    row = (
        Message.objects.filter(
            channel=channel,
            direction=Message.Direction.INBOUND,
            sender__customer=ticket.customer_id,
        )
        .order_by("-occurred_at", "-pk")
        .values_list("occurred_at", "context__standby")
        .first()
    )
    return _Last(row[0], bool(row[1])) if row else None


def _is_elsewhere(ticket: Ticket, channel: Channel, last: _Last) -> bool:
    """The newer of two facts counts: the customer's last message, and the last change of hands."""
    handed = ticket.context.get("conversation")
    is_newer = (
        handed is not None
        and ticket.channel_id == channel.pk
        and datetime.fromisoformat(handed["since"]) >= last.at
    )
    return not handed["ours"] if is_newer else last.standby
