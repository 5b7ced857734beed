"""Which orders a ticket is about: named in its messages, or linked by an agent."""

import re
from collections.abc import Iterable

from django.contrib.postgres.search import SearchQuery
from django.db import transaction

from crm import parcels
from crm.models import Order, Shipment
from helpdesk.morphology import fold
from history.recording import SYSTEM, Actor
from tickets import recording
from tickets.locking import locked_final
from tickets.models import Message, Ticket, TicketOrder

_How = TicketOrder.How

_MOST_CHARACTERS = 20_000
_MOST_NUMBERS = 100
_MOST_TICKETS = 20
_SHORTEST = 4
# What an order may be called: letters and digits, perhaps 2026/11/0042 or ZAM-17, with a digit.
_NUMBER = re.compile(
    r"(?<![\w@/-])(?=[A-Za-z/_-]{0,12}\d)[A-Za-z0-9][A-Za-z0-9/_-]{2,62}[A-Za-z0-9]"
)
_LONGEST_YEAR = 4


def numbers_in(text: str) -> set[str]:
    """Everything in the text that could be the number of an order."""
    found = _NUMBER.findall(text[:_MOST_CHARACTERS])[:_MOST_NUMBERS]
    return {*found, *(number.upper() for number in found)}


def link_named(ticket: Ticket, message: Message) -> None:
    """Link the locked ticket to the orders of its shop that the message names."""
    text = f"{message.subject}\n{message.reply_text or message.body_text}"
    found: dict[Order, _How] = {}
    if tracked := parcels.candidates(text):
        shipments = Shipment.objects.filter(tracking_number__in=tracked, order__shop=ticket.shop_id)
        for shipment in shipments.select_related("order"):
            found[shipment.order] = _How.PARCEL
    if numbers := numbers_in(text):
        for order in Order.objects.filter(number__in=numbers, shop=ticket.shop_id):
            if _is_meant(order, ticket):
                found[order] = _How.NUMBER
    for order, how in found.items():
        _link(ticket, order, how, SYSTEM)


def link_waiting(order: Order) -> None:
    """Link a new order to the tickets that named it before the shop told us of it."""
    for pk in sorted(_tickets_naming(order)):
        ticket = locked_final(pk)
        if _is_meant(order, ticket):
            _link(ticket, order, _How.NUMBER, SYSTEM)


@transaction.atomic
def link(ticket: Ticket, order: Order, *, by: Actor) -> None:
    """An agent says that the ticket is about this order."""
    _link(locked_final(ticket), order, _How.HAND, by)


@transaction.atomic
def unlink(ticket: Ticket, order: Order, *, by: Actor) -> None:
    """The ticket is not about this order."""
    row = locked_final(ticket)
    gone, _rows = row.order_links.filter(order=order).delete()
    if gone:
        recording.record(row, "ticket.order_unlinked", actor=by, order=order.pk)


def _link(ticket: Ticket, order: Order, how: _How, by: Actor) -> None:
    _row, created = TicketOrder.objects.get_or_create(
        ticket=ticket, order=order, defaults={"how": how}
    )
    if created:
        recording.record(ticket, "ticket.order_linked", actor=by, order=order.pk, how=how)


def _is_meant(order: Order, ticket: Ticket) -> bool:
    """A short number is a year or a price more often than somebody else's order."""
    own = order.customer_id == ticket.customer_id
    return own or len(order.number) > _LONGEST_YEAR or not order.number.isdigit()


def _tickets_naming(order: Order) -> Iterable[int]:
    """Tickets of the shop that hold the number as a word, written since the order was placed."""
    if len(order.number) < _SHORTEST or not numbers_in(order.number):
        return []
    word = fold(order.number)
    messages = Message.objects.filter(
        search=SearchQuery(f"'{word}'", search_type="raw", config="simple"),
        direction=Message.Direction.INBOUND,
        occurred_at__gte=order.placed_at,
        ticket__shop=order.shop_id,
    )
    return set(messages.values_list("ticket", flat=True)[:_MOST_TICKETS])
