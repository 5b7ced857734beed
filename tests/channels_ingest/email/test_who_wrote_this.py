"""Who wrote this, and where does it go: forged, replayed and half-authenticated mail.

The names are the rows of the product's table of attacks (docs/security.md, T1 to T10). Anna is the
customer of the ticket T1 of `conftest`, Zły the one who wants to be in it.
"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from history.recording import SYSTEM
from tests.channels_ingest.email.conftest import MAILBOX, letter, message_of
from tests.factories import make_user
from tickets import replying, tokens
from tickets.models import Message, Participant, Ticket, TicketLink

pytestmark = pytest.mark.django_db

OUR_ID = "<hd.9b0c6c1e-0000-4000-8000-000000000001@sklep.example.pl>"
EVIL = "Zły <zly@example.org>"


def results(domain: str, verdict: str, server: str = "mail.sklep.example.pl") -> str:
    return f"{server}; dmarc={verdict} header.from={domain}"


def state_of(ticket: Ticket) -> tuple[Any, ...]:
    """Whatever nobody but its own people may move."""
    ticket.refresh_from_db()
    people = ticket.participants.values_list("identity__value", "role").order_by("pk")
    return (ticket.status, ticket.customer_id, ticket.version, ticket.waiting_since, *people)


def answer_of(ticket: Ticket) -> dict[str, list[str]]:
    """Whom the next answer of an agent would reach."""
    message = replying.reply(ticket, replying.Draft("Odpowiedź"), by=SYSTEM)
    recipients: dict[str, list[str]] = message.recipients
    return recipients


def test_t1_number_in_the_subject_opens_no_foreign_ticket(ticket, feed):
    before = state_of(ticket)
    raw = letter(
        sender=EVIL,
        subject=f"Re: paczka [#{ticket.number}]",
        message_id="<z1@example.org>",
        authentication_results=results("example.org", "pass"),
    )

    message = message_of(feed(raw))

    assert message.ticket != ticket
    assert TicketLink.objects.get(ticket=message.ticket).kind == TicketLink.Kind.MAY_BELONG
    assert state_of(ticket) == before
    assert "zly@example.org" not in str(answer_of(ticket))


@pytest.mark.parametrize(
    "quoted",
    [
        OUR_ID,  # seen somewhere: no proof either
        OUR_ID.replace("0001@", "0002@"),
        "<ticket-1@sklep.example.pl>",
        OUR_ID.upper(),
        f"<a@b> {OUR_ID}",
        "<>",
    ],
)
@pytest.mark.parametrize("field", ["in_reply_to", "references", "thread_index"])
def test_t2_quoted_ids_open_no_foreign_ticket(field, quoted, ticket, feed):
    before = state_of(ticket)
    raw = letter(sender=EVIL, message_id="<z2@example.org>", **{field: quoted})

    assert message_of(feed(raw)).ticket != ticket
    assert state_of(ticket) == before


@pytest.mark.parametrize("verdict", ["pass", "fail", "none"])
def test_t3_agents_address_in_from_makes_no_agent(verdict, ticket, feed):
    agent = make_user(email="kasia@firma.example.pl")
    raw = letter(
        "Proszę zwrócić pieniądze na inne konto.",
        sender=f"{agent.name} <{agent.email}>",
        to=tokens.reply_address(MAILBOX, ticket.ref),
        message_id="<z3@firma.example.pl>",
        authentication_results=results("firma.example.pl", verdict),
    )
    outbound = ticket.messages.filter(direction=Message.Direction.OUTBOUND).count()

    message = message_of(feed(raw))

    assert (message.direction, message.author_kind) == ("inbound", "customer")
    assert message.author_user is None
    assert (message.ticket, message.flagged) == (ticket, True)
    assert ticket.messages.filter(direction=Message.Direction.OUTBOUND).count() == outbound
    role = ticket.participants.get(identity=message.sender).role
    assert role == Participant.Role.THIRD_PARTY


@pytest.mark.parametrize("verdict", ["pass", "fail", "none"])
def test_t4_result_of_authentication_is_shown(verdict, ticket, feed, client: Client):
    raw = letter(message_id="<z4@x>", authentication_results=results("example.com", verdict))

    message = message_of(feed(raw))

    assert message.authentication == verdict
    client.force_login(make_user("admin"))
    page = client.get(reverse("inbox:ticket", args=[message.ticket.number])).content.decode()
    assert message.get_authentication_display() in page


def test_t4_forged_customer_is_a_stranger(ticket, feed):
    before = state_of(ticket)
    raw = letter(
        in_reply_to=OUR_ID,
        message_id="<z4@example.org>",
        authentication_results=results("example.com", "fail"),
    )

    assert message_of(feed(raw)).ticket != ticket
    assert state_of(ticket) == before


@pytest.mark.parametrize(
    "forged",
    [
        results("example.com", "pass", server="mx.zly.example.org"),
        "dmarc=pass header.from=example.com",
        "mail.sklep.example.pl.zly.example.org; dmarc=pass header.from=example.com",
        "mail.sklep.example.pl; dmarc=pass header.from=example.org",
    ],
)
def test_t5_forged_results_are_not_believed(forged, ticket, feed):
    raw = letter(message_id="<z5@x>", authentication_results=forged)

    assert message_of(feed(raw)).authentication == "none"


def test_t5_only_the_topmost_result_of_our_server_counts(ticket, feed):
    ours = f"Authentication-Results: {results('example.com', 'fail')}\r\n".encode()
    forged = f"Authentication-Results: {results('example.com', 'pass')}\r\n".encode()

    message = message_of(feed(ours + forged + letter(message_id="<z5@x>")))

    assert message.authentication == "fail"


def test_t5_our_own_fields_from_outside_change_nothing(ticket, feed):
    raw = letter(message_id="<z5@x>", x_helpdesk_priority="urgent", x_helpdesk_ticket="1")

    message = message_of(feed(raw))

    assert message.ticket.priority == Ticket.Priority.NORMAL


@pytest.mark.parametrize("verdict", ["none", "fail"])
def test_t6_copy_named_by_who_is_not_confirmed_is_a_proposal(verdict, ticket, feed):
    raw = letter(
        cc="zly@example.org",
        in_reply_to=OUR_ID,
        message_id="<z6@x>",
        authentication_results=results("example.com", verdict),
    )

    message = message_of(feed(raw))

    named = message.ticket.participants.get(identity__value="zly@example.org")
    assert named.role == Participant.Role.PROPOSED
    assert "zly@example.org" not in str(answer_of(message.ticket))


def test_t7_code_of_another_service_is_held_as_automatic(ticket, feed, client: Client):
    raw = letter(
        "Twój kod: 123456",
        sender="no-reply@serwis.example.net",
        to="pomoc+konto@sklep.example.pl",
        message_id="<z7@serwis>",
    )

    message = message_of(feed(raw))

    assert message.automatic
    assert message.ticket != ticket
    assert list(message.ticket.participants.values_list("identity__value", flat=True)) == [
        "no-reply@serwis.example.net"
    ]


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("anna@example.com, zly@example.org", "anna@example.com"),
        ("zly@example.org, anna@example.com", "zly@example.org"),
        ("Ludzie: zly@example.org;", "zly@example.org"),
        ("=?utf-8?q?anna=40example=2Ecom?= <zly@example.org>", "zly@example.org"),
        ('"anna@example.com"@example.org', '"anna@example.com"@example.org'),
        ("anna@example.com\x00 <zly@example.org>", "zly@example.org"),
        ("<anna@example.com> <zly@example.org>", "anna@example.com"),
    ],
)
def test_t8_one_rule_says_who_the_sender_is(sender, shown, ticket, feed):
    before = state_of(ticket)
    raw = letter(
        sender=sender,
        reply_to="anna@example.com",
        in_reply_to=OUR_ID,
        message_id="<z8@example.org>",
        authentication_results=results("example.com", "fail"),
    )

    message = message_of(feed(raw))

    assert message.sender is not None
    assert message.sender.display == shown
    assert message.ticket != ticket
    assert state_of(ticket) == before


def test_t8_reply_to_gives_no_rights(ticket, feed):
    raw = letter(sender=EVIL, reply_to="anna@example.com", message_id="<z8@x>")

    message = message_of(feed(raw))

    assert message.ticket.customer != ticket.customer
    assert answer_of(message.ticket)["to"] == ["zly@example.org"]


def test_replayed_mail_is_stored_once(ticket, feed):
    signed = letter(message_id="<r@example.com>", dkim_signature="v=1; d=example.com")

    first = feed(signed)
    again = feed(signed)
    moved = feed(b"Received: from zly.example.org\r\n" + signed)

    assert first.pk == again.pk == moved.pk
    assert Message.objects.filter(external_id="r@example.com").count() == 1


def test_stranger_with_a_token_is_flagged_in_the_thread(ticket, feed, client: Client):
    raw = letter(sender=EVIL, to=tokens.reply_address(MAILBOX, ticket.ref), message_id="<t@x>")
    before = answer_of(ticket)

    assert message_of(feed(raw)).flagged

    ticket.refresh_from_db()
    assert ticket.needs_review
    assert answer_of(ticket) == before
    client.force_login(make_user("admin"))
    page = client.get(reverse("inbox:ticket", args=[ticket.number])).content.decode()
    assert reverse("inbox:review", args=[ticket.number]) in page
