"""How long a channel lets us answer after the customer's last message."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from tickets.models import Channel, Ticket


@dataclass(frozen=True)
class ReplyWindow:
    """`open`: anybody may write; `human`: a person still may, automation not. `until` ends it."""

    open: bool
    human: bool
    until: datetime | None = None


def reply_window(ticket: Ticket, channel: Channel) -> ReplyWindow:
    """The window of a channel, counted from the customer's last message in this ticket."""
    can = channel.capabilities
    if can.reply_window is None:
        return ReplyWindow(open=True, human=True)
    now, last = timezone.now(), ticket.last_inbound_at
    if last is None:
        return ReplyWindow(open=False, human=False)
    until = last + can.reply_window
    if now < until:
        return ReplyWindow(open=True, human=True, until=until)
    human_until = last + can.human_window if can.human_window else None
    if human_until and now < human_until:
        return ReplyWindow(open=False, human=True, until=human_until)
    return ReplyWindow(open=False, human=False, until=human_until or until)
