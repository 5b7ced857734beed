"""What people do to a ticket besides writing: each verb locks it, changes it and records it."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Team, User
from crm.models import Customer, Identity
from history.recording import Actor
from tickets import recording
from tickets.errors import NotInTeam, TicketClosed
from tickets.locking import locked, locked_for_work
from tickets.models import Participant, Reason, Seen, Tag, Ticket, TicketFollower

_FINAL = Ticket.Status.CLOSED
_RELATIONS = {"assignee", "team", "reason", "customer"}


@transaction.atomic
def set_status(ticket: Ticket, status: Ticket.Status | str, *, by: Actor) -> Ticket:
    """Set the status. A closed ticket stays closed: raises `TicketClosed`."""
    row = locked_for_work(ticket)
    status = Ticket.Status(status)
    if row.status == status:
        return row
    if row.status == _FINAL:
        raise TicketClosed
    now = timezone.now()
    old, row.status = row.status, status
    if status in (Ticket.Status.SOLVED, _FINAL):
        row.solved_at = row.solved_at if status == _FINAL and row.solved_at else now
        row.waiting_since, row.snoozed_until = None, None
    if status == _FINAL:
        row.closed_at = now
    row.save(update_fields=["status", "solved_at", "closed_at", "waiting_since", "snoozed_until"])
    recording.record(row, "ticket.status_changed", actor=by, old=old, new=status)
    return _same(ticket, row)


@transaction.atomic
def assign(ticket: Ticket, user: User | None, *, by: Actor) -> Ticket:
    """Give the ticket to somebody, or to nobody. Raises `NotInTeam` for who answers no tickets."""
    row = locked_for_work(ticket)
    if user is not None and not User.objects.agents().filter(pk=user.pk).exists():
        raise NotInTeam
    return _set(ticket, row, "ticket.assigned", by=by, assignee=user)


@transaction.atomic
def set_team(ticket: Ticket, team: Team, *, by: Actor) -> Ticket:
    """Hand the ticket to a team; whoever is not in it loses the ticket."""
    row = locked_for_work(ticket)
    old = row.assignee_id
    row = _set(ticket, row, "ticket.team_changed", by=by, team=team)
    if old and not team.members.filter(pk=old).exists():
        row = _set(ticket, row, "ticket.assigned", by=by, assignee=None)
    return row


@transaction.atomic
def set_priority(ticket: Ticket, priority: Ticket.Priority | str, *, by: Actor) -> Ticket:
    row = locked_for_work(ticket)
    return _set(ticket, row, "ticket.priority_changed", by=by, priority=Ticket.Priority(priority))


@transaction.atomic
def set_reason(ticket: Ticket, reason: Reason | None, *, by: Actor) -> Ticket:
    return _set(ticket, locked_for_work(ticket), "ticket.reason_changed", by=by, reason=reason)


@transaction.atomic
def set_subject(ticket: Ticket, subject: str, *, by: Actor) -> Ticket:
    """Change the subject; the event does not hold the words."""
    row = locked_for_work(ticket)
    if row.subject != subject:
        row.subject = subject
        row.save(update_fields=["subject"])
        recording.record(row, "ticket.subject_changed", actor=by)
    return _same(ticket, row)


@transaction.atomic
def set_tags(ticket: Ticket, tags: Collection[Tag], *, by: Actor) -> Ticket:
    """Make these the ticket's tags, whatever it had."""
    row = locked_for_work(ticket)
    had = set(row.tags.values_list("pk", flat=True))
    wanted = {tag.pk for tag in tags}
    if had != wanted:
        row.tags.set(tags)
        recording.record(
            row,
            "ticket.tags_changed",
            actor=by,
            added=sorted(wanted - had),
            removed=sorted(had - wanted),
        )
    return _same(ticket, row)


@transaction.atomic
def snooze(ticket: Ticket, until: datetime | None, *, by: Actor) -> Ticket:
    """Put the ticket aside until then, or (None) take it up again; the status stays."""
    row = locked_for_work(ticket)
    if row.snoozed_until != until:
        row.snoozed_until = until
        row.save(update_fields=["snoozed_until"])
        recording.record(row, "ticket.snoozed", actor=by, until=until)
    return _same(ticket, row)


@transaction.atomic
def set_spam(ticket: Ticket, spam: bool, *, by: Actor) -> Ticket:
    """Mark as spam (its clocks end, it leaves every view but one), or say that it is none."""
    return _set(ticket, locked_for_work(ticket), "ticket.spam_changed", by=by, spam=spam)


@transaction.atomic
def ask_for_review(ticket: Ticket, *, by: Actor) -> Ticket:
    """Somebody should look at this ticket, though its status says that it is done."""
    row = locked(ticket)
    return _set(ticket, row, "ticket.review_changed", by=by, needs_review=True)


@transaction.atomic
def reviewed(ticket: Ticket, *, by: Actor) -> Ticket:
    """An agent has looked at what a stranger wrote into the ticket."""
    row = locked_for_work(ticket)
    return _set(ticket, row, "ticket.review_changed", by=by, needs_review=False)


@transaction.atomic
def set_participant(
    ticket: Ticket, identity: Identity, role: Participant.Role | None, *, by: Actor
) -> None:
    """Give somebody a part in the ticket, or (None) take it away; the requester stays."""
    row = locked_for_work(ticket)
    others = row.participants.filter(identity=identity).exclude(role=Participant.Role.REQUESTER)
    if role is None:
        others.delete()
    elif not others.update(role=role):
        Participant.objects.get_or_create(ticket=row, identity=identity, defaults={"role": role})
    recording.record(
        row, "ticket.participant_changed", actor=by, identity=identity.pk, role=role or None
    )


@transaction.atomic
def set_customer(ticket: Ticket, customer: Customer, *, by: Actor) -> Ticket:
    """The case belongs to another customer (a forwarded mail, a confirmed claim)."""
    row = locked_for_work(ticket)
    return _set(ticket, row, "ticket.customer_changed", by=by, customer=customer)


@transaction.atomic
def follow(ticket: Ticket, user: User, *, why: TicketFollower.Why) -> None:
    """Let a user see the ticket from now on, whatever their teams."""
    row = locked_for_work(ticket)
    _follower, created = TicketFollower.objects.get_or_create(
        ticket=row, user=user, defaults={"why": why}
    )
    if created:
        recording.record(row, "ticket.followed", actor=Actor("agent", user.pk), why=why)


def see(ticket: Ticket, user: User, message_id: int) -> None:
    """Remember the newest message a user has seen; it only moves forward, and is no event."""
    seen, created = Seen.objects.get_or_create(
        user=user, ticket=ticket, defaults={"message_id": message_id}
    )
    if not created and seen.message_id < message_id:
        Seen.objects.filter(pk=seen.pk, message_id__lt=message_id).update(
            message_id=message_id, at=timezone.now()
        )


def _set(ticket: Ticket, row: Ticket, kind: str, *, by: Actor, **change: object) -> Ticket:
    """Change one column of the locked row and record old and new, as ids or codes."""
    [(name, value)] = change.items()
    column = f"{name}_id" if name in _RELATIONS else name
    old = getattr(row, column)
    setattr(row, name, value)
    new = getattr(row, column)
    if old != new:
        row.save(update_fields=[name])
        recording.record(row, kind, actor=by, old=old, new=new)
    return _same(ticket, row)


def _same(ticket: Ticket, row: Ticket) -> Ticket:
    """Bring the caller's object up to what was just written."""
    if ticket is not row:
        for field in row._meta.concrete_fields:
            setattr(ticket, field.attname, getattr(row, field.attname))
    return row
