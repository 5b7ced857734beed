"""The SMTP/LMTP listener: our own mailboxes only, and 250 only for what is in the journal."""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError

from channels_ingest.email import authentication, keeping, smtp_listener
from channels_ingest.models import InboundEvent
from tests.channels_ingest.email.conftest import letter
from tests.factories import make_channel
from tests.servers import Certificate, free_port
from tickets import tokens
from tickets.models import Channel, Message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channel() -> Channel:
    return make_channel(settings={"address": "pomoc@sklep.example.pl"})


@contextmanager
def door(kind: str = "smtp") -> Iterator[smtplib.SMTP]:
    """An open door and a client in front of it."""
    port = free_port()
    client = smtplib.LMTP if kind == "lmtp" else smtplib.SMTP
    with (
        smtp_listener.serving(f"{kind}://127.0.0.1:{port}"),
        client("127.0.0.1", port, local_hostname="nadawca.example.com") as session,
    ):
        session.ehlo_or_helo_if_needed()
        yield session


def test_mail_for_a_mailbox_is_journaled_and_becomes_a_ticket(channel):
    with door() as session:
        session.sendmail("anna@example.com", "pomoc@sklep.example.pl", letter())

    event = InboundEvent.objects.get()
    assert event.raw.startswith(b"Return-Path: <anna@example.com>\r\nReceived: from nadawca")
    assert event.raw.endswith(letter())
    assert event.meta["recipients"] == ["pomoc@sklep.example.pl"]
    assert Message.objects.get().channel == channel


def test_reply_address_is_ours(channel):
    with door() as session:
        session.sendmail("anna@example.com", "pomoc@sklep.example.pl", letter())
        ticket = Message.objects.get().ticket
        address = tokens.reply_address("pomoc@sklep.example.pl", ticket.ref)
        again = letter("Dalej", message_id="<2@mail.example.com>")
        session.sendmail("anna@example.com", address, again)

    assert Message.objects.last().ticket == ticket
    assert Message.objects.last().threaded_by == Message.Rule.TOKEN


@pytest.mark.parametrize(
    "address", ["ktos@inny.example.org", "nie-ma@sklep.example.pl", "pomoc@sklep.example.pl@x.org"]
)
def test_nothing_is_relayed(address, channel):
    with door() as session:
        session.mail("anna@example.com")
        code, _said = session.rcpt(address)

    assert code in (550, 553, 501)
    assert not InboundEvent.objects.exists()


def test_mailbox_that_is_off_makes_the_sender_wait(channel):
    Channel.objects.update(active=False)
    with door() as session:
        session.mail("anna@example.com")
        assert session.rcpt("pomoc@sklep.example.pl")[0] == 450


def test_no_250_without_the_journal(channel, monkeypatch):
    def broken(*args: object, **options: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(keeping.journal, "keep", broken)
    with door() as session, pytest.raises(smtplib.SMTPDataError) as refused:
        session.sendmail("anna@example.com", "pomoc@sklep.example.pl", letter())
    assert refused.value.smtp_code == 451


def test_one_mail_for_two_channels(channel):
    other = make_channel(settings={"address": "zwroty@sklep.example.pl"})
    people = ["pomoc@sklep.example.pl", "zwroty@sklep.example.pl", "pomoc+x@sklep.example.pl"]
    with door() as session:
        session.sendmail("anna@example.com", people, letter())

    events = {event.channel: event.meta["recipients"] for event in InboundEvent.objects.all()}
    assert events == {channel: [people[0], people[2]], other: [people[1]]}


def test_empty_sender_is_automatic_mail(channel):
    with door() as session:
        session.sendmail("", "pomoc@sklep.example.pl", letter())
    assert Message.objects.get().automatic


def test_lmtp_answers_for_each_recipient(channel):
    make_channel(settings={"address": "zwroty@sklep.example.pl"})
    with door("lmtp") as session:
        session.mail("anna@example.com")
        for address in ("pomoc@sklep.example.pl", "zwroty@sklep.example.pl"):
            session.rcpt(address)
        session.putcmd("DATA")
        assert session.getreply()[0] == 354
        session.send(letter() + b".\r\n")
        assert [session.getreply()[0] for _ in range(2)] == [250, 250]
    assert InboundEvent.objects.count() == 2


def test_long_lines_and_dots_arrive_as_they_are(channel):
    raw = letter("x" * 50_000 + "\r\n.\r\n..\r\nkoniec")
    with door() as session:
        session.sendmail("anna@example.com", "pomoc@sklep.example.pl", raw)
    assert InboundEvent.objects.get().raw.endswith(raw)


def test_too_large_is_said_before_it_is_sent(channel):
    with door() as session:
        assert session.mail("a@example.com", [f"SIZE={keeping.MOST_BYTES + 1}"])[0] == 552


def test_too_many_recipients(channel, monkeypatch):
    monkeypatch.setattr(smtp_listener, "MOST_RECIPIENTS", 2)
    with door() as session:
        session.mail("a@example.com")
        codes = [session.rcpt(f"pomoc+{number}@sklep.example.pl")[0] for number in range(3)]
    assert codes == [250, 250, 452]


def test_too_much_from_one_host(channel, monkeypatch):
    monkeypatch.setattr(smtp_listener, "MOST_MAILS_A_MINUTE", 2)
    monkeypatch.setattr(authentication, "check", lambda *_args, **_more: "X-Checked: no")
    with door("mx") as session:
        for number in range(2):
            mail = letter(message_id=f"<{number}@mail.example.com>")
            session.sendmail("a@example.com", "pomoc@sklep.example.pl", mail)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            session.sendmail("a@example.com", "pomoc@sklep.example.pl", letter())
    assert refused.value.smtp_code == 451


def test_too_many_at_once(channel, monkeypatch):
    monkeypatch.setattr(smtp_listener, "MOST_CONNECTIONS", 1)
    with door() as session, socket.create_connection(session.sock.getpeername()) as second:
        assert second.recv(100).startswith(b"421")


def test_starttls(channel, tmp_path, settings):
    certificate = Certificate.make(tmp_path)
    settings.SMTP_TLS_CERT, settings.SMTP_TLS_KEY = certificate.cert_file, certificate.key_file
    with door() as session:
        session.starttls(context=certificate.trusting_context())
        session.sendmail("anna@example.com", "pomoc@sklep.example.pl", letter())
    assert InboundEvent.objects.exists()


def test_door_that_cannot_be_opened_does_not_close_the_others(channel):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy, port = taken.getsockname()[1], free_port()
        with (
            smtp_listener.serving(f"127.0.0.1:{busy},127.0.0.1:{port}"),
            smtplib.SMTP("127.0.0.1", port) as session,
        ):
            session.sendmail("anna@example.com", "pomoc@sklep.example.pl", letter())
    assert InboundEvent.objects.exists()
