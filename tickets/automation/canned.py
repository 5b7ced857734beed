"""Prepared answers: finding one while typing, and putting it into an answer."""

from collections.abc import Sequence

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from helpdesk.morphology import fold
from tickets import attaching
from tickets.automation import placeholders
from tickets.automation.models import CannedReply
from tickets.models import Attachment, Ticket

_MOST_FOUND = 8
_MOST_LOOKED_THROUGH = 1_000


def find(words: str, ticket: Ticket, user: User) -> list[CannedReply]:
    """Those whose name or folder has all these beginnings of words, the most used first."""
    wanted = fold(words).split()
    usable = CannedReply.objects.visible_to(user).for_shop(ticket.shop_id)
    found = [
        reply
        for reply in usable.order_by("-times_used", "name")[:_MOST_LOOKED_THROUGH]
        if _begins(wanted, f"{reply.name} {reply.folder}")
    ]
    # Of several that fit, the one whose name begins so is meant.
    found.sort(key=lambda reply: not fold(reply.name).startswith(" ".join(wanted)))
    return found[:_MOST_FOUND]


def use(reply: CannedReply, ticket: Ticket, user: User) -> tuple[str, Sequence[Attachment]]:
    """The text filled in for the ticket, with copies of its files that wait for their message."""
    CannedReply.objects.filter(pk=reply.pk).update(
        times_used=F("times_used") + 1, last_used_at=timezone.now()
    )
    files = [
        attaching.upload(attaching.read(file), file.name, user=user)
        for file in reply.files.order_by("pk")
    ]
    return placeholders.fill(reply.body, ticket, user), files


def _begins(wanted: Sequence[str], text: str) -> bool:
    words = fold(text).replace("-", " ").split()
    return all(any(word.startswith(part) for word in words) for part in wanted)
