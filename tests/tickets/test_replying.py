"""What goes out: to the right person, once, in time."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from history.models import Event
from history.recording import Actor
from tests.factories import make_channel, make_incoming, make_ticket, make_user
from tickets import attaching, changing, replying
from tickets.errors import (
    ChannelInactive,
    EmptyMessage,
    FileNotAllowed,
    NewerMessage,
    NoRecipient,
    TicketClosed,
    TooLate,
)
from tickets.models import Delivery, Message, Ticket
from tickets.parts import split
from tickets.receiving import receive

pytestmark = pytest.mark.django_db

AGENT = Actor("agent", 1)


def say(ticket, text="Dzień dobry", **options):
    return replying.reply(ticket, replying.Draft(text), by=AGENT, **options)


def test_reply_answers_the_waiting_customer():
    ticket = make_ticket()
    agent = make_user()

    message = say(ticket, user=agent)

    row = Ticket.objects.get(pk=ticket.pk)
    assert (row.status, row.waiting_since) == (Ticket.Status.OPEN, None)
    assert row.first_response_at == message.occurred_at
    assert message.author_user == agent
    delivery = message.deliveries.get()
    assert (delivery.state, delivery.part) == (Delivery.State.QUEUED, 0)
    assert delivery.not_before - message.occurred_at >= timedelta(seconds=9)


def test_our_message_id_is_fixed_before_the_first_attempt():
    message = say(make_ticket())

    assert message.external_id == f"hd.{message.public_id}@sklep.example.pl"


def test_reply_over_a_newer_message_asks_first():
    channel = make_channel("messenger")
    seen = receive(make_incoming(channel))
    receive(make_incoming(channel))

    with pytest.raises(NewerMessage):
        say(seen.ticket, seen=seen.pk)

    say(seen.ticket, seen=seen.ticket.messages.latest("pk").pk)


def test_undo_gives_back_what_the_reply_changed():
    ticket = make_ticket()
    waiting_since = ticket.waiting_since
    message = say(ticket, then=Ticket.Status.SOLVED)

    replying.take_back(message, by=AGENT)

    row = Ticket.objects.get(pk=ticket.pk)
    assert (row.status, row.waiting_since) == (Ticket.Status.NEW, waiting_since)
    assert (row.first_response_at, row.solved_at) == (None, None)
    assert message.deliveries.get().state == Delivery.State.CANCELLED


def test_undo_after_the_window_is_too_late():
    message = say(make_ticket())

    with time_machine.travel(timezone.now() + timedelta(seconds=11)), pytest.raises(TooLate):
        replying.take_back(message, by=AGENT)


def test_undo_keeps_what_somebody_else_changed_since():
    channel = make_channel()
    ticket = make_ticket(channel)
    message = say(ticket, then=Ticket.Status.SOLVED)
    sender = ticket.participants.get().identity.value
    receive(make_incoming(channel, sender=sender, ticket_id=ticket.pk))

    replying.take_back(message, by=AGENT)

    assert Ticket.objects.get(pk=ticket.pk).status == Ticket.Status.OPEN


def test_closed_ticket_takes_notes_but_no_replies():
    ticket = make_ticket()
    changing.set_status(ticket, Ticket.Status.CLOSED, by=AGENT)

    with pytest.raises(TicketClosed):
        say(ticket)
    assert replying.note(ticket, replying.Draft("Do akt"), by=AGENT).direction == "note"


def test_note_never_gets_a_delivery():
    note = replying.note(make_ticket(), replying.Draft("Tylko dla nas"), by=AGENT)

    assert not note.deliveries.exists()


@pytest.mark.parametrize("text", ["", "  \n", "\0"])
def test_nothing_is_no_message(text):
    with pytest.raises(EmptyMessage):
        say(make_ticket(), text)


def test_channel_that_is_switched_off_sends_nothing():
    channel = make_channel()
    ticket = make_ticket(channel)
    channel.active = False
    channel.save()

    with pytest.raises(ChannelInactive):
        say(ticket)


def test_customer_without_an_address_on_the_channel_cannot_be_answered_there():
    ticket = make_ticket()

    with pytest.raises(NoRecipient):
        say(ticket, channel=make_channel("chat"))


def test_long_text_and_each_file_are_calls_of_their_own():
    channel = make_channel("messenger")
    ticket = receive(make_incoming(channel)).ticket
    files = [attaching.upload(b"one", "1.txt"), attaching.upload(b"two", "2.txt")]
    draft = replying.Draft("słowo " * 500, attachments=files)

    message = replying.reply(ticket, draft, by=AGENT)

    assert list(message.deliveries.order_by("part").values_list("part", flat=True)) == [0, 1, 2, 3]


def test_too_large_a_file_is_refused_with_a_sentence():
    channel = make_channel("chat")
    ticket = receive(make_incoming(channel)).ticket
    file = attaching.upload(b"x", "film.mp4")
    file.size = 11 * 1024 * 1024
    file.save()

    with pytest.raises(FileNotAllowed):
        replying.reply(ticket, replying.Draft("Film", attachments=[file]), by=AGENT)


def test_text_is_cut_where_it_hurts_least():
    assert split("a\n\nb", 10) == ["a\n\nb"]
    assert split("aaaa aaaa\n\nbbbb", 12) == ["aaaa aaaa", "bbbb"]
    assert split("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]
    assert split("", 10) == []


def test_markup_of_an_agent_is_sanitised():
    message = replying.reply(
        make_ticket(),
        replying.Draft(body_html="<p>Cześć <script>alert(1)</script><b>Anno</b></p>"),
        by=AGENT,
    )

    assert "script" not in message.body_html
    assert "<b>Anno</b>" in message.body_html
    assert "Cześć" in message.body_text


def test_every_change_is_an_event_with_its_actor():
    agent = make_user()
    ticket = make_ticket()

    changing.assign(ticket, agent, by=Actor("agent", agent.pk))

    event = Event.objects.latest("id")
    assert (event.kind, event.actor_kind, event.actor_id) == ("ticket.assigned", "agent", agent.pk)
    assert event.data == {"old": None, "new": agent.pk}
    assert event.assignee_id == agent.pk
    assert Message.objects.count() == 1


def test_undo_leaves_a_ticket_closed_that_somebody_closed_meanwhile():
    ticket = make_ticket()
    message = say(ticket)
    changing.set_status(ticket, Ticket.Status.CLOSED, by=AGENT)

    replying.take_back(message, by=AGENT)

    assert Ticket.objects.get(pk=ticket.pk).status == Ticket.Status.CLOSED
