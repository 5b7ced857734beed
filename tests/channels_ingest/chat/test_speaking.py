"""What visitors say arrives once and in order, whoever else is at work."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from channels_ingest import journal
from channels_ingest.chat import conversing
from channels_ingest.chat.models import ChatEvent, ChatSession
from channels_ingest.models import InboundEvent
from history.models import Event
from history.recording import Actor
from tests.channels_ingest.chat.conftest import Visitor
from tests.factories import make_user
from tickets import changing, replying
from tickets.models import Channel, Delivery, Message, Ticket


def in_parallel(work: Callable[[int], Any], times: int) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=10) as pool:
        return list(pool.map(run, range(times)))


@pytest.mark.django_db(transaction=True)
def test_fifty_repeats_at_once_are_one_message(new_visitor: Callable[..., Visitor]) -> None:
    first = new_visitor()

    def repeat(_number: int) -> Any:
        visitor = Visitor(first.channel)
        visitor.token = first.token
        return visitor.say("Halo?", "c-1")

    answers = in_parallel(repeat, 50)

    acks = {answer.content for answer in answers if answer.status_code == 200}
    assert len(acks) == 1
    # Whoever asked before the first was stored may have been slowed down, never doubled.
    assert {answer.status_code for answer in answers} <= {200, 429}
    assert Message.objects.count() == Ticket.objects.count() == 1
    assert list(ChatEvent.objects.values_list("seq", flat=True)) == [1]


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gaps_when_both_sides_talk_at_once(
    new_visitor: Callable[..., Visitor],
) -> None:
    visitor = new_visitor()
    visitor.say("Dzień dobry", "c-0")
    ticket, agent = Ticket.objects.get(), make_user()

    def talk(number: int) -> None:
        if number % 2:
            same = Visitor(visitor.channel)
            same.token = visitor.token
            assert same.say(f"Pytanie {number}", f"c-{number}").status_code == 200
        else:
            replying.reply(
                ticket,
                replying.Draft(f"Odpowiedź {number}"),
                by=Actor("agent", agent.pk),
                user=agent,
            )

    in_parallel(talk, 8)

    events = ChatEvent.objects.order_by("seq")
    assert [event.seq for event in events] == list(range(1, 10))
    assert ChatSession.objects.get().last_seq == 9
    assert Ticket.objects.count() == 1
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_id_with_another_text_is_refused(visitor: Visitor) -> None:
    visitor.say("Pierwsza", "c-1")

    response = visitor.say("Druga", "c-1")

    assert (response.status_code, response.json()["code"]) == (422, "message_differs")


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "message.send", "text": "bez identyfikatora"},
        {"type": "message.send", "client_msg_id": "x" * 65, "text": "a"},
        {"type": "message.send", "client_msg_id": "c-1", "text": 7},
        {"type": "message.send", "client_msg_id": "c-1", "text": "a", "attachments": "b"},
        {"type": "message.send", "client_msg_id": "c-1", "text": "a", "attachments": ["b"]},
        {"type": "read", "up_to_seq": "1"},
    ],
)
def test_odd_frames_are_refused(visitor: Visitor, frame: dict[str, Any]) -> None:
    response = visitor.post("events/", frame)

    assert (response.status_code, response.json()["code"]) == (422, "field_invalid")
    assert not Message.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 50_000, b'{"type": "unknown"}'])
def test_what_is_no_frame_is_malformed(visitor: Visitor, body: bytes) -> None:
    response = visitor.client.post(
        f"/widget-api/{visitor.channel.public_id}/events/",
        body,
        content_type="application/json",
        headers={"Origin": visitor.origin, "Authorization": f"Bearer {visitor.token}"},
    )

    assert (response.status_code, response.json()["code"]) == (400, "malformed")


def test_large_body_is_refused_unread(visitor: Visitor) -> None:
    response = visitor.say("a" * 70_000, "c-1")

    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.django_db
def test_half_an_emoji_does_not_lose_the_message(visitor: Visitor) -> None:
    assert visitor.say("Dziękuję \ud83d\0", "c-1").status_code == 200

    assert Message.objects.get().body_text == "Dziękuję ?"
    assert visitor.say("Halo", "c-\0").status_code == 422


@pytest.mark.django_db
def test_markup_of_a_visitor_stays_text(visitor: Visitor) -> None:
    visitor.say('<img src=x onerror="alert(1)">', "c-1")

    message = Message.objects.get()
    assert message.body_text == '<img src=x onerror="alert(1)">'
    assert message.body_html == ""


def test_sweeper_finishes_what_a_crash_left(channel: Channel, visitor: Visitor) -> None:
    """The journal row alone is enough: the message, then its number by the event log's reader."""
    visitor.say("Halo", "c-1")
    row = InboundEvent.objects.get()
    session = ChatSession.objects.get()
    body = bytes(row.body or b"").replace(b'"c-1"', b'"c-2"')
    left, _new = journal.keep(
        "chat", row.account, f"message:{session.visitor}:c-2", body, channel=channel, wake=False
    )

    journal.process(left.pk)
    assert Message.objects.count() == 2
    conversing.follow(list(Event.objects.order_by("pk")))

    events = visitor.get("events/?after=0&wait=0").json()["events"]
    assert [event.get("client_msg_id") for event in events[:2]] == ["c-1", "c-2"]
    assert visitor.say("Halo", "c-2").json()["seq"] == 2


def test_visitor_reads(visitor: Visitor, django_capture_on_commit_callbacks: Any) -> None:
    visitor.say("Halo", "c-1")
    with django_capture_on_commit_callbacks(execute=True):
        replying.reply(Ticket.objects.get(), replying.Draft("Tak?"), by=Actor("agent"))

    assert Delivery.objects.get().state == "sent"
    assert visitor.get("events/?after=1").json()["unread"] == 1
    visitor.post("events/", {"type": "read", "up_to_seq": 99})

    assert Delivery.objects.get().state == "read"
    assert visitor.start().json()["conversation"]["unread"] == 0


def test_rating_is_given_once_and_at_the_end(visitor: Visitor) -> None:
    visitor.say("Halo", "c-1")
    rating = {"type": "rating", "score": 5}
    assert visitor.post("events/", rating).json()["code"] == "conversation_required"
    ticket = Ticket.objects.get()
    changing.set_status(ticket, Ticket.Status.SOLVED, by=Actor("agent"))

    assert visitor.post("events/", {**rating, "score": 6}).json()["code"] == "field_invalid"
    assert visitor.post("events/", rating).status_code == 200
    assert visitor.post("events/", rating).json()["code"] == "already_rated"
    assert ticket.chat_rating.score == 5
    assert visitor.start().json()["conversation"]["rated"] is True


def test_message_after_the_end_reopens_and_after_closing_follows_up(visitor: Visitor) -> None:
    visitor.say("Halo", "c-1")
    ticket = Ticket.objects.get()
    changing.set_status(ticket, Ticket.Status.SOLVED, by=Actor("agent"))
    visitor.say("Jeszcze jedno", "c-2")
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.OPEN

    changing.set_status(ticket, Ticket.Status.CLOSED, by=Actor("agent"))
    visitor.say("Nowa sprawa", "c-3")

    assert Ticket.objects.count() == 2
    session = ChatSession.objects.get()
    assert session.ticket != ticket
    assert [event.seq for event in session.events.order_by("seq")] == [1, 2, 3]


def test_long_history_comes_in_pages(visitor: Visitor, django_assert_max_num_queries: Any) -> None:
    """1,000 messages: the newest page at the start, the rest on request."""
    visitor.say("Halo", "c-1")
    session, message = ChatSession.objects.get(), Message.objects.get()
    copies = Message.objects.bulk_create(
        Message(
            ticket=message.ticket,
            channel=message.channel,
            direction="inbound",
            author_kind="customer",
            threaded_by="new",
            body_text=f"{number}",
            occurred_at=message.occurred_at,
        )
        for number in range(2, 1001)
    )
    ChatEvent.objects.bulk_create(
        ChatEvent(session=session, seq=number, message=copy)
        for number, copy in enumerate(copies, start=2)
    )
    ChatSession.objects.update(last_seq=1000)

    with django_assert_max_num_queries(16):
        conversation = visitor.start().json()["conversation"]
    assert [event["seq"] for event in conversation["events"]] == list(range(951, 1001))
    assert conversation["has_earlier"]

    earlier = visitor.get("history/?before=951").json()
    assert [event["seq"] for event in earlier["events"]] == list(range(901, 951))
    assert visitor.get("events/?after=10&wait=0").json()["reload"] is True
