"""Lets a customer see that somebody writes to them, or has read, where their channel shows it."""

from django.core.cache import cache

from channels_ingest import adapter, health, waking
from channels_ingest.adapter import Refused, Unavailable, Uncertain
from channels_ingest.models import Connection
from tickets import kinds, replying
from tickets.errors import NoRecipient
from tickets.models import Ticket

# The sign fades by itself on the customer's side; somebody who writes on says so again.
_EVERY_S = 10


def typing(sender: object, *, ticket_id: int, on: bool, **_kwargs: object) -> None:
    """Receiver of `tickets.signals.agent_typing`."""
    _queue(ticket_id, "typing_on" if on else "typing_off")


def read(sender: object, *, ticket_id: int, **_kwargs: object) -> None:
    """Receiver of `tickets.signals.thread_read`."""
    _queue(ticket_id, "mark_seen")


def show(ticket_id: int, name: str) -> None:
    """Tell the provider. Nobody waits for it, so nothing is tried again."""
    ticket = Ticket.objects.select_related("channel").get(pk=ticket_id)
    connection = Connection.objects.select_related("channel").get(channel=ticket.channel_id)
    if not health.may_send(ticket.channel_id):
        return
    try:
        recipient = replying.recipient(ticket, ticket.channel)
        connection.adapter.gesture(connection, recipient.value, name)
    except (NoRecipient, Refused, Unavailable, Uncertain):
        return


def _queue(ticket_id: int, name: str) -> None:
    kind = Ticket.objects.values_list("channel__kind", flat=True).get(pk=ticket_id)
    if kinds.get(kind).immediate or not adapter.get(kind).has_gestures():
        return
    if cache.add(f"gesture:{ticket_id}:{name}", 1, timeout=_EVERY_S):
        waking.gesture(ticket_id, name, queue=kinds.get(kind).queue, expires_s=_EVERY_S)
