"""One page of the ticket list: found by key, drawn row by row."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from accounts.models import User
from inbox import cursors, rows
from inbox.folders import Folder
from inbox.rows import Listed
from tickets import drafting, finding
from tickets.finding import Search
from tickets.models import Message, Seen, Ticket
from tickets.models.ticket import TicketQuerySet

PAGE_SIZE = 50
# So many tickets are looked into for a common word: some 20 ms of the database's time.
_NEAR = 2_000

# What an address may ask for, and the column that it means.
ORDERS = {"newest": "-last_message_at", "oldest": "last_message_at", "waiting": "waiting_since"}
DEFAULT_ORDER = "newest"


@dataclass(frozen=True)
class Page:
    rows: Sequence[rows.Row]
    # Where the next page begins; empty on the last one.
    after: str


def page(user: User, folder: Folder, *, order: str, search: str = "", after: str = "") -> Page:
    """Rows of a view (or of a search in everything that the user sees) after a position."""
    column = ORDERS[order if order != "waiting" or folder.waits else DEFAULT_ORDER]
    asked = finding.understand(search, user)
    found = _searchable(user) if search else folder.tickets(user)
    if after:
        found = found.page_after(column, *cursors.read(after))
    else:
        found = found.order_by(column, "-id" if column.startswith("-") else "id")
    tickets = _near(found, column, asked) or rows.listed(asked.narrow(found)[: PAGE_SIZE + 1])
    shown = tickets[:PAGE_SIZE]
    more = len(tickets) > PAGE_SIZE
    return Page(
        _drawn(user, shown, asked.words),
        cursors.write(getattr(shown[-1], column.lstrip("-")), shown[-1].pk) if more else "",
    )


def rows_of(user: User, folder: Folder, numbers: Sequence[int], search: str = "") -> list[rows.Row]:
    """Those of the numbered tickets that (still) belong to the view."""
    asked = finding.understand(search, user)
    found = asked.narrow(_searchable(user)) if search else folder.tickets(user)
    return _drawn(user, rows.listed(found.filter(number__in=numbers)), asked.words)


def _near(tickets: TicketQuerySet, column: str, asked: Search) -> list[Listed]:
    """A page of what many tickets say, found among the next few thousand; [] if that is no page.

    To collect all messages with a common word takes longer the more there are. To walk the list
    until the page is full takes the longer the rarer the word is, so the walk has an end.
    """
    if not asked.words:
        return []
    moment = column.lstrip("-")
    edge = list(tickets.values_list(moment, flat=True)[_NEAR : _NEAR + 1])
    if not edge:
        return []
    way = "gte" if column.startswith("-") else "lte"
    up_to_edge = tickets.filter(**{f"{moment}__{way}": edge[0]})
    found = rows.listed(asked.narrow_one_by_one(up_to_edge)[: PAGE_SIZE + 1])
    return found if len(found) > PAGE_SIZE else []


def _searchable(user: User) -> TicketQuerySet:
    return Ticket.objects.visible_to(user).filter(merged_into=None)


def unread(user: User, tickets: Sequence[Listed | Ticket]) -> set[int]:
    """The ids of those where the customer waits with a message that this user has not seen."""
    seen = Seen.objects.filter(user=user, ticket=OuterRef("ticket"), message_id__gte=OuterRef("pk"))
    waiting = [ticket.pk for ticket in tickets if ticket.waiting_since]
    new = Message.objects.filter(ticket__in=waiting, direction=Message.Direction.INBOUND)
    return set(new.exclude(Exists(seen)).values_list("ticket", flat=True).distinct())


def _drawn(user: User, tickets: Sequence[Listed], words: str) -> list[rows.Row]:
    return rows.draw(
        tickets,
        unread=unread(user, tickets),
        drafts=drafting.with_draft(user, [ticket.pk for ticket in tickets]),
        passages=finding.passages([ticket.pk for ticket in tickets], words),
    )
