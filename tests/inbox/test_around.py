"""Beside the ticket: its orders and parcels, what the customer buys, the likely reason."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry
from tests.factories import make_incoming, make_order
from tickets import reasons
from tickets.receiving import receive

ACCOUNT = "61 1090 1014 0000 0712 1981 2874"
PARCEL = "600000000000000000000001"
SHIPMENT = {
    "external_id": "S-1",
    "carrier": "inpost",
    "tracking_number": PARCEL,
    "status": "ready_for_pickup",
    "direction": "outbound",
}


@pytest.fixture
def ticket(mailbox):
    text = f"Zamówienie 10421, paczka {PARCEL}. Zwrot na {ACCOUNT}"
    return receive(make_incoming(mailbox, body_text=text, sender="anna@example.com")).ticket


def around(client, ticket) -> str:
    response = client.get(reverse("inbox:around", args=[ticket.number]))
    assert response.status_code == 200
    return str(response.content.decode())


def test_order_with_its_parcel_lines_and_sums(agent_client, ticket):
    make_order(
        ticket.shop,
        number="10421",
        customer={"email": "anna@example.com"},
        shipments=[SHIPMENT],
        totals={"total": "12345.60", "paid": "12345.60"},
        pickup_point={"provider": "inpost", "code": "KRA01A"},
        customer_note=f"Proszę o zwrot na {ACCOUNT}",
    )

    page = around(agent_client, ticket)

    assert "#10421" in page
    assert "12\u00a0345,60\u00a0zł" in page
    assert "Kubek emaliowany" in page
    assert f"https://inpost.pl/sledzenie-przesylek?number={PARCEL}" in page
    assert "KRA01A" in page
    assert ACCOUNT not in page


def test_parcel_is_a_chip_in_the_thread_and_beside_it(agent_client, ticket):
    thread = agent_client.get(reverse("inbox:ticket", args=[ticket.number])).content.decode()

    for page in (thread, around(agent_client, ticket)):
        assert f"https://inpost.pl/sledzenie-przesylek?number={PARCEL}" in page


def test_likely_reason_is_offered(agent_client, ticket):
    reasons.add_usual(by=None)

    page = around(agent_client, ticket)

    assert 'data-set="reason"' in page
    ticket.refresh_from_db()
    assert ticket.reason is None


def test_orders_of_others_are_marked_and_those_out_of_sight_are_not_shown(
    agent_client, ticket, agent
):
    order = make_order(ticket.shop, number="10421")
    assert "#10421" not in around(agent_client, ticket)

    ticket.shop.teams.add(agent.teams.get())

    page = around(agent_client, ticket)
    assert "#10421" in page
    assert reverse("inbox:customer", args=[order.customer.public_id]) in page


def test_agent_links_and_unlinks(agent_client, ticket, agent, manager):
    ticket.shop.teams.add(agent.teams.get())
    order = make_order(ticket.shop, number="777")
    address = reverse("inbox:order-link", args=[ticket.number])

    assert manager.post(address, {"order": "777"}).status_code == 403
    assert agent_client.post(address, {"order": "778"}).status_code == 422
    assert agent_client.post(address, {"order": "#777"}).status_code == 200
    assert ticket.order_links.get().order == order

    away = reverse("inbox:order-unlink", args=[ticket.number, order.public_id])
    assert agent_client.post(away).status_code == 200
    assert not ticket.order_links.exists()


def test_numbers_are_covered_until_somebody_asks(agent_client, ticket):
    message = ticket.messages.get()
    page = agent_client.get(reverse("inbox:ticket", args=[ticket.number])).content.decode()
    assert ACCOUNT not in page
    assert "•• •••• •••• •••• •••• •••• 2874" in page

    shown = agent_client.post(reverse("inbox:message-numbers", args=[message.public_id]))

    assert ACCOUNT in shown.content.decode()
    assert AuditEntry.objects.get(action="message.numbers_shown").object_id == str(
        message.public_id
    )


def test_numbers_are_covered_in_a_mails_frame(agent_client, mailbox):
    html = f"<p>Konto: <b>{ACCOUNT}</b></p><table><tr><td>44051401359</td></tr></table>"
    message = receive(make_incoming(mailbox, body_html=html))

    body = agent_client.get(reverse("inbox:message-body", args=[message.public_id]))

    assert ACCOUNT not in body.content.decode()
    assert "44051401359" not in body.content.decode()


def test_many_orders_cost_no_more_queries(agent_client, ticket):
    customer = {"email": "anna@example.com"}
    counts = []
    for orders in [2, 10]:
        for _order in range(orders):
            make_order(ticket.shop, customer=customer, shipments=[SHIPMENT])
        with CaptureQueriesContext(connection) as captured:
            around(agent_client, ticket)
        counts.append(len(captured))

    assert counts[0] == counts[1]
