"""What providers report about our messages: receipts, bounces, complaints."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import consents, identifying
from crm.models import Identity
from history.recording import SYSTEM
from tickets import outbox, receiving, replying
from tickets.incoming import Bounce, Receipt
from tickets.locking import locked, locked_final
from tickets.models import Delivery, Message, Participant, Ticket

# A mailbox that is full for so long is nobody's any more (contracts/email.md 5).
_SOFT_WITHIN = timedelta(days=7)
_SOFT_BEFORE = 2


def receipt(item: Receipt, *, event_id: int | None = None, source_key: str | None = None) -> None:
    """Move the deliveries on that the receipt names; one of nothing of ours changes nothing.

    Raises `NotYet` where it may be of a message whose sending is not written down yet.
    """
    named = list(_named(item))
    if item.external_ids and not named and _is_sending(item):
        raise receiving.NotYet
    for delivery in named:
        with transaction.atomic():
            locked(delivery.ticket_id)
            _follow(Delivery.objects.select_for_update().get(pk=delivery.pk), item)


def _follow(row: Delivery, item: Receipt) -> None:
    state = Delivery.State(item.state)
    if state == Delivery.State.FAILED:
        outbox.give_up(row, error=item.error)
        return
    outbox.advance(row, state, at=item.at, external_id=item.external_id)
    if state == Delivery.State.SENT and row.sent_at and row.sent_at != item.at:
        row.sent_at = item.at
        row.save(update_fields=["sent_at"])


def _is_sending(item: Receipt) -> bool:
    return Delivery.objects.filter(
        channel=item.channel_id, state=Delivery.State.SENDING, external_id=""
    ).exists()


def _named(item: Receipt) -> Iterable[Delivery]:
    of_channel = Delivery.objects.filter(channel=item.channel_id).select_related("message")
    if item.message is not None:
        return of_channel.filter(message__public_id=item.message, part=item.part)
    named = of_channel.filter(external_id__in=item.external_ids, external_id__gt="")
    found = {*named.values_list("pk", flat=True), *_up_to(item)}
    # Always in the order of the tickets, which are locked one after another.
    return of_channel.filter(pk__in=found).order_by("ticket_id", "pk")


def _up_to(item: Receipt) -> Iterable[int]:
    """Everything sent to a person up to a moment, by way of their tickets, which are few."""
    if item.until is None or item.recipient is None:
        return []
    handle = item.recipient
    theirs = Participant.objects.filter(
        identity__kind=handle.kind, identity__scope=handle.scope, identity__value=handle.key
    )
    return Delivery.objects.filter(
        channel=item.channel_id,
        message__ticket__in=theirs.values("ticket"),
        message__recipients__to__contains=[handle.key],
        sent_at__lte=item.until,
        state__in=[Delivery.State.SENT, Delivery.State.DELIVERED],
    ).values_list("pk", flat=True)


def bounce(item: Bounce, *, event_id: int | None = None, source_key: str | None = None) -> None:
    """File the report with the mail it speaks of, and draw the consequence for the address.

    Hard: the delivery failed, the address is marked, the agent told. Soft and late ones inform;
    the third soft one within a week counts as hard. A complaint ends the mail that nobody needs.
    A report of no mail of ours becomes a ticket of its own, but a complaint none.
    """
    original = _original(item)
    with transaction.atomic():
        if original is None:
            if item.kind != "complaint":
                receiving.receive(item.report, event_id=event_id, source_key=source_key)
            return
        ticket = locked_final(original.ticket_id)
        receiving.file_automatic(ticket, item.report, event_id=event_id, source_key=source_key)
        # Anybody can write a report: it counts for those alone to whom the mail went.
        people = _written_to(original, item.recipients)
        if item.kind == "complaint":
            _opt_out(people, original, item.at)
            return
        if item.kind == "hard" or (item.kind == "soft" and _bounces_often(people)):
            people.filter(unreachable_at__isnull=True).update(unreachable_at=timezone.now())
        if item.kind != "delayed" and (people.exists() or not item.recipients):
            _fail(original, ticket, item)


def _original(item: Bounce) -> Message | None:
    return (
        Message.objects.select_related("ticket", "channel__shop")
        .filter(
            external_id__in=item.message_ids,
            channel__shop__channels=item.channel_id,
            direction=Message.Direction.OUTBOUND,
        )
        .first()
    )


def _written_to(original: Message, addresses: Iterable[str]) -> QuerySet[Identity]:
    """Whom of these the mail was sent to."""
    sent_to = {_key(each) for kind in ("to", "cc", "bcc") for each in _recipients(original, kind)}
    keys = sent_to & {_key(each) for each in addresses}
    return Identity.objects.filter(kind=Identity.Kind.EMAIL, scope="", value__in=keys)


def _recipients(original: Message, kind: str) -> list[str]:
    addresses: list[str] = original.recipients.get(kind, [])
    return addresses


def _key(address: str) -> str:
    return identifying.Handle(Identity.Kind.EMAIL, address).key


def _bounces_often(people: QuerySet[Identity]) -> bool:
    """Whether two mails to these people have come back within a week, besides this one."""
    failed = Delivery.objects.filter(
        message__ticket__participants__identity__in=people,
        state=Delivery.State.FAILED,
        error_code__regex=r"^[45]\.",
        sent_at__gte=timezone.now() - _SOFT_WITHIN,
    )
    return failed.distinct().count() >= _SOFT_BEFORE


def _opt_out(people: QuerySet[Identity], original: Message, at: datetime) -> None:
    for identity in people.select_related("customer"):
        consents.withdraw(
            identity.customer,
            original.channel.shop,
            consents.NOT_ESSENTIAL,
            source="complaint",
            at=at,
        )


def _fail(original: Message, ticket: Ticket, item: Bounce) -> None:
    """The mail to the customer did not arrive; a copy that did not is a note alone."""
    reasons = {
        "hard": _("The address %(address)s does not exist or does not take mail."),
        "soft": _("The mailbox %(address)s does not take mail just now."),
        "policy": _("The mail server of %(address)s refused our mail."),
    }
    address = ", ".join(item.recipients) or _("of the customer")
    error = reasons[item.kind] % {"address": address}
    bounced = {_key(each) for each in item.recipients}
    copies = {_key(each) for kind in ("cc", "bcc") for each in _recipients(original, kind)}
    if bounced and bounced <= copies:
        text = _("A copy did not arrive: %(reason)s") % {"reason": error}
        if ticket.messages.filter(direction=Message.Direction.NOTE, body_text=text).exists():
            return  # said once; the same report may come a thousand times
        draft = replying.Draft(body_text=text)
        replying.note(ticket, draft, by=SYSTEM, author=Message.Author.SYSTEM)
        return
    for delivery in Delivery.objects.select_for_update().filter(message=original):
        outbox.give_up(delivery, error=error, code=item.status)


def register() -> None:
    """Take in what this module is for (from `AppConfig.ready`)."""
    receiving.take.register(Receipt, receipt)
    receiving.take.register(Bounce, bounce)
