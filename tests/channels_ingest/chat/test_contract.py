"""Every fixture of the widget's contract, through the outside."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail

from channels_ingest.chat import mailing
from channels_ingest.chat.models import ChatCount, ChatSession
from channels_ingest.models import Connection
from crm.models import Consent, CustomerShop, Identity
from history.recording import Actor
from tests.channels_ingest.chat.conftest import ORIGIN, Visitor, fixture
from tests.factories import make_channel, make_user
from tickets import changing, replying, signals
from tickets.models import Channel, Message, Ticket

MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def set_up(channel: Channel, **settings: Any) -> None:
    connection = Connection.objects.get(channel=channel)
    connection.settings = {**connection.settings, **settings}
    connection.save()


def answer(ticket: Ticket, text: str, capture: Any, name: str = "Kasia Nowak") -> Message:
    agent = make_user(name=name)
    with capture(execute=True):
        return replying.reply(ticket, replying.Draft(text), by=Actor("agent", agent.pk), user=agent)


def test_session_starts(channel: Channel) -> None:
    """01, 02: the answer has every field that the widget relies on, and sets no cookie."""
    set_up(channel, prechat=True, consent_required=True, consent_note="Dane przetwarza sklep.")
    visitor = Visitor(channel)

    with time_machine.travel(MONDAY_NOON, tick=False):
        response = visitor.start(**fixture("01"))

    expected, body = fixture("02"), response.json()
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert not response.cookies
    assert body.keys() == expected.keys()
    assert expected["config"].keys() <= body["config"].keys()
    assert body["config"]["online"] is True
    assert body["config"]["prechat"]["required"] == expected["config"]["prechat"]["required"]
    assert body["config"]["prechat"]["consent_required"] is True
    assert body["config"]["max_upload_mb"] == 10
    assert set(expected["config"]["allowed_mime"]) <= set(body["config"]["allowed_mime"])
    assert body["conversation"] is None
    assert body["expires_at"].startswith("2026-12-23")
    assert ChatSession.objects.get().visitor == body["visitor_id"]
    assert not Ticket.objects.exists()


def test_prechat_form_starts_a_conversation(channel: Channel, visitor: Visitor) -> None:
    """03: consent is kept with version and time, the e-mail as a claim of this visitor alone."""
    make_channel(shop=channel.shop)
    known = Identity.objects.create(
        customer=make_customer(), kind="email", value="anna@example.com"
    )
    with time_machine.travel(datetime(2026, 11, 22, 10, 0, 2, tzinfo=UTC), tick=False):
        response = visitor.post("prechat/", fixture("03"))

    assert response.status_code == 201
    assert response.json()["seq"] == 1
    ticket = Ticket.objects.get()
    assert ticket.customer != known.customer
    assert ticket.customer.name == "Anna Testowa"
    assert ticket.context["claimed_email"] == "anna@example.com"
    assert ticket.context["order_ref"] == "2026/11/0042"
    consent = Consent.objects.get(customer=ticket.customer)
    assert (consent.text_version, consent.granted) == ("rodo-2026-10-01", True)
    assert consent.given_at == datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC)
    # Nothing of the person whose address was typed is shown.
    assert visitor.start().json()["conversation"]["events"][0]["text"] == "Gdzie jest moja paczka?"


@pytest.mark.parametrize(
    ("missing", "code"), [("name", "field_required"), ("consent", "consent_required")]
)
def test_prechat_form_is_checked(
    channel: Channel, visitor: Visitor, missing: str, code: str
) -> None:
    set_up(channel, consent_required=True, consent_note="Zgoda")
    body = {key: value for key, value in fixture("03").items() if key != missing}

    response = visitor.post("prechat/", body)

    assert (response.status_code, response.json()["code"]) == (422, code)
    assert not Ticket.objects.exists()


def test_signed_customer_is_bound(channel: Channel) -> None:
    """04: the shop's signature binds the visitor to the customer with that address."""
    known = Identity.objects.create(
        customer=make_customer(), kind="email", value="anna@example.com"
    )
    visitor = Visitor(channel)
    with time_machine.travel(datetime(2026, 11, 22, 10, 0, tzinfo=UTC), tick=False):
        visitor.start(identity=fixture("04"))
        visitor.say("Gdzie jest moja paczka?", "c-1")

        other_device = Visitor(channel)
        conversation = other_device.start(identity=fixture("04")).json()["conversation"]

    assert Ticket.objects.get().customer == known.customer
    assert CustomerShop.objects.get(customer=known.customer).external_id == "cust-1001"
    known.refresh_from_db()
    assert known.verified_at
    assert [event["text"] for event in conversation["events"]] == ["Gdzie jest moja paczka?"]


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"signature": "0" * 64}, datetime(2026, 11, 22, 10, 0, tzinfo=UTC)),
        ({"signature": ""}, datetime(2026, 11, 22, 10, 0, tzinfo=UTC)),
        ({"signature": None}, datetime(2026, 11, 22, 10, 0, tzinfo=UTC)),
        (
            {"user": {"id": "cust-1002", "email": "anna@example.com"}},
            datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
        ),
        (
            {"user": {"id": "cust-1001", "email": "jan@example.com"}},
            datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
        ),
        ({"exp": 1795345201}, datetime(2026, 11, 22, 10, 0, tzinfo=UTC)),
        ({"exp": "1795345200"}, datetime(2026, 11, 22, 10, 0, tzinfo=UTC)),
        # Expired by a second, and good for more than a day.
        ({}, datetime.fromtimestamp(1795345201, tz=UTC)),
        ({}, datetime.fromtimestamp(1795345200 - 86_401, tz=UTC)),
    ],
)
def test_forged_or_old_signature_is_nobody(
    channel: Channel, change: dict[str, Any], at: datetime
) -> None:
    """04: a wrong signature goes on as an anonymous visitor, and is counted."""
    Identity.objects.create(customer=make_customer(), kind="email", value="anna@example.com")
    visitor = Visitor(channel)

    with time_machine.travel(at, tick=False):
        response = visitor.start(identity={**fixture("04"), **change})

    assert response.status_code == 200
    session = ChatSession.objects.get()
    assert (session.external_id, session.email) == ("", "")
    assert ChatCount.objects.get(channel=channel, name="identity_refused").count == 1


def test_message_is_acknowledged_once(visitor: Visitor) -> None:
    """05: a repeat with the same client_msg_id gets the same acknowledgement."""
    sent, expected = fixture("05")["client_to_server"], fixture("05")["server_to_client"]

    first, again = (visitor.post("events/", sent) for _time in range(2))

    assert first.json().keys() == expected.keys()
    assert first.json()["type"] == "message.ack"
    assert first.json()["client_msg_id"] == sent["client_msg_id"]
    assert first.json()["seq"] == 1
    assert again.json() == first.json()
    message = Message.objects.get()
    assert message.body_text == sent["text"]
    assert message.ticket.channel.kind == "chat"


def test_events_of_a_conversation(
    channel: Channel, visitor: Visitor, django_capture_on_commit_callbacks: Any
) -> None:
    """06: an agent's answer has a number, a name and a time; a read is a watermark by number."""
    visitor.say("Gdzie jest moja paczka?", "c-1")
    ticket = Ticket.objects.get()
    message = answer(ticket, "Już sprawdzam!", django_capture_on_commit_callbacks)
    signals.thread_read.send(None, ticket_id=ticket.pk, message_id=message.pk)

    body = visitor.get("events/?after=1&wait=0").json()

    expected = next(event for event in fixture("06") if event["type"] == "message.new")
    new, read = body["events"]
    assert expected.keys() <= new.keys()
    assert (new["seq"], new["from"], new["text"], new["name"]) == (
        2,
        "agent",
        "Już sprawdzam!",
        "Kasia",
    )
    assert read == {"type": "message.read", "up_to_seq": 2, "by": "agent"}


def test_status_is_told(channel: Channel, visitor: Visitor) -> None:
    """06: the widget hears that the ticket waits for the customer, in its own words."""
    visitor.say("Dzień dobry", "c-1")
    ticket = Ticket.objects.get()
    changing.set_status(ticket, Ticket.Status.PENDING, by=Actor("agent"))

    read_event_log()
    read_event_log()  # a reader that is set back tells nothing twice

    events = visitor.get("events/?after=1&wait=0").json()["events"]
    statuses = [event for event in events if event["type"] == "conversation.status"]
    assert [(event["status"], event["seq"]) for event in statuses] == [("waiting_for_customer", 2)]


def test_resume_gives_exactly_what_was_missed(
    channel: Channel, visitor: Visitor, django_capture_on_commit_callbacks: Any
) -> None:
    """07: the events after last_seq, in order, no gaps."""
    for number in range(11):
        visitor.say(f"Wiadomość {number}", f"c-{number}")
        reset_limits()
    visitor.say("Gdzie jest moja paczka?", "c-12")
    answer(Ticket.objects.get(), "Już sprawdzam!", django_capture_on_commit_callbacks)

    body = visitor.start(last_seq=11).json()

    expected = fixture("07")["response"]
    shown = [
        {key: event[key] for key in ("type", "seq", "from", "text")} for event in body["missed"]
    ]
    assert shown == [
        {key: event[key] for key in ("type", "seq", "from", "text")} for event in expected["missed"]
    ]
    assert (body["unread"], body["seq"]) == (expected["unread"], expected["seq"])


def test_offline_form_becomes_a_ticket_of_the_mailbox(channel: Channel) -> None:
    """08: the shop answers by mail; outside working hours, on a public holiday as well."""
    mailbox = make_channel(shop=channel.shop)
    visitor = Visitor(channel)
    with time_machine.travel(datetime(2026, 12, 25, 20, 10, tzinfo=UTC), tick=False):
        config = visitor.start().json()["config"]
        response = visitor.post("offline/", fixture("08"))

    assert (config["online"], config["offline_form"]) == (False, True)
    assert response.status_code == 202
    ticket = Ticket.objects.get()
    assert ticket.channel == mailbox
    message = ticket.messages.get()
    assert message.context["source"] == "widget"
    assert message.sender is not None
    assert message.sender.value == "jan@example.com"
    assert replying.recipient(ticket, mailbox).value == "jan@example.com"
    assert Consent.objects.get(customer=ticket.customer).text_version == "rodo-2026-10-01"


@pytest.mark.parametrize("trap", [{"honeypot": "http://spam.example"}, {"seconds": 0}])
def test_robots_are_dropped_without_a_word(visitor: Visitor, trap: dict[str, Any]) -> None:
    response = visitor.post("offline/", {**fixture("08"), **trap})

    assert response.status_code == 202
    assert not Ticket.objects.exists()


def test_bad_origin(channel: Channel) -> None:
    """10: another site's page is refused, by a stable code."""
    case = fixture("10")["bad_origin"]

    response = Visitor(channel, origin=case["headers"]["Origin"]).start()

    assert response.status_code == case["expect"]["status"]
    assert response.json()["code"] == case["expect"]["code"]
    assert "Access-Control-Allow-Origin" not in response.headers


def test_too_many_messages(visitor: Visitor) -> None:
    """10: a burst of five, then 429 with the time to wait; a repeat costs nothing."""
    expected = fixture("10")["too_many_messages"]["expect"]
    for number in range(5):
        assert visitor.say("Halo", f"c-{number}").status_code == 200

    response = visitor.say("Halo?", "c-6")

    assert (response.status_code, response.json()["code"]) == (expected["status"], expected["code"])
    assert 0 < int(response.headers["Retry-After"]) <= 10
    assert visitor.say("Halo", "c-4").status_code == 200


def test_message_too_long(visitor: Visitor) -> None:
    """10: 10,000 characters are taken, one more is not."""
    case = fixture("10")["message_too_long"]

    response = visitor.say("a" * case["length"], "c-1")

    assert response.status_code == case["expect"]["status"]
    assert response.json()["code"] == case["expect"]["code"]
    assert visitor.say("a" * 10_000, "c-2").status_code == 200


def test_invitation_makes_only_a_count(channel: Channel) -> None:
    """11: no conversation comes of an invitation until somebody answers it."""
    trigger, shown = fixture("11")["trigger"], fixture("11")["event"]
    set_up(channel, triggers=[trigger])
    visitor = Visitor(channel)

    assert visitor.post("triggers/", shown).status_code == 204
    assert visitor.post("triggers/", {**shown, "id": "unknown"}).status_code == 204

    assert ChatCount.objects.get(channel=channel).name == f"trigger:{trigger['id']}"
    assert not ChatSession.objects.exists()
    assert trigger["message"] in loader(channel)

    visitor.start()
    visitor.say("Tak, poproszę", "c-1", trigger=trigger["id"])
    assert Message.objects.get().context["trigger"] == trigger["id"]


def test_transcript_goes_to_the_sessions_address_only(
    channel: Channel, visitor: Visitor, django_capture_on_commit_callbacks: Any
) -> None:
    """12: 202 for the visitor's own address, 422 for any other; internal notes stay inside."""
    visitor.post("prechat/", fixture("03"))
    ticket = Ticket.objects.get()
    answer(ticket, "Paczka jest w drodze.", django_capture_on_commit_callbacks)
    replying.note(ticket, replying.Draft("Tajna notatka"), by=Actor("agent"))
    case, negative = fixture("12"), fixture("12")["negative"]
    conversation = visitor.start().json()["conversation"]["id"]

    refused = visitor.post(
        "transcript/", {"conversation": conversation, "email": negative["email"]}
    )
    assert refused.status_code == negative["expect"]["status"]
    assert refused.json()["code"] == negative["expect"]["code"]

    body = {"conversation": conversation, "email": case["email"]}
    assert visitor.post("transcript/", body).status_code == case["expect"]["status"]
    mailing.send_due()
    mailing.send_due()

    [sent] = mail.outbox
    assert sent.to == [case["email"]]
    assert "Gdzie jest moja paczka?" in sent.body
    assert "Paczka jest w drodze." in sent.body
    assert "Kasia" in sent.body
    assert "Tajna notatka" not in sent.body
    assert visitor.post("transcript/", body).status_code == 202
    assert visitor.post("transcript/", body).json()["code"] == "rate_limited"


def loader(channel: Channel) -> str:
    from django.test import Client

    response = Client().get(f"/widget/{channel.public_id}.js")
    assert response.status_code == 200
    return response.content.decode().encode().decode("unicode_escape", "ignore")


def make_customer() -> Any:
    from crm.models import Customer

    return Customer.objects.create(name="Anna")


def read_event_log() -> None:
    from channels_ingest.chat import conversing
    from history.models import Event

    conversing.follow(list(Event.objects.order_by("pk")))


def reset_limits() -> None:
    from django.core.cache import cache

    cache.clear()
