"""What agents write and have not sent yet: kept as typed, for each device of theirs."""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Prefetch

from accounts.models import User
from tickets.models import Attachment, SavedDraft, Ticket


@transaction.atomic
def keep(
    ticket: Ticket,
    user: User,
    kind: SavedDraft.Kind,
    *,
    body: str,
    files: Sequence[Attachment] = (),
) -> None:
    """Remember the text and the uploaded files; without either there is no draft any more."""
    if not body.strip() and not files:
        drop(ticket, user, kind)
        return
    draft, _created = SavedDraft.objects.update_or_create(
        ticket=ticket, user=user, kind=kind, defaults={"body": body}
    )
    draft.files.exclude(pk__in=[file.pk for file in files]).update(draft=None)
    Attachment.objects.filter(pk__in=[file.pk for file in files]).update(draft=draft)


def drop(ticket: Ticket, user: User, kind: SavedDraft.Kind) -> None:
    """Forget the draft; its files wait for a message as fresh uploads do."""
    SavedDraft.objects.filter(ticket=ticket, user=user, kind=kind).delete()


def of(ticket: Ticket, user: User) -> dict[str, SavedDraft]:
    """The user's drafts on a ticket by kind, with their files."""
    waiting = Prefetch("files", Attachment.objects.filter(message=None).order_by("pk"))
    drafts = SavedDraft.objects.filter(ticket=ticket, user=user).prefetch_related(waiting)
    return {draft.kind: draft for draft in drafts}


def with_draft(user: User, tickets: Collection[int]) -> set[int]:
    """Which of the tickets, by id, have a draft of this user."""
    drafts = SavedDraft.objects.filter(user=user, ticket__in=tickets)
    return set(drafts.values_list("ticket", flat=True))
