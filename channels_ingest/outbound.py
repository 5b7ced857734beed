"""Starts what was just put into the outbox: chat at once in this process, the rest by the queue."""

from collections.abc import Sequence

from channels_ingest import delivering, waking
from tickets import kinds
from tickets.models import Delivery


def start(sender: object, deliveries: Sequence[Delivery], **_kwargs: object) -> None:
    """Receiver of `tickets.signals.deliveries_queued`."""
    if not deliveries:
        return
    first = deliveries[0]
    if kinds.get(first.channel.kind).immediate and first.not_before is None:
        delivering.deliver(first.pk)
    else:
        waking.deliver(deliveries[:1])
