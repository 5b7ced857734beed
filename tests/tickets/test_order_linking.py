"""Tickets find their orders: by the number or parcel in the text, before or after it is known."""

import pytest

from history.models import Event
from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_order, make_ticket, make_user
from tickets import order_linking
from tickets.models import TicketOrder
from tickets.receiving import receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    return make_channel()


def write(channel, text, sender="anna@example.com", **fields):
    return receive(make_incoming(channel, sender=sender, body_text=text, **fields)).ticket


@pytest.mark.parametrize(
    "text",
    ["Gdzie jest zamówienie 10421?", "nr 10421, proszę", "(#10421)", "zam.10421.", "zam:10421"],
)
def test_order_named_in_the_text(channel, text):
    order = make_order(channel.shop, number="10421")

    ticket = write(channel, text)

    [link] = ticket.order_links.all()
    assert (link.order, link.how) == (order, "number")
    event = Event.objects.get(kind="ticket.order_linked")
    assert event.data == {"order": order.pk, "how": "number"}


@pytest.mark.parametrize("number", ["2026/11/0042", "ZAM-17", "AL0012345"])
def test_numbers_have_many_forms(channel, number):
    order = make_order(channel.shop, number=number)

    ticket = write(channel, f"Czy {number.lower()} już wysłane?" if number[0] == "Z" else number)

    assert ticket.order_links.get().order == order


def test_order_named_in_the_subject(channel):
    make_order(channel.shop, number="10421")

    assert write(channel, "Proszę o pomoc", subject="Zamówienie 10421").order_links.exists()


def test_order_of_a_parcel_in_the_text(channel):
    shipment = {
        "external_id": "S-1",
        "carrier": "gls",
        "status": "in_transit",
        "direction": "outbound",
        "tracking_number": "12345678901",
    }
    order = make_order(channel.shop, shipments=[shipment])

    ticket = write(channel, "Paczka 12345678901 nie dotarła")

    assert ticket.order_links.get().order == order
    assert ticket.order_links.get().how == "parcel"


def test_order_that_comes_after_the_message(channel):
    ticket = write(channel, "Zamówienie 10421: proszę o zmianę adresu")
    assert not ticket.order_links.exists()

    order = make_order(channel.shop, number="10421")

    assert ticket.order_links.get().order == order


def test_orders_of_another_shop_are_left(channel):
    make_order(make_channel().shop, number="10421")

    assert not write(channel, "Zamówienie 10421").order_links.exists()


def test_a_year_is_nobody_elses_order(channel):
    make_order(channel.shop, number="2026")
    make_order(channel.shop, number="2025", customer={"email": "anna@example.com"})

    ticket = write(channel, "w 2026 roku i w 2025")

    assert ticket.order_links.get().order.number == "2025"


def test_an_agent_links_and_unlinks():
    ticket, by = make_ticket(), Actor("agent", make_user().pk)
    order = make_order(ticket.shop)

    order_linking.link(ticket, order, by=by)
    order_linking.link(ticket, order, by=by)
    assert TicketOrder.objects.get().how == "hand"

    order_linking.unlink(ticket, order, by=by)
    order_linking.unlink(ticket, order, by=by)
    assert not TicketOrder.objects.exists()
    kinds = Event.objects.filter(kind__contains="order_").values_list("kind", flat=True)
    assert sorted(kinds) == ["ticket.order_linked", "ticket.order_unlinked"]
