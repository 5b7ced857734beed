"""D1 to D3 and D8: loops, floods of bounces, mail bombs through us, injected headers.

Two helpdesks that answer each other (D1) are in `test_brakes`, headers that nothing from
outside ends (D8) in `test_sending`.
"""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from channels_ingest import sparing
from channels_ingest.chat import mailing
from channels_ingest.chat.models import ChatMail, ChatSession
from channels_ingest.email import storms
from crm.models import Identity
from helpdesk import health
from tests.channels_ingest.chat.conftest import Visitor, channel, new_visitor  # noqa: F401
from tests.channels_ingest.email.conftest import letter, message_of
from tests.channels_ingest.email.test_brakes import polite, read_log  # noqa: F401
from tests.factories import make_user
from tickets.models import Delivery, Message, Ticket

pytestmark = pytest.mark.django_db

OUR_ID = "hd.9b0c6c1e-0000-4000-8000-000000000001@sklep.example.pl"
DSN = """\
Return-Path: <>
From: MAILER-DAEMON@mx{number}.example.com
To: pomoc@sklep.example.pl
Subject: Undelivered Mail {number}
Message-ID: <dsn{number}@mx.example.com>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Your mail was not delivered. {number}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: <{original}>

--b--
"""


def dsn(number: int, *, recipient: str = "anna@example.com", original: str = OUR_ID) -> bytes:
    return DSN.format(number=number, recipient=recipient, original=original).encode()


def sent() -> list[Message]:
    return list(Message.objects.filter(direction=Message.Direction.OUTBOUND, automatic=True))


@pytest.mark.usefixtures("polite")
def test_d2_flood_of_bounces_is_one_event_of_the_ticket(ticket, feed, read_log):  # noqa: F811
    """Each report costs the same, however many there were: so many as fit into a test."""
    now = timezone.now()
    Ticket.objects.filter(pk=ticket.pk).update(
        status=Ticket.Status.CLOSED, solved_at=now, closed_at=now
    )
    began = time.process_time()

    for number in range(150):
        assert feed(dsn(number)).state == "processed"
    read_log()

    assert time.process_time() - began < 30
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.CLOSED
    assert ticket.messages.filter(automatic=True, direction="inbound").count() == 150
    assert ticket.messages.filter(direction=Message.Direction.NOTE).count() == 1
    assert Identity.objects.get(value="anna@example.com").unreachable_at is not None
    assert not sent()
    assert Ticket.objects.count() == 1


def test_d2_flood_about_a_copy_is_noted_once(ticket, feed):
    Identity.objects.create(
        customer=ticket.customer, kind=Identity.Kind.EMAIL, value="pelna@example.com"
    )
    for number in range(5):
        feed(dsn(number, recipient="pelna@example.com"))

    assert ticket.messages.filter(direction=Message.Direction.NOTE).count() == 1


def test_d2_forged_report_marks_nobody_to_whom_nothing_went(ticket, feed):
    victim = Identity.objects.create(
        customer=ticket.customer, kind=Identity.Kind.EMAIL, value="ofiara@example.com"
    )
    delivery = Delivery.objects.get(message__external_id=OUR_ID)

    feed(dsn(1, recipient="ofiara@example.com"))

    victim.refresh_from_db()
    assert victim.unreachable_at is None
    before = delivery.state
    delivery.refresh_from_db()
    assert delivery.state == before


@pytest.mark.usefixtures("polite")
def test_d2_bounce_of_a_bounce_is_filed_and_answered_by_nobody(feed, read_log):  # noqa: F811
    message = message_of(feed(dsn(1, original="unknown@example.com")))
    read_log()

    assert message.automatic
    assert not sent()


def test_d3_victim_gets_three_mails_at_most_and_none_with_the_text(
    polite,  # noqa: F811
    feed,
    read_log,  # noqa: F811
    new_visitor,  # noqa: F811
    channel,  # noqa: F811
):
    """100 posts by mail, form and chat with the address of one who knows nothing of it."""
    attack = "KUP TERAZ http://zly.example.org"
    for number in range(25):
        raw = letter(attack, sender="ofiara@example.com", message_id=f"<{number}@zly.example.org>")
        feed(raw)
        visitor = new_visitor(address=f"198.51.{number}.7")
        contact = {"name": attack, "email": "ofiara@example.com", "text": attack}
        consent = [{"id": "terms", "version": "1", "accepted": True}]
        visitor.post("prechat/", {"fields": contact, "message": attack, "consents": consent})
        visitor.say(attack, f"c-{number}")
        visitor.post("transcript/", {"email": "ofiara@example.com"})
        visitor.post("offline/", {**contact, "message": attack, "consents": consent, "seconds": 9})
    read_log()
    mailing.send_due()

    mails = [*(one.body_text for one in sent()), *(str(one.body) for one in mail.outbox)]
    assert len(mails) <= 3
    assert attack not in "".join(mails)


def test_d3_all_ways_count_together(ticket, polite, channel):  # noqa: F811
    assert sparing.may_mail("Anna@Example.com")
    Message.objects.filter(direction="outbound").update(automatic=True)
    visitor = Visitor(channel)
    visitor.start()
    session = ChatSession.objects.get()
    for _ in range(2):
        ChatMail.objects.create(
            session=session, kind="transcript", email="anna@example.com", due_at=timezone.now()
        )

    assert not sparing.may_mail("anna@example.com")
    assert sparing.may_mail("inna@example.com")
    ChatMail.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert sparing.may_mail("anna@example.com")


@pytest.mark.usefixtures("polite")
def test_storm_of_mail_is_told_to_the_admin(feed, read_log, client: Client):  # noqa: F811
    def said() -> str:
        with translation.override("en"):
            return health.results()["storms"]

    for number in range(storms.MOST):
        feed(letter(message_id=f"<{number}@example.com>", subject=f"Pytanie {number}"))
    read_log()
    assert said() == "ok"

    feed(letter(message_id="<21@example.com>"))
    read_log()
    feed(letter(message_id="<22@example.com>", auto_submitted="auto-replied"))
    read_log()

    assert "1 sender" in said()
    client.force_login(make_user("admin"))
    assert "anna@example.com" in client.get(reverse("settings:health")).content.decode()


def test_storm_is_forgotten_with_redis_and_noticed_again(feed, polite, read_log):  # noqa: F811
    from django.core.cache import cache

    sender: Any = None
    for number in range(storms.MOST + 2):
        sender = message_of(feed(letter(message_id=f"<{number}@example.com>"))).sender
    read_log()
    cache.clear()

    assert not storms.current()
    assert storms.has_stormed(sender.pk)
    feed(letter(message_id="<next@example.com>"))
    read_log()
    assert list(storms.current()) == [sender.pk]
