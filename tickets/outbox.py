"""How far an outbound message has come. States only move forward; every move is an event."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from history.recording import SYSTEM, Actor
from tickets import changing, recording, replying
from tickets.locking import locked_final
from tickets.models import Delivery, Message, Ticket

_State = Delivery.State

# From which states each one can be reached. A receipt proves that an unsure or "failed" call went
# through after all; nothing ever goes back behind what a provider has said.
_FROM = {
    _State.SENDING: {_State.QUEUED},
    _State.QUEUED: {_State.SENDING, _State.FAILED, _State.UNCERTAIN},
    _State.UNCERTAIN: {_State.SENDING},
    _State.CANCELLED: {_State.FAILED},
    _State.FAILED: {_State.QUEUED, _State.SENDING, _State.SENT, _State.UNCERTAIN},
    _State.SENT: {_State.QUEUED, _State.SENDING, _State.UNCERTAIN, _State.FAILED},
    _State.DELIVERED: {
        _State.QUEUED,
        _State.SENDING,
        _State.UNCERTAIN,
        _State.FAILED,
        _State.SENT,
    },
    _State.READ: {
        _State.QUEUED,
        _State.SENDING,
        _State.UNCERTAIN,
        _State.FAILED,
        _State.SENT,
        _State.DELIVERED,
    },
}


def advance(
    delivery: Delivery,
    state: Delivery.State,
    *,
    at: datetime | None = None,
    error: str = "",
    code: str = "",
    external_id: str = "",
    by: Actor = SYSTEM,
) -> bool:
    """Move a locked delivery on; False where it has come further already.

    Needs the ticket's lock, because it writes the ticket's history.
    """
    at = at or timezone.now()
    if external_id and not delivery.external_id:
        delivery.external_id = external_id
        delivery.save(update_fields=["external_id"])
    if delivery.state not in _FROM[state]:
        return False
    old, delivery.state = delivery.state, state
    delivery.error, delivery.error_code = error, code[:64]
    if state != _State.SENDING:
        delivery.leased_until = None
    if state in (_State.SENT, _State.DELIVERED, _State.READ):
        delivery.sent_at = delivery.sent_at or at
    if state in (_State.DELIVERED, _State.READ):
        delivery.delivered_at = delivery.delivered_at or at
    if state == _State.READ:
        delivery.read_at = at
    delivery.save()
    if state not in (_State.SENDING, _State.QUEUED):
        _record(delivery, old, by)
    return True


def give_up(delivery: Delivery, *, error: str, code: str = "") -> None:
    """A final failure: noted in the thread, and the ticket comes back to the agent."""
    if not advance(delivery, _State.FAILED, error=error, code=code):
        return
    message = delivery.message
    if message.automatic:
        return
    ticket = locked_final(message.ticket_id)
    replying.note(
        ticket,
        replying.Draft(body_text=_("The message was not sent: %(reason)s") % {"reason": error}),
        by=SYSTEM,
        author=Message.Author.SYSTEM,
    )
    if ticket.status in (Ticket.Status.PENDING, Ticket.Status.ON_HOLD, Ticket.Status.SOLVED):
        changing.set_status(ticket, Ticket.Status.OPEN, by=SYSTEM)


def _record(delivery: Delivery, old: str, by: Actor) -> None:
    message = delivery.message
    recording.record(
        message.ticket,
        "message.delivery_changed",
        actor=by,
        message=message,
        delivery=delivery.pk,
        old=old,
        new=delivery.state,
        code=delivery.error_code,
    )
