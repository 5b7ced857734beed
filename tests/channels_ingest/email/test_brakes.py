"""Automatic acknowledgements: who gets one, and that no loop outlives the caps."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from channels_ingest.email import storms
from channels_ingest.models import InboundEvent
from crm.models import Identity
from history import readers, sequencing
from tests.channels_ingest.email.conftest import FIXTURES, letter, message_of
from tickets.automation.rules import keeping, running
from tickets.automation.rules.tree import Tree
from tickets.models import Channel, Message, Rule, Ticket

pytestmark = pytest.mark.django_db

EXPECTED: dict[str, dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text())["files"]


@pytest.fixture
def polite(mailbox: Channel) -> Channel:
    """The mailbox confirms what comes, by a rule."""
    tree = {
        "when": {"on": "message.received"},
        "if": {
            "match": "all",
            "conditions": [{"fact": "kind", "op": "is", "value": "email"}],
        },
        "then": [{"do": "reply", "value": "Mamy wiadomość, numer {number}."}],
        "stop": False,
    }
    rule = keeping.save(Rule(), "Potwierdzenie", Tree.parse(tree))
    keeping.switch(rule, active=True)
    readers.place_new()
    return mailbox


@pytest.fixture
def read_log(django_capture_on_commit_callbacks) -> Callable[[], None]:
    """Let the reader see what has come, and send what it queued."""

    def read() -> None:
        sequencing.number_events()
        wanted = (running.READER, storms.READER)
        with django_capture_on_commit_callbacks(execute=True):
            for reader in readers.registered():
                if reader.name in wanted:
                    readers.read(reader)

    return read


def acknowledgements() -> list[Message]:
    return list(Message.objects.filter(direction="outbound", automatic=True).order_by("pk"))


@pytest.mark.parametrize("name", [name for name in EXPECTED if not name.startswith("30")])
def test_expected(name, ticket, polite, feed, read_log):
    event = feed(name)

    read_log()

    assert bool(acknowledgements()) is EXPECTED[name]["ack"]
    assert event.state != InboundEvent.State.FAILED


def test_reused_message_id(ticket, polite, feed, read_log):
    for part in "abc":
        feed(next(name for name in EXPECTED if name.startswith(f"30{part}")))
        read_log()

    assert len(acknowledgements()) == 1


def test_says_nothing_that_the_sender_wrote(polite, feed, smtp_sink, read_log):
    polite.connection.settings |= smtp_sink.settings()
    polite.connection.save()
    message = message_of(feed(letter("Kup teraz: zly.example", subject="Wygrana! zly.example")))

    read_log()

    (answer,) = acknowledgements()
    assert answer.deliveries.get().state == "sent"
    sent = smtp_sink.mails[0]
    got = sent.message
    assert got["Auto-Submitted"] == "auto-replied"
    assert got["X-Auto-Response-Suppress"] == "All"
    assert got["X-Helpdesk-Loop"] == "sklep.example.pl"
    assert str(message.ticket.number) in got["Subject"]
    assert b"zly.example" not in sent.content
    message.ticket.refresh_from_db()
    assert message.ticket.waiting_since is not None
    assert message.ticket.first_response_at is None


def test_not_where_the_channel_does_not_want_it(mailbox, feed, read_log):
    readers.place_new()
    feed(letter())
    read_log()
    assert not acknowledgements()


def test_one_a_day_however_many_tickets(polite, feed, read_log):
    for number in range(5):
        feed(letter(f"Treść {number}", message_id=f"<n{number}@mail.example.com>"))
    read_log()
    assert len(acknowledgements()) == 1
    assert Ticket.objects.count() == 5


def test_not_to_an_address_that_bounced(polite, feed, read_log):
    feed(letter())
    Identity.objects.update(unreachable_at=timezone.now())
    read_log()
    assert not acknowledgements()


@pytest.mark.parametrize("keeps_headers", [True, False])
def test_two_helpdesks_that_answer_each_other_fall_silent(
    keeps_headers, polite, feed, smtp_sink, read_log
):
    """The other one answers everything, with another subject and Message-ID each time."""
    polite.connection.settings |= smtp_sink.settings()
    polite.connection.save()
    feed(letter())
    read_log()

    answered = 0
    while answered < len(smtp_sink.mails) and answered < 10:
        got = smtp_sink.mails[answered].message
        answered += 1
        marks = {"auto_submitted": "auto-replied"} if keeps_headers else {}
        feed(
            letter(
                f"Dziękujemy za wiadomość {answered}",
                sender=got["To"],
                to="pomoc@sklep.example.pl",
                subject=f"Zgłoszenie {answered}",
                message_id=f"<odp{answered}@inny.example.com>",
                **marks,
            )
        )
        read_log()

    assert answered == 1
