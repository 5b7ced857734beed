"""Lists and tickets cost the same queries however much they show."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history.recording import Actor
from tests.factories import make_incoming, make_ticket
from tickets import changing, receiving, replying
from tickets.models import Tag
from tickets.replying import Draft


def _count(agent_client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert agent_client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("htmx", ["true", ""])
def test_list_takes_ten_queries_for_three_rows_and_for_thirty(htmx, agent_client, mailbox, agent):
    agent_client.defaults["HTTP_HX_REQUEST"] = htmx
    tag = Tag.objects.create(slug="zwrot", name="zwrot")
    counts = []
    for _round in [3, 27]:
        for _ticket in range(_round):
            ticket = make_ticket(mailbox)
            changing.set_tags(ticket, [tag], by=Actor("agent", agent.pk))
        cache.clear()
        counts.append(_count(agent_client, reverse("inbox:list") + "?view=open"))

    # Session, user, channels, counters, tickets, tags, clocks, unread.
    assert counts[0] == counts[1] <= 10


def test_kept_rows_ask_for_neither_tags_nor_clocks(agent_client, mailbox):
    make_ticket(mailbox)
    address = reverse("inbox:list") + "?view=open"
    _count(agent_client, address)
    kept = _count(agent_client, address)
    cache.clear()

    # The ticket itself, tags and clocks, and the session, which stood in the same cache.
    assert _count(agent_client, address) == kept + 4


@pytest.mark.parametrize("htmx", ["true", ""])
def test_ticket_takes_fourteen_queries_for_three_messages_and_for_thirty(
    htmx, agent_client, mailbox, agent
):
    agent_client.defaults["HTTP_HX_REQUEST"] = htmx
    ticket = make_ticket(mailbox)
    address = reverse("inbox:ticket", args=[ticket.number])
    actor = Actor("agent", agent.pk)
    counts = []
    for messages in [2, 26]:
        for number in range(messages):
            replying.note(ticket, Draft(body_text=f"Notatka {number}"), by=actor, user=agent)
            changing.set_priority(ticket, ["high", "low"][number % 2], by=actor)
        # The session may have to be read from the database once.
        counts.append(min(_count(agent_client, address) for _try in range(2)))

    # Session, user, ticket, tags, messages and their files, deliveries and reactions, changes and
    # their names, participants, identities, earlier tickets.
    assert counts[0] == counts[1] <= 14


def test_customer_with_many_tickets_costs_no_more(agent_client, mailbox):
    counts = []
    for tickets in [3, 27]:
        for _ticket in range(tickets):
            receiving.receive(make_incoming(mailbox, sender="anna@example.com", subject="Nowa"))
        counts.append(_count(agent_client, reverse("inbox:customers")))

    assert counts[0] == counts[1] <= 6
