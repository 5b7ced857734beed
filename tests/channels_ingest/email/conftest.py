"""A shop's mailbox as contracts/fixtures/email expects it, and ways to put mail into it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from channels_ingest import journal
from channels_ingest.email.keeping import keep
from channels_ingest.models import InboundEvent
from history.recording import SYSTEM
from tests.factories import make_channel, make_incoming
from tests.servers import imap_server, smtp_sink  # noqa: F401
from tickets import receiving, replying
from tickets.models import Channel, Message, Ticket

FIXTURES = Path(__file__).parent / "fixtures"
MAILBOX = "pomoc@sklep.example.pl"
CUSTOMER = "anna@example.com"


@pytest.fixture
def mailbox(settings: Any) -> Channel:
    """The channel whose address all fixtures were sent to."""
    settings.HELPDESK_TOKEN_KEYS = ["test-reply-token-key-not-real"]
    return make_channel(
        settings={"address": MAILBOX, "authserv_ids": ["mail.sklep.example.pl"]}, name="Sklep"
    )


@pytest.fixture
def ticket(mailbox: Channel) -> Ticket:
    """T1: a question of Anna's, answered with a copy to somebody whose address does not work."""
    first = receiving.receive(
        make_incoming(mailbox, sender=CUSTOMER, external_id="pierwsza@mail.example.com")
    )
    Ticket.objects.filter(pk=first.ticket_id).update(ref="c7k2m9")
    draft = replying.Draft("Paczka została nadana wczoraj.", cc=["nieistnieje@example.com"])
    answer = replying.reply(first.ticket, draft, by=SYSTEM)
    answer.external_id = "hd.9b0c6c1e-0000-4000-8000-000000000001@sklep.example.pl"
    answer.recipients["cc"] += ["pelna@example.com", "ktos@example.com"]
    answer.save(update_fields=["external_id", "recipients"])
    answer.deliveries.update(state="sent", external_id=answer.external_id)
    found: Ticket = Ticket.objects.get(pk=first.ticket_id)
    return found


@pytest.fixture
def feed(mailbox: Channel) -> Callable[..., InboundEvent]:
    """Put the bytes of a mail through journal and processing, as if IMAP had fetched them."""

    def put(raw: bytes | str, channel: Channel = mailbox, **meta: Any) -> InboundEvent:
        content = (FIXTURES / raw).read_bytes() if isinstance(raw, str) else raw
        event, _is_new = keep(channel, content, **{"source": "imap", **meta})
        journal.process(event.pk)
        event.refresh_from_db()
        return event

    return put


def message_of(event: InboundEvent) -> Message:
    return Message.objects.select_related("ticket", "sender").get(inbound_event_id=event.pk)


def letter(
    body: str = "Dzień dobry",
    *,
    sender: str = "Anna Testowa <anna@example.com>",
    to: str = MAILBOX,
    subject: str = "Pytanie",
    message_id: str = "<a1@mail.example.com>",
    **fields: str,
) -> bytes:
    """A simple mail; further fields by name, `in_reply_to="<...>"`."""
    head = {"From": sender, "To": to, "Subject": subject, "Message-ID": message_id}
    head |= {name.replace("_", "-").title(): value for name, value in fields.items()}
    head["Content-Type"] = "text/plain; charset=utf-8"
    lines = [f"{name}: {value}" for name, value in head.items() if value]
    return ("\r\n".join(lines) + f"\r\n\r\n{body}\r\n").encode()
