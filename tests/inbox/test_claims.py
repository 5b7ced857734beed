"""What a visitor typed about themselves: confirmed, dismissed, and taken back by the agent."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from crm.models import Customer, CustomerShop, Identity, TeamShop
from history.models import Event
from tests.factories import make_channel, make_incoming, make_order, make_team, make_ticket
from tickets import receiving
from tickets.models import Ticket, TicketOrder

pytestmark = pytest.mark.django_db

CLAIMS = {"claimed_email": "Anna@Example.com", "claimed_phone": "600 100 200"}


@pytest.fixture
def ticket() -> Ticket:
    return make_ticket(make_channel("chat"), context=CLAIMS)


@pytest.fixture
def anna(mailbox) -> Customer:
    """A customer of old, who has the address that the visitor typed."""
    incoming = make_incoming(mailbox, sender="anna@example.com")
    customer = receiving.receive(incoming).ticket.customer
    Customer.objects.filter(pk=customer.pk).update(name="Zofia Kowal")
    return customer


def _decide(
    client: Client, ticket: Ticket, decision: str, *, name="claimed_email", owner=""
) -> int:
    address = reverse("inbox:claim", args=[ticket.number, name])
    data = {"decision": decision, "owner": getattr(owner, "public_id", owner)}
    return int(client.post(address, data).status_code)


def _page(client: Client, ticket: Ticket) -> str:
    return client.get(reverse("inbox:ticket", args=[ticket.number])).content.decode()


def _customer_of(ticket: Ticket) -> Customer:
    return Ticket.objects.select_related("customer").get(pk=ticket.pk).customer


def test_address_of_nobody_becomes_the_customers_own(agent_client, agent, ticket):
    assert 'value="confirm"' in _page(agent_client, ticket)

    assert _decide(agent_client, ticket, "confirm") == 200

    identity = Identity.objects.get(value="anna@example.com")
    assert (identity.customer, identity.verified_at) == (ticket.customer, None)
    assert ticket.claim_decisions.get().user == agent
    event = Event.objects.get(kind="ticket.claim_decided")
    assert event.data == {"claim": "claimed_email", "state": "confirmed"}
    assert AuditEntry.objects.get(action="claim.confirmed").actor_id == agent.pk
    assert _decide(agent_client, ticket, "confirm") == 422

    assert _decide(agent_client, ticket, "reopen") == 200
    assert not Identity.objects.filter(value="anna@example.com").exists()
    assert not ticket.claim_decisions.exists()


def test_customer_of_that_address_is_proposed_and_merged_by_a_click(agent_client, ticket, anna):
    page = _page(agent_client, ticket)
    assert reverse("inbox:customer", args=[anna.public_id]) in page
    assert _customer_of(ticket) == ticket.customer

    assert _decide(agent_client, ticket, "confirm", owner=anna) == 200
    assert _customer_of(ticket) == anna
    assert Customer.objects.get(pk=ticket.customer_id).merged_into == anna

    assert _decide(agent_client, ticket, "reopen") == 200
    assert _customer_of(ticket) == ticket.customer
    assert Identity.objects.get(value="anna@example.com").customer == anna


def test_merge_is_only_with_whom_the_agent_was_shown(agent_client, ticket, anna):
    assert _decide(agent_client, ticket, "confirm") == 422
    assert _customer_of(ticket) == ticket.customer


def test_customer_out_of_sight_is_neither_shown_nor_merged(agent_client, ticket, anna):
    CustomerShop.objects.filter(customer=anna).delete()
    Ticket.objects.filter(customer=anna).update(team=make_team("Hurt"))

    page = _page(agent_client, ticket)

    assert str(anna.public_id) not in page
    assert "Zofia Kowal" not in page
    for owner in ("", anna):
        assert _decide(agent_client, ticket, "confirm", owner=owner) == 422
    assert _customer_of(ticket) == ticket.customer


def test_dismissed_claim_asks_no_more(agent_client, ticket):
    assert _decide(agent_client, ticket, "dismiss", name="claimed_phone") == 200

    assert not Identity.objects.filter(kind="phone").exists()
    page = _page(agent_client, ticket)
    assert page.count('value="dismiss"') == 1
    assert page.count('value="reopen"') == 1


def test_address_that_is_in_use_stays(agent_client, ticket, mailbox):
    _decide(agent_client, ticket, "confirm")
    receiving.receive(make_incoming(mailbox, sender="anna@example.com"))

    assert _decide(agent_client, ticket, "reopen") == 422
    assert Identity.objects.get(value="anna@example.com").customer == ticket.customer


def test_order_of_that_number_is_linked(agent_client, ticket):
    order = make_order(ticket.shop, number="2026/11/0042")
    TeamShop.objects.create(team=ticket.team, shop=ticket.shop)
    Ticket.objects.filter(pk=ticket.pk).update(context={"order_ref": "2026/11/0042"})

    assert _decide(agent_client, ticket, "confirm", name="order_ref") == 200
    assert TicketOrder.objects.get(ticket=ticket).order == order

    assert _decide(agent_client, ticket, "reopen", name="order_ref") == 200
    assert not TicketOrder.objects.exists()


def test_what_cannot_be_an_address_can_only_be_dismissed(agent_client, ticket):
    Ticket.objects.filter(pk=ticket.pk).update(context={"claimed_email": "anna"})

    assert _decide(agent_client, ticket, "confirm") == 422
    assert _decide(agent_client, ticket, "dismiss") == 200


def test_who_may_decide(outsider, manager, ticket):
    assert _decide(outsider, ticket, "confirm") == 404
    assert _decide(manager, ticket, "confirm") == 403
    assert not ticket.claim_decisions.exists()


@pytest.mark.parametrize(("name", "decision"), [("colour", "confirm"), ("claimed_email", "erase")])
def test_nonsense(agent_client, ticket, name, decision):
    assert _decide(agent_client, ticket, decision, name=name) == 404
