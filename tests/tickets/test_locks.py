"""Many at once: one customer, one conversation, nothing twice. Each fails without its lock."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from crm.models import Customer, Identity
from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_ticket
from tickets import changing, replying
from tickets.models import Message, Ticket
from tickets.receiving import receive

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(jobs: list[Callable[[], object]]) -> list[Exception]:
    """Run the jobs in threads that start at the same moment; returns what they raised."""
    start, errors = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], object]) -> None:
        try:
            start.wait(timeout=20)
            job()
        except Exception as e:
            errors.append(e)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_fifty_messages_of_a_new_customer_make_one_conversation():
    channel = make_channel("messenger")
    began = timezone.now()
    messages = [
        make_incoming(
            channel, body_text=f"{number}", occurred_at=began + timedelta(milliseconds=number)
        )
        for number in range(50)
    ]

    errors = at_once([lambda one=one: receive(one) for one in messages])

    assert errors == []
    assert (Customer.objects.count(), Identity.objects.count()) == (1, 1)
    ticket = Ticket.objects.get()
    said = ticket.messages.order_by("occurred_at", "id").values_list("body_text", flat=True)
    assert list(said) == [str(number) for number in range(50)]
    ticket.refresh_from_db()
    # One event a message, one for the ticket.
    assert ticket.version == 51


def test_the_same_message_in_parallel_is_stored_once():
    channel = make_channel("messenger")
    incoming = make_incoming(channel)

    errors = at_once([lambda: receive(incoming, source_key="message:1#0") for _ in range(8)])

    assert errors == []
    assert Message.objects.count() == 1


def test_changes_made_at_once_all_count():
    ticket = make_ticket()
    before = Ticket.objects.get(pk=ticket.pk).version
    by = Actor("agent", 1)
    priorities = ["low", "high", "urgent", "normal"] * 3

    errors = at_once(
        [
            lambda priority=priority: changing.set_priority(
                Ticket.objects.get(pk=ticket.pk), priority, by=by
            )
            for priority in priorities
        ]
    )

    assert errors == []
    ticket.refresh_from_db()
    assert ticket.priority in priorities
    assert ticket.version > before


def test_customers_message_and_agents_status_do_not_overwrite_each_other():
    channel = make_channel("messenger")
    first = receive(make_incoming(channel))
    again = replace(make_incoming(channel), body_text="Jeszcze jedno")
    ticket = first.ticket

    errors = at_once(
        [
            lambda: receive(again),
            lambda: changing.set_priority(ticket, "urgent", by=Actor("agent", 1)),
            lambda: replying.note(ticket, replying.Draft("Notatka"), by=Actor("agent", 1)),
        ]
    )

    assert errors == []
    row = Ticket.objects.get(pk=ticket.pk)
    assert row.priority == "urgent"
    assert row.messages.count() == 3
