"""Delivers what the outbox holds: one sender a ticket at a time, in order, each call once.

A delivery is committed as `sending` with a lease before the first byte leaves. Whoever dies with it
leaves a lease that runs out, and the row becomes `uncertain`: it is not sent again by itself.
"""

import logging
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_ingest import health
from channels_ingest.adapter import Outgoing, Refused, Sent, Unavailable, Uncertain
from channels_ingest.models import Connection
from crm.models import Identity
from history.recording import SYSTEM, Actor
from tickets import kinds, outbox, parts, replying
from tickets.errors import BrokenRule
from tickets.locking import locked
from tickets.models import Delivery, Message

logger = logging.getLogger(__name__)

_LEASE = timedelta(minutes=3)
_SHORT = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1_800)]
# Mail servers grey-list and have bad nights: RFC 5321 asks for days, not minutes.
_LONG = [*_SHORT, *(timedelta(hours=h) for h in (1, 3, 6, 12, 24))]


class NotPossible(BrokenRule):
    """The delivery is not in a state in which this can be done."""

    code = "not_possible"
    text = gettext_lazy("This message cannot be sent again.")


def deliver(delivery_id: int) -> int:
    """Send what is due of this delivery's ticket, in order. Returns how many calls were made."""
    row = Delivery.objects.filter(pk=delivery_id).only("ticket_id").first()
    if row is None:
        return 0
    calls = 0
    while delivery := _claim(row.ticket_id):
        calls += 1
        if not _send(delivery):
            break
    return calls


def send_again(delivery: Delivery, *, by: Actor) -> None:
    """An agent's choice after a failure or an unknown outcome. Raises `NotPossible`."""
    with transaction.atomic():
        locked(delivery.ticket_id)
        row = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if row.state not in (Delivery.State.FAILED, Delivery.State.UNCERTAIN):
            raise NotPossible
        outbox.advance(row, Delivery.State.QUEUED, by=by)
        row.attempts, row.next_attempt_at, row.not_before = 0, timezone.now(), None
        row.save(update_fields=["attempts", "next_attempt_at", "not_before"])
    deliver(row.pk)


def call_it_sent(delivery: Delivery, *, by: Actor) -> None:
    """An agent knows that an unsure message arrived. Raises `NotPossible`."""
    with transaction.atomic():
        locked(delivery.ticket_id)
        row = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if row.state != Delivery.State.UNCERTAIN:
            raise NotPossible
        outbox.advance(row, Delivery.State.SENT, by=by)


def leave(delivery: Delivery, *, by: Actor) -> None:
    """Somebody decides that a failed message is not worth another try. Raises `NotPossible`."""
    with transaction.atomic():
        locked(delivery.ticket_id)
        row = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if not outbox.advance(row, Delivery.State.CANCELLED, error=row.error, by=by):
            raise NotPossible


def due(limit: int = 200) -> Iterable[int]:
    """Ids of queued deliveries whose time has come, oldest first."""
    return (
        Delivery.objects.filter(state=Delivery.State.QUEUED, next_attempt_at__lte=timezone.now())
        # A stopped channel's rows stay due, and would fill the batch.
        .exclude(health.stopped("channel__connection__"))
        .order_by("next_attempt_at")
        .values_list("pk", flat=True)[:limit]
    )


def end_lost_leases(limit: int = 200) -> int:
    """Whoever was sending these is gone: nobody knows whether the provider took them."""
    lost = Delivery.objects.filter(
        state=Delivery.State.SENDING, leased_until__lt=timezone.now()
    ).order_by("leased_until")[:limit]
    for delivery in lost:
        _finish(delivery, Delivery.State.UNCERTAIN, error=_uncertain_text())
    return len(lost)


def doubt_waiting() -> str:
    """After a restore: the old installation may have sent what waits here, so agents decide."""
    waiting = Delivery.objects.filter(state=Delivery.State.QUEUED)
    count = 0
    for pk, ticket_id in waiting.values_list("pk", "ticket_id").order_by("pk"):
        with transaction.atomic():
            locked(ticket_id)
            delivery = Delivery.objects.select_for_update().get(pk=pk)
            delivery.leased_until = timezone.now()
            outbox.advance(delivery, Delivery.State.SENDING)
            outbox.advance(delivery, Delivery.State.UNCERTAIN, error=_restored_text())
            count += 1
    return f"{count} messages waited to be sent: see the outbox." if count else ""


@transaction.atomic
def _claim(ticket_id: int) -> Delivery | None:
    """The ticket's next delivery, committed as `sending`; None if none is due or one is at it."""
    locked(ticket_id)
    waiting = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("channel", "message")
        .filter(ticket_id=ticket_id, state__in=[Delivery.State.QUEUED, Delivery.State.SENDING])
        .order_by("message_id", "part")
    )
    first = waiting.first()
    now = timezone.now()
    if first is None or first.state == Delivery.State.SENDING:
        return None
    if (first.next_attempt_at or now) > now or (first.not_before or now) > now:
        return None
    if not health.may_send(first.channel_id):
        return None
    first.attempts += 1
    first.leased_until = now + _LEASE
    first.save(update_fields=["attempts", "leased_until"])
    outbox.advance(first, Delivery.State.SENDING)
    return first


def _send(delivery: Delivery) -> bool:
    """One call to the provider, outside any transaction. False where the ticket must wait."""
    try:
        sent = _call(delivery)
    except Refused as refusal:
        return _refused(delivery, refusal)
    except Unavailable as fault:
        return _passing(delivery, fault)
    except Uncertain:
        _finish(delivery, Delivery.State.UNCERTAIN, error=_uncertain_text())
        return True
    except Exception:
        logger.exception("sending delivery %s failed in a way nobody foresaw", delivery.pk)
        return _passing(delivery, Unavailable(_("Something went wrong on our side.")))
    _finish(delivery, Delivery.State.SENT, external_id=sent.external_id)
    if sent.remark:
        _note(delivery, sent.remark)
    health.sent(delivery.channel_id)
    return True


def _call(delivery: Delivery) -> Sent:
    connection = Connection.objects.select_related("channel").get(channel=delivery.channel_id)
    message = delivery.message
    part = parts.parts_of(message, delivery.channel.capabilities)[delivery.part]
    return connection.adapter.send(
        Outgoing(
            delivery.pk,
            message,
            delivery.channel,
            connection,
            part,
            number=delivery.part,
            attempt=delivery.attempts,
        )
    )


def _refused(delivery: Delivery, refusal: Refused) -> bool:
    """What is refused for good fails; a connection that is refused keeps its queue."""
    now = timezone.now()
    if refusal.needs_reauth or refusal.pause:
        if refusal.pause:
            health.paused(delivery.channel_id, str(refusal), now + refusal.pause)
        else:
            health.needs_reauth(delivery.channel_id, str(refusal))
        _finish(delivery, Delivery.State.QUEUED, error=str(refusal), retry_at=now)
        return False
    if refusal.unreachable:
        Identity.objects.filter(
            participations__ticket=delivery.ticket_id,
            value__in=delivery.message.recipients.get("to", []),
        ).update(unreachable_at=timezone.now())
    _finish(delivery, Delivery.State.FAILED, error=str(refusal), code=refusal.code)
    return True


def _passing(delivery: Delivery, fault: Unavailable) -> bool:
    """Plan the next try, or give up after the last. True where later replies may go on."""
    if not fault.tried:
        Delivery.objects.filter(pk=delivery.pk).update(attempts=delivery.attempts - 1)
        _finish(
            delivery,
            Delivery.State.QUEUED,
            retry_at=timezone.now() + (fault.retry_after or _SHORT[0]),
        )
        return False
    waits = _LONG if kinds.get(delivery.channel.kind).queue == "mail" else _SHORT
    if delivery.attempts > len(waits):
        _finish(delivery, Delivery.State.FAILED, error=str(fault), code=fault.code)
        return True
    wait = waits[delivery.attempts - 1] * random.uniform(0.8, 1.2)
    wait = max(wait, fault.retry_after or timedelta(0))
    _finish(delivery, Delivery.State.QUEUED, error=str(fault), retry_at=timezone.now() + wait)
    return False


@transaction.atomic
def _finish(
    delivery: Delivery,
    state: Delivery.State,
    *,
    error: str = "",
    code: str = "",
    external_id: str = "",
    retry_at: datetime | None = None,
) -> None:
    """Write the outcome, unless a receipt has said more meanwhile."""
    locked(delivery.ticket_id)
    row = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("message")
        .get(pk=delivery.pk)
    )
    if state == Delivery.State.FAILED:
        outbox.give_up(row, error=error, code=code)
        return
    if row.state != Delivery.State.SENDING:
        outbox.advance(row, state, external_id=external_id)
        return
    outbox.advance(row, state, error=error, code=code, external_id=external_id, by=SYSTEM)
    if retry_at is not None:
        row.next_attempt_at = retry_at
        row.save(update_fields=["next_attempt_at"])


def _note(delivery: Delivery, text: str) -> None:
    draft = replying.Draft(body_text=text)
    replying.note(delivery.message.ticket, draft, by=SYSTEM, author=Message.Author.SYSTEM)


def _uncertain_text() -> str:
    return _(
        "The connection was lost while sending. The customer may have the message or not. "
        "Check, then send it again or mark it as sent."
    )


def _restored_text() -> str:
    return _(
        "It waited to be sent when the backup was made, and may have been sent since. "
        "Check, then send it again or mark it as sent."
    )
