"""The lock of a ticket: taken before anything in it changes, and after its sender's identity."""

from tickets.errors import TicketMerged
from tickets.models import Ticket


def locked(ticket: Ticket | int) -> Ticket:
    """The ticket as it is now, locked until the transaction ends."""
    pk = ticket if isinstance(ticket, int) else ticket.pk
    # Only the ticket's own row: a join would lock its customer and channel as well.
    return Ticket.objects.select_for_update(of=("self",)).select_related("channel").get(pk=pk)


def locked_final(ticket: Ticket | int) -> Ticket:
    """The locked ticket at the end of a chain of merges."""
    found = locked(ticket)
    while found.merged_into_id:
        found = locked(found.merged_into_id)
    return found


def locked_for_work(ticket: Ticket | int) -> Ticket:
    """The locked ticket, for an agent's change. Raises `TicketMerged`."""
    found = locked(ticket)
    if found.merged_into_id:
        raise TicketMerged
    return found
