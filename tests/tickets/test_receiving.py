"""What comes in: once, on the right ticket, with the right effects."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from history.models import Event
from history.recording import Actor
from tests.factories import handle, make_channel, make_incoming, make_ticket, make_user
from tickets import changing, replying
from tickets.incoming import Threading
from tickets.models import Message, Participant, Target, Ticket, TicketLink
from tickets.receiving import Duplicate, receive

pytestmark = pytest.mark.django_db


def test_message_opens_a_ticket_beside_a_customer():
    channel = make_channel()

    message = receive(make_incoming(channel))

    ticket = message.ticket
    assert ticket.status == Ticket.Status.NEW
    assert ticket.number > 10_000
    assert ticket.customer.name == "Anna Kowalska"
    assert ticket.waiting_since == message.occurred_at
    assert ticket.participants.get().role == Participant.Role.REQUESTER
    assert message.threaded_by == Message.Rule.NEW
    assert list(Event.objects.order_by("id").values_list("kind", flat=True)) == [
        "ticket.created",
        "message.received",
    ]
    assert set(ticket.targets.values_list("metric", flat=True)) == {
        Target.Metric.FIRST_RESPONSE,
        Target.Metric.RESOLUTION,
    }


def test_the_same_message_twice_is_stored_once():
    channel = make_channel()
    incoming = make_incoming(channel)

    first = receive(incoming, source_key="message:1#0")
    second = receive(incoming, source_key="message:1#0")

    assert first == second
    assert Message.objects.count() == 1


def test_re_encoded_copy_of_a_mail_is_a_duplicate():
    channel = make_channel()
    incoming = make_incoming(channel, external_id="a@example.com", content_hash="x" * 64)
    receive(incoming, source_key="message:1#0")

    with pytest.raises(Duplicate):
        receive(incoming, source_key="message:2#0")


def test_reused_message_id_with_other_content_joins_flagged():
    channel = make_channel()
    first = receive(make_incoming(channel, external_id="a@example.com", content_hash="x" * 64))

    other = receive(make_incoming(channel, external_id="a@example.com", content_hash="y" * 64))

    assert other.ticket == first.ticket
    assert other.flagged
    assert other.threaded_by == Message.Rule.SAME_ID


def test_customers_answer_opens_a_solved_ticket_and_ends_a_snooze():
    channel = make_channel("messenger")
    agent = make_user()
    ticket = receive(make_incoming(channel)).ticket
    changing.snooze(ticket, timezone.now() + timedelta(days=1), by=Actor("agent", agent.pk))
    changing.set_status(ticket, Ticket.Status.PENDING, by=Actor("agent", agent.pk))

    message = receive(make_incoming(channel))

    ticket.refresh_from_db()
    assert message.ticket == ticket
    assert message.threaded_by == Message.Rule.CONVERSATION
    assert (ticket.status, ticket.snoozed_until) == (Ticket.Status.OPEN, None)


def test_messenger_joins_the_newest_ticket_that_is_not_closed():
    channel = make_channel("chat")
    older, newest = (receive(make_incoming(channel, sender="gosc")).ticket for _ in range(2))
    assert older == newest
    newest = make_ticket(channel)
    newest.participants.update(identity=older.participants.get().identity_id)
    Ticket.objects.filter(pk=newest.pk).update(
        customer=older.customer_id, status="closed", closed_at=timezone.now()
    )

    again = receive(make_incoming(channel, sender="gosc"))

    assert again.ticket == older


def test_automatic_mail_is_shown_and_moves_nothing():
    channel = make_channel()
    ticket = make_ticket(channel, status=Ticket.Status.PENDING, waiting_since=None)
    sender = ticket.participants.get().identity.value

    receive(
        make_incoming(
            channel, sender=sender, automatic=True, threading=Threading(refs=(ticket.ref,))
        )
    )

    ticket.refresh_from_db()
    assert ticket.messages.count() == 2
    assert (ticket.status, ticket.waiting_since) == (Ticket.Status.PENDING, None)


def test_closed_ticket_is_followed_by_a_new_one():
    channel = make_channel()
    ticket = make_ticket(
        channel,
        status=Ticket.Status.SOLVED,
        solved_at=timezone.now() - timedelta(days=channel.follow_up_days, minutes=1),
    )
    sender = ticket.participants.get().identity.value

    message = receive(
        make_incoming(channel, sender=sender, threading=Threading(refs=(ticket.ref,)))
    )

    assert message.ticket != ticket
    assert TicketLink.objects.get().kind == TicketLink.Kind.FOLLOW_UP
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.CLOSED


class TestStrangers:
    def test_with_a_token_joins_as_third_party_and_moves_nothing(self):
        channel = make_channel()
        ticket = make_ticket(channel, status=Ticket.Status.PENDING, waiting_since=None)

        message = receive(
            make_incoming(
                channel, sender="obcy@example.org", threading=Threading(refs=(ticket.ref,))
            )
        )

        ticket.refresh_from_db()
        assert message.ticket == ticket
        assert message.flagged
        assert ticket.needs_review
        assert (ticket.status, ticket.waiting_since) == (Ticket.Status.PENDING, None)
        role = ticket.participants.get(identity__value="obcy@example.org").role
        assert role == Participant.Role.THIRD_PARTY
        reply = replying.reply(ticket, replying.Draft("Odpowiedź"), by=Actor("agent"))
        assert "obcy@example.org" not in str(reply.recipients)

    @pytest.mark.parametrize("hint", ["references", "number"])
    def test_who_quotes_a_thread_gets_a_ticket_of_their_own(self, hint):
        channel = make_channel()
        ticket = make_ticket(channel)
        quoted = ticket.messages.get().external_id
        hints = (
            Threading(message_ids=(quoted,))
            if hint == "references"
            else Threading(number=ticket.number)
        )

        message = receive(make_incoming(channel, sender="obcy@example.org", threading=hints))

        assert message.ticket != ticket
        link = TicketLink.objects.get()
        assert (link.ticket, link.other, link.kind) == (message.ticket, ticket, "may_belong")

    def test_known_sender_that_fails_authentication_is_a_stranger(self):
        channel = make_channel()
        ticket = make_ticket(channel)
        first = ticket.messages.get()

        message = receive(
            make_incoming(
                channel,
                sender=first.sender.value,
                authentication="fail",
                threading=Threading(message_ids=(first.external_id,), known_sender=False),
            )
        )

        assert message.ticket != ticket

    def test_copy_named_by_an_unconfirmed_sender_is_a_proposal(self):
        channel = make_channel()
        incoming = make_incoming(channel, authentication="none")
        incoming = replace(incoming, cc=(handle(channel, "kopia@example.org"),))

        ticket = receive(incoming).ticket

        role = ticket.participants.get(identity__value="kopia@example.org").role
        assert role == Participant.Role.PROPOSED
        reply = replying.reply(ticket, replying.Draft("Odpowiedź"), by=Actor("agent"))
        assert reply.recipients["cc"] == []


def test_what_the_database_refuses_is_left_out_and_the_message_kept():
    channel = make_channel("messenger")
    half, nul = "\ud83d", "\0"

    message = receive(
        make_incoming(
            channel,
            sender=f"person{nul}1",
            subject=f"Temat{nul}",
            body_text=f"Dzień{nul} dobry {half}",
            reply_text=f"Dzień{nul} dobry",
            external_id=f"m{nul}1",
            context={"payload": f"a{nul}b", "deep": [{f"k{nul}": half}]},
        )
    )

    message.refresh_from_db()
    assert message.body_text == "Dzień dobry ?"
    assert message.context == {"payload": "ab", "deep": [{"k": "?"}]}
    assert message.sender.value == "person1"


def test_later_sign_of_a_known_sender_counts_after_a_foreign_one():
    channel = make_channel()
    foreign = make_ticket(channel)
    own = make_ticket(channel)
    hints = Threading(message_ids=(foreign.messages.get().external_id,), number=own.number)

    message = receive(
        make_incoming(channel, sender=own.participants.get().identity.value, threading=hints)
    )

    assert (message.ticket, message.threaded_by) == (own, Message.Rule.SUBJECT)
