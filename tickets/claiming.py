"""What a visitor typed about themselves: no proof, until an agent says that it is so.

Nothing is linked or merged by itself, and whatever an agent decided can be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from crm import identifying, merging
from crm.identifying import Handle
from crm.models import Customer, Identity, Order
from history.recording import Actor
from tickets import order_linking, recording
from tickets.errors import BrokenRule
from tickets.locking import locked_for_work
from tickets.models import ClaimDecision, Message, Participant, Ticket

Name = ClaimDecision.Name
_State = ClaimDecision.State
_KINDS = {Name.EMAIL: Identity.Kind.EMAIL, Name.PHONE: Identity.Kind.PHONE}


class ClaimChanged(BrokenRule):
    code = "claim_changed"
    text = _("This has changed meanwhile. Look at it again.")


class NothingToConfirm(BrokenRule):
    code = "nothing_to_confirm"
    text = _("There is nobody and nothing here that this could be linked to.")


class AddressInUse(BrokenRule):
    code = "address_in_use"
    text = _("Messages belong to this address by now, so it stays with the customer.")


@dataclass(frozen=True)
class Claim:
    """One thing that a visitor typed, and what an agent can make of it or has made."""

    name: Name
    value: str
    decision: ClaimDecision | None = None
    # Somebody else who has this address already, or an order of this number.
    owner: Customer | None = None
    order: Order | None = None
    can_confirm: bool = False

    @property
    def owner_id(self) -> str:
        return str(self.owner.public_id) if self.owner else ""


def of(ticket: Ticket, user: User) -> Sequence[Claim]:
    """The ticket's claims, with what of their names the user sees; where there are none, no query.

    An address that is the customer's own by now is no claim any more.
    """
    values = {name: str(ticket.context[name]) for name in Name if ticket.context.get(name)}
    if not values:
        return []
    rows = ticket.claim_decisions.select_related("user", "merge__kept")
    decided = {Name(row.name): row for row in rows}
    claims = [
        Claim(name, value, decided[name]) if name in decided else _open(ticket, name, value, user)
        for name, value in values.items()
    ]
    return [claim for claim in claims if claim is not None]


@transaction.atomic
def confirm(ticket: Ticket, name: Name, *, owner_id: str, user: User) -> None:
    """It is so: link the address or the order, or merge with `owner_id`, who has the address.

    `owner_id` is whom the agent was shown ('' for nobody). Raises `ClaimChanged`,
    `NothingToConfirm`, `TicketMerged`, `merging.CannotMerge`.
    """
    claim = _undecided(ticket, name, user)
    if claim.owner_id != owner_id:
        raise ClaimChanged
    decision = ClaimDecision(name=name, state=_State.CONFIRMED)
    # Before the ticket is locked: people come first in the order of locks.
    if claim.owner:
        decision.merge = merging.merge(kept=claim.owner, absorbed=ticket.customer, user=user)
    elif claim.order:
        decision.order = claim.order
        order_linking.link(ticket, claim.order, by=Actor("agent", user.pk))
    elif claim.can_confirm:
        decision.identity = _given(ticket.customer, Handle(_KINDS[name], claim.value))
    else:
        raise NothingToConfirm
    _decide(ticket, decision, user)


@transaction.atomic
def dismiss(ticket: Ticket, name: Name, *, user: User) -> None:
    """It is not so, or nobody cares. Raises `ClaimChanged`, `TicketMerged`."""
    _undecided(ticket, name, user)
    _decide(ticket, ClaimDecision(name=name, state=_State.DISMISSED), user)


@transaction.atomic
def reopen(ticket: Ticket, name: Name, *, user: User) -> None:
    """Take a decision back, and what it did.

    Raises `ClaimChanged`, `AddressInUse`, `TicketMerged`, `merging.CannotUndo`.
    """
    decision = ticket.claim_decisions.select_for_update(of=("self",)).filter(name=name).first()
    if decision is None:
        raise ClaimChanged
    if decision.merge and not decision.merge.undone_at:
        if not Customer.objects.visible_to(user).filter(pk=decision.merge.kept_id).exists():
            raise ClaimChanged
        merging.undo(decision.merge, user=user)
    if decision.identity:
        _take_away(decision.identity)
    if decision.order:
        order_linking.unlink(ticket, decision.order, by=Actor("agent", user.pk))
    row = locked_for_work(ticket)
    decision.delete()
    recording.record(row, "ticket.claim_reopened", actor=Actor("agent", user.pk), claim=name)
    audit.record("claim.reopened", by=user, on=row, before={"claim": name})


def _open(ticket: Ticket, name: Name, value: str, user: User) -> Claim | None:
    if name == Name.ORDER:
        orders = Order.objects.visible_to(user).filter(shop=ticket.shop_id)
        order = orders.filter(number=value.removeprefix("#")).newest().first()
        return Claim(name, value, order=order, can_confirm=order is not None)
    handle = Handle(_KINDS[name], value)
    if not handle.is_valid:
        return Claim(name, value)
    identity = Identity.objects.filter(kind=handle.kind, scope="", value=handle.key).first()
    if identity is None:
        return Claim(name, value, can_confirm=True)
    if identity.customer_id == ticket.customer_id:
        return None
    visible = Customer.objects.visible_to(user).current()
    owner = visible.filter(pk=identity.customer_id).first()
    return Claim(name, value, owner=owner, can_confirm=owner is not None)


def _undecided(ticket: Ticket, name: Name, user: User) -> Claim:
    found = next((claim for claim in of(ticket, user) if claim.name == name), None)
    if found is None or found.decision:
        raise ClaimChanged
    return found


def _decide(ticket: Ticket, decision: ClaimDecision, user: User) -> None:
    row = locked_for_work(ticket)
    if row.claim_decisions.filter(name=decision.name).exists():
        raise ClaimChanged
    decision.ticket, decision.user = row, user
    decision.save()
    recording.record(
        row,
        "ticket.claim_decided",
        actor=Actor("agent", user.pk),
        claim=decision.name,
        state=decision.state,
    )
    merged = {"customer": str(decision.merge.kept.public_id)} if decision.merge else {}
    audit.record(
        f"claim.{decision.state}", by=user, on=row, after={"claim": decision.name, **merged}
    )


def _given(customer: Customer, handle: Handle) -> Identity:
    """The handle as the customer's own; whoever got it meanwhile keeps it (`ClaimChanged`)."""
    identifying.give(customer, handle)
    identity = Identity.objects.get(kind=handle.kind, scope="", value=handle.key)
    if identity.customer_id != customer.pk:
        raise ClaimChanged
    return identity


def _take_away(identity: Identity) -> None:
    row = Identity.objects.select_for_update().get(pk=identity.pk)
    uses = Participant.objects.filter(identity=row), Message.objects.filter(sender=row)
    if any(rows.exists() for rows in uses):
        raise AddressInUse
    row.delete()
