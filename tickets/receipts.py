"""What providers report about our messages: receipts, bounces, complaints."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import identifying
from crm.models import Identity
from tickets import outbox, receiving
from tickets.incoming import Bounce, Receipt
from tickets.locking import locked
from tickets.models import Delivery, Message


def receipt(item: Receipt, *, event_id: int | None = None, source_key: str | None = None) -> None:
    """Move on the deliveries that the receipt names; naming nothing of ours is no error."""
    state = Delivery.State(item.state)
    for delivery in _named(item):
        with transaction.atomic():
            locked(delivery.ticket_id)
            row = Delivery.objects.select_for_update().get(pk=delivery.pk)
            if state == Delivery.State.FAILED:
                outbox.give_up(row, error=item.error)
            else:
                outbox.advance(row, state, at=item.at, external_id=item.external_id)


def _named(item: Receipt) -> Iterable[Delivery]:
    of_channel = Delivery.objects.filter(channel=item.channel_id).select_related("message")
    if item.delivery_id is not None:
        return of_channel.filter(pk=item.delivery_id)
    condition = Q(external_id__in=item.external_ids, external_id__gt="")
    if item.until is not None and item.recipient is not None:
        handle = item.recipient
        condition |= Q(
            message__recipients__to__contains=[handle.key],
            sent_at__lte=item.until,
            state__in=[Delivery.State.SENT, Delivery.State.DELIVERED],
        )
    return of_channel.filter(condition).order_by("pk")


def bounce(item: Bounce, *, event_id: int | None = None, source_key: str | None = None) -> None:
    """File the report with the mail it speaks of, and draw the consequence for the address.

    Hard: the delivery failed, the address is marked, the agent told. Soft and late ones inform. A
    report of no mail of ours becomes a ticket of its own.
    """
    original = _original(item)
    with transaction.atomic():
        if original is None:
            receiving.receive(item.report, event_id=event_id, source_key=source_key)
            return
        ticket = locked(original.ticket_id)
        receiving.file_automatic(ticket, item.report, event_id=event_id, source_key=source_key)
        if item.kind == "complaint":
            return
        if item.kind == "hard":
            _mark_unreachable(item.recipients)
        if item.kind != "delayed":
            _fail(original, item)


def _original(item: Bounce) -> Message | None:
    return (
        Message.objects.select_related("ticket", "channel")
        .filter(
            external_id__in=item.message_ids,
            channel__shop__channels=item.channel_id,
            direction=Message.Direction.OUTBOUND,
        )
        .first()
    )


def _fail(original: Message, item: Bounce) -> None:
    reasons = {
        "hard": _("The address %(address)s does not exist or does not take mail."),
        "soft": _("The mailbox %(address)s does not take mail just now."),
        "policy": _("The mail server of %(address)s refused our mail."),
    }
    address = ", ".join(item.recipients) or _("of the customer")
    error = reasons[item.kind] % {"address": address}
    for delivery in Delivery.objects.select_for_update().filter(message=original):
        outbox.give_up(delivery, error=error, code=item.status)


def _mark_unreachable(addresses: Iterable[str]) -> None:
    keys = [
        identifying.Handle(Identity.Kind.EMAIL, address).key for address in addresses if address
    ]
    Identity.objects.filter(
        kind=Identity.Kind.EMAIL, scope="", value__in=keys, unreachable_at__isnull=True
    ).update(unreachable_at=timezone.now())


def register() -> None:
    """Take in what this module is for (from `AppConfig.ready`)."""
    receiving.take.register(Receipt, receipt)
    receiving.take.register(Bounce, bounce)
