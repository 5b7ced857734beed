"""The outbox: in order, one sender a ticket, never twice; what fails comes back in plain words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_ingest import delivering, health, sweeping
from channels_ingest.adapter import Outgoing, Refused, Sent, Unavailable, Uncertain
from channels_ingest.email import send
from channels_ingest.models import Connection
from history.recording import SYSTEM, Actor
from tests.channels_ingest.test_journal import in_threads
from tests.factories import make_ticket
from tickets import receipts, replying
from tickets.incoming import Receipt
from tickets.models import Delivery, Message, Ticket

State = Delivery.State


class Provider:
    """The one function by which mail leaves the process; `outcomes` are its next answers."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.outcomes: list[Exception | None] = []
        self.during: Callable[[Outgoing], None] = lambda _outgoing: None

    def send(self, outgoing: Outgoing) -> Sent:
        self.during(outgoing)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        self.sent.append(outgoing.message.body_text)
        return Sent(outgoing.message.external_id)


@pytest.fixture
def provider(monkeypatch) -> Provider:
    stand_in = Provider()
    monkeypatch.setattr(send, "send", stand_in.send)
    return stand_in


def queued(ticket: Ticket, text: str, **options: Any) -> Delivery:
    """An answer whose undo window is over."""
    message = replying.reply(ticket, replying.Draft(text), by=Actor("agent"), **options)
    due(message.deliveries.get())
    return Delivery.objects.get(message=message)


def due(delivery: Delivery) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery.pk).update(not_before=None, next_attempt_at=past)


def deliver(delivery: Delivery) -> Delivery:
    delivering.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


@pytest.mark.django_db
class TestOrder:
    def test_replies_of_a_ticket_leave_as_they_were_written(self, provider):
        ticket = make_ticket()
        deliveries = [queued(ticket, f"Odpowiedź {number}") for number in range(3)]

        delivering.deliver(deliveries[2].pk)

        assert provider.sent == ["Odpowiedź 0", "Odpowiedź 1", "Odpowiedź 2"]

    def test_later_ones_wait_for_one_that_is_tried_again(self, provider):
        ticket = make_ticket()
        first, second = queued(ticket, "Pierwsza"), queued(ticket, "Druga")
        provider.outcomes = [Unavailable("Za chwilę.")]

        deliver(second)
        assert provider.sent == []
        due(first)
        deliver(second)

        assert provider.sent == ["Pierwsza", "Druga"]

    @pytest.mark.parametrize("outcome", [Refused("Nie."), Uncertain()])
    def test_later_ones_do_not_wait_for_one_that_is_over(self, outcome, provider):
        ticket = make_ticket()
        first, second = queued(ticket, "Pierwsza"), queued(ticket, "Druga")
        provider.outcomes = [outcome]

        deliver(first)
        deliver(second)

        assert provider.sent == ["Druga"]

    def test_nothing_leaves_within_the_undo_window(self, provider):
        message = replying.reply(make_ticket(), replying.Draft("Zaraz"), by=Actor("agent"))

        deliver(message.deliveries.get())

        assert provider.sent == []

    def test_committed_as_being_sent_before_the_first_byte(self, provider):
        states = []
        provider.during = lambda outgoing: states.append(
            Delivery.objects.get(pk=outgoing.delivery_id).state
        )
        deliver(queued(make_ticket(), "Odpowiedź"))
        assert states == [State.SENDING]


@pytest.mark.django_db
class TestFailures:
    def test_passing_ones_are_tried_ever_later_and_then_end(self, provider):
        ticket = make_ticket()
        delivery = queued(ticket, "Odpowiedź")
        waits = []
        for _ in range(20):
            provider.outcomes = [Unavailable("Za chwilę.")]
            due(delivery)
            if deliver(delivery).state == State.FAILED:
                break
            waits.append(delivery.next_attempt_at - timezone.now())

        assert waits == sorted(waits)
        assert (len(waits), delivery.attempts) == (10, 11)
        assert "Za chwilę." in ticket.messages.get(direction="note").body_text

    def test_providers_own_wait_wins(self, provider):
        delivery = queued(make_ticket(), "Odpowiedź")
        provider.outcomes = [Unavailable("Później.", retry_after=timedelta(hours=2))]

        deliver(delivery)

        assert delivery.next_attempt_at > timezone.now() + timedelta(minutes=115)

    def test_bug_of_ours_is_tried_again(self, provider):
        delivery = queued(make_ticket(), "Odpowiedź")
        provider.outcomes = [ZeroDivisionError()]

        assert deliver(delivery).state == State.QUEUED
        due(delivery)
        assert deliver(delivery).state == State.SENT

    def test_lost_sign_in_stops_the_channel_until_it_is_mended(self, provider):
        delivery = queued(make_ticket(), "Odpowiedź")
        provider.outcomes = [Refused("Zaloguj.", needs_reauth=True)]
        deliver(delivery)
        due(delivery)
        deliver(delivery)
        assert (provider.sent, delivery.state) == ([], State.QUEUED)

        health.worked(delivery.channel_id)
        deliver(delivery)

        assert provider.sent == ["Odpowiedź"]

    def test_remark_is_noted_for_the_agent(self, monkeypatch):
        ticket = make_ticket()
        monkeypatch.setattr(send, "send", lambda _outgoing: Sent("x", remark="Bez kopii."))

        deliver(queued(ticket, "Odpowiedź"))

        assert ticket.messages.get(direction="note").body_text == "Bez kopii."


@pytest.mark.django_db
class TestUnknownOutcome:
    @pytest.fixture
    def delivery(self, provider) -> Delivery:
        delivery = queued(make_ticket(), "Odpowiedź")
        provider.outcomes = [Uncertain()]
        return deliver(delivery)

    def test_is_no_success_and_not_sent_again(self, delivery, provider):
        due(delivery)
        sweeping.sweep()
        deliver(delivery)
        assert (delivery.state, provider.sent) == (State.UNCERTAIN, [])

    def test_receipt_settles_it(self, delivery):
        named = Delivery.objects.get().message.external_id
        Delivery.objects.update(external_id=named)
        receipts.receipt(
            Receipt(delivery.channel_id, "delivered", timezone.now(), external_ids=(named,))
        )
        delivery.refresh_from_db()
        assert delivery.state == State.DELIVERED

    def test_agent_sends_it_again(self, delivery, provider):
        delivering.send_again(delivery, by=SYSTEM)
        delivery.refresh_from_db()
        assert (delivery.state, provider.sent) == (State.SENT, ["Odpowiedź"])

    def test_agent_knows_that_it_arrived(self, delivery, provider):
        delivering.call_it_sent(delivery, by=SYSTEM)
        delivery.refresh_from_db()
        assert (delivery.state, provider.sent) == (State.SENT, [])

    def test_sender_that_died_leaves_it_open(self, provider):
        delivery = queued(make_ticket(), "Odpowiedź")
        provider.during = _die
        with pytest.raises(KeyboardInterrupt):
            deliver(delivery)
        delivery.refresh_from_db()
        assert delivery.state == State.SENDING
        Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

        sweeping.sweep()

        delivery.refresh_from_db()
        assert (delivery.state, provider.sent) == (State.UNCERTAIN, [])


def _die(_outgoing: Outgoing) -> None:
    raise KeyboardInterrupt


@pytest.mark.django_db(transaction=True)
def test_many_senders_at_once_send_once(provider):
    ticket = make_ticket()
    deliveries = [queued(ticket, f"Odpowiedź {number}") for number in range(3)]

    in_threads(5, lambda number: delivering.deliver(deliveries[number % 3].pk))
    for delivery in deliveries:
        delivering.deliver(delivery.pk)

    assert provider.sent == ["Odpowiedź 0", "Odpowiedź 1", "Odpowiedź 2"]
    assert Message.objects.filter(direction="outbound").count() == 3
    assert Connection.objects.get().state == Connection.State.ACTIVE
