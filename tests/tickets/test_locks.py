"""Many at once: one customer, one conversation, nothing twice. Each fails without its lock."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connections, transaction
from django.utils import timezone

from crm import identifying
from crm.models import Customer, Identity
from history.models import Event
from history.recording import SYSTEM, Actor
from tests.factories import handle, make_channel, make_incoming, make_ticket
from tickets import attaching, changing, replying
from tickets.incoming import Threading
from tickets.locking import locked
from tickets.models import Message, Participant, Ticket
from tickets.receiving import receive
from tickets.sla import timer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def slow_storing(monkeypatch):
    """Widens the race: what was read is old by the time it is used, unless it was locked."""
    attach = attaching.attach

    def slow(message, files):
        time.sleep(0.2)
        return attach(message, files)

    monkeypatch.setattr(attaching, "attach", slow)


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

    errors = at_once([partial(receive, one) for one in messages])

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


def test_messages_of_a_known_customer_without_a_ticket_open_one(slow_storing):
    """The identity's lock: without it each would find no ticket and open one."""
    channel = make_channel("messenger")
    identifying.find_or_create(handle(channel))

    errors = at_once([lambda: receive(make_incoming(channel)) for _ in range(8)])

    assert errors == []
    assert Ticket.objects.get().messages.count() == 8


def test_two_people_who_wake_a_ticket_at_once_wake_it_once(slow_storing):
    """The ticket's lock: without it each would find it pending and tell of the change."""
    channel = make_channel()
    ticket = make_ticket(channel)
    people = [f"osoba{number}@example.com" for number in range(4)]
    for person in people:
        identity = identifying.find_or_create(handle(channel, person))
        Participant.objects.create(ticket=ticket, identity=identity, role=Participant.Role.CC)
    changing.set_status(ticket, Ticket.Status.PENDING, by=Actor("agent", 1))
    hints = Threading(refs=(ticket.ref,))

    errors = at_once(
        [
            partial(receive, make_incoming(channel, sender=person, threading=hints))
            for person in people
        ]
    )

    assert errors == []
    woken = Event.objects.filter(kind="ticket.status_changed", data__new="open")
    assert woken.count() == 1


def test_customers_message_and_agents_change_do_not_overwrite_each_other():
    channel = make_channel("messenger")
    first = receive(make_incoming(channel))
    ticket = first.ticket
    by = Actor("agent", 1)

    errors = at_once(
        [
            lambda: receive(make_incoming(channel)),
            lambda: changing.set_priority(ticket, "urgent", by=by),
            lambda: replying.note(ticket, replying.Draft("Notatka"), by=by),
        ]
    )

    assert errors == []
    row = Ticket.objects.get(pk=ticket.pk)
    assert row.priority == "urgent"
    assert row.messages.count() == 3


def test_clock_that_runs_out_does_not_stand_in_the_way_of_an_answer():
    ticket = make_ticket(at=timezone.now() - timedelta(days=30))

    def solve() -> None:
        with transaction.atomic():
            locked(ticket)
            time.sleep(0.3)
            changing.set_status(ticket, Ticket.Status.SOLVED, by=SYSTEM)

    def break_promises() -> None:
        time.sleep(0.1)
        timer.run_due()

    assert at_once([solve, break_promises]) == []
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.SOLVED
