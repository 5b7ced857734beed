"""Answers by a real SMTP server: what the customer gets, and what happens when it goes wrong."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from channels_ingest import delivering
from channels_ingest.email import submission, wire
from channels_ingest.models import Connection
from crm.models import Identity
from history.recording import SYSTEM, Actor
from tests.channels_ingest.email.conftest import letter, message_of
from tests.factories import make_channel, make_incoming, make_user
from tests.servers import Certificate, SmtpSink, serving_smtp
from tickets import attaching, changing, receiving, replying
from tickets.incoming import Threading
from tickets.models import Channel, Delivery, Message, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel(smtp_sink) -> Channel:
    settings = smtp_sink.settings(address="pomoc@sklep.example.pl", signature="{agent}\nSklep")
    return make_channel(settings=settings)


@pytest.fixture
def ticket(channel) -> Ticket:
    incoming = make_incoming(
        channel,
        sender="anna@example.com",
        external_id="pytanie@mail.example.com",
        subject="Odp: Re: Gdzie jest moja paczka? ąę",
        body_text="Gdzie jest paczka?\n\n> stare słowa",
        reply_text="Gdzie jest paczka?",
        authentication="pass",
    )
    return receiving.receive(incoming).ticket


def send(ticket: Ticket, text: str = "Jest w drodze.", **fields: object) -> Delivery:
    """Write an answer and deliver it now, as if the undo window were over."""
    user = make_user(name="Kasia Nowak")
    draft = replying.Draft(text, **fields)  # type: ignore[arg-type]
    message = replying.reply(ticket, draft, by=Actor("agent", user.pk), user=user)
    return push(message)


def push(message: Message) -> Delivery:
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(message=message).update(not_before=None, next_attempt_at=past)
    delivery = Delivery.objects.get(message=message)
    delivering.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


class TestWhatTheCustomerGets:
    def test_headers(self, ticket, smtp_sink):
        delivery = send(ticket)

        assert (delivery.state, delivery.error) == (Delivery.State.SENT, "")
        sent = smtp_sink.mails[0]
        got = sent.message
        own_id = Message.objects.get(direction="outbound").external_id
        assert (sent.mail_from, sent.rcpt_tos) == ("pomoc@sklep.example.pl", ["anna@example.com"])
        assert got["From"] == "Sklep <pomoc@sklep.example.pl>"
        assert got["Reply-To"].startswith(f"pomoc+t{ticket.ref}.")
        assert got["Subject"] == "Re: Gdzie jest moja paczka? ąę"
        assert got["Message-ID"] == f"<{own_id}>"
        assert own_id.startswith("hd.")
        assert got["In-Reply-To"] == got["References"] == "<pytanie@mail.example.com>"
        assert got["Date"].datetime.utcoffset() == timedelta(hours=1)
        assert "Auto-Submitted" not in got

    def test_both_forms_quote_the_last_question_only(self, ticket, smtp_sink):
        send(ticket, "Jest w drodze.\n\n<b>Jutro</b>")

        got = smtp_sink.mails[0].message
        text = got.get_body(("plain",)).get_content().replace("\r", "")
        html = got.get_body(("html",)).get_content()
        assert text.startswith("Jest w drodze.\n\n<b>Jutro</b>\n\n-- \nKasia Nowak\nSklep\n\n")
        assert "> Gdzie jest paczka?" in text
        assert "stare" not in text
        assert "&lt;b&gt;Jutro&lt;/b&gt;" in html
        assert '<blockquote type="cite"' in html

    def test_files_and_pictures(self, ticket, smtp_sink):
        png = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
        picture = attaching.upload(png, "logo.png")
        picture.content_id = "logo@sklep"
        picture.save()
        files = [attaching.upload(b"%PDF-1.4 x", "faktura zażółć.pdf"), picture]

        send(ticket, "", body_html='Proszę <img src="cid:logo@sklep">', attachments=files)

        got = smtp_sink.mails[0].message
        html = got.get_body(("html",))
        assert 'src="cid:logo@sklep"' in html.get_content()
        (attached,) = got.iter_attachments()
        assert attached.get_filename() == "faktura zażółć.pdf"
        assert attached.get_content() == b"%PDF-1.4 x"
        related = [part for part in got.walk() if part["Content-ID"]]
        assert [part["Content-ID"] for part in related] == ["<logo@sklep>"]

    def test_copies(self, ticket, smtp_sink):
        send(ticket, cc=["kopia@example.org"], bcc=["ukryta@example.org"])

        sent = smtp_sink.mails[0]
        assert sent.rcpt_tos == ["anna@example.com", "kopia@example.org", "ukryta@example.org"]
        assert sent.message["Cc"] == "kopia@example.org"
        assert b"ukryta" not in sent.content

    def test_who_is_new_does_not_get_the_history(self, ticket, smtp_sink):
        send(ticket, cc=["nowa@example.org"])

        assert b"Gdzie jest paczka" not in smtp_sink.mails[0].content

    def test_stranger_is_neither_answered_nor_quoted(self, ticket, smtp_sink, feed):
        reply_to = f"pomoc+t{ticket.ref}"
        send(ticket)
        address = smtp_sink.mails[0].message["Reply-To"]
        assert address.startswith(reply_to)
        stranger = feed(
            letter("Zły", sender="zly@example.org", to=address, message_id="<z@example.org>"),
            ticket.channel,
        )
        assert message_of(stranger).ticket == ticket

        send(ticket, "Druga odpowiedź")

        second = smtp_sink.mails[1]
        assert second.rcpt_tos == ["anna@example.com"]
        assert second.message["In-Reply-To"] == "<pytanie@mail.example.com>"
        assert "Zły" not in second.message.get_body(("plain",)).get_content()

    def test_answer_to_the_answer_comes_back_to_the_ticket(self, ticket, smtp_sink, feed):
        send(ticket)
        got = smtp_sink.mails[0].message
        text = got.get_body(("plain",)).get_content()

        answer = letter(
            f"Dzięki!\n\n{text}", to=got["Reply-To"], message_id="<dwa@mail.example.com>"
        )

        message = message_of(feed(answer, ticket.channel))
        assert (message.ticket, message.threaded_by) == (ticket, Message.Rule.TOKEN)

    def test_references_keep_the_first_and_the_last(self, ticket, channel, smtp_sink):
        for number in range(30):
            receiving.receive(
                make_incoming(
                    channel,
                    sender="anna@example.com",
                    external_id=f"n{number}@mail.example.com",
                    threading=Threading(refs=(ticket.ref,)),
                )
            )
        send(ticket)

        ids = smtp_sink.mails[0].message["References"].split()
        assert ids[0] == "<pytanie@mail.example.com>"
        assert len(ids) <= 21

    def test_name_of_the_agent_where_the_channel_says_so(self, ticket, channel, smtp_sink):
        channel.connection.settings["from_name"] = "{agent} z ąę Sklepu"
        channel.connection.save()

        send(ticket)

        assert smtp_sink.mails[0].message["From"].addresses[0].display_name == "Kasia z ąę Sklepu"

    @pytest.mark.parametrize("nasty", ["a\r\nBcc: zly@example.org", "a\nX: y", "a\u2028b"])
    def test_nothing_from_outside_ends_a_header(self, nasty, ticket, channel, smtp_sink):
        Ticket.objects.filter(pk=ticket.pk).update(subject=nasty)
        channel.connection.settings["from_name"] = nasty
        channel.connection.save()
        Identity.objects.update(display="anna@example.com\r\nBcc: zly@example.org")
        file = attaching.upload(b"x", "a")
        file.name = nasty
        file.save()

        send(ticket, attachments=[file])

        sent = smtp_sink.mails[0]
        assert "Bcc" not in sent.message
        assert "X" not in sent.message
        assert "zly@example.org" not in sent.rcpt_tos

    def test_by_the_installations_server_where_the_channel_has_none(self, ticket, channel):
        channel.connection.settings["smtp_host"] = ""
        channel.connection.save()

        assert send(ticket).state == Delivery.State.SENT

        (sent,) = mail.outbox
        assert sent.to == ["anna@example.com"]
        assert sent.message()["Reply-To"].startswith("pomoc+t")


class TestWhatGoesWrong:
    def test_later_is_tried_again_with_the_same_id(self, ticket, smtp_sink):
        smtp_sink.answers = ["451 4.7.1 Greylisted"]

        delivery = send(ticket)
        assert delivery.state == Delivery.State.QUEUED
        assert delivery.next_attempt_at > timezone.now()
        delivery = push(delivery.message)

        assert delivery.state == Delivery.State.SENT
        assert [each.message["Message-ID"] for each in smtp_sink.mails] == [
            f"<{delivery.message.external_id}>"
        ]

    def test_refused_for_good_comes_back_to_the_agent(self, ticket, smtp_sink):
        changing.set_status(ticket, Ticket.Status.SOLVED, by=SYSTEM)
        smtp_sink.answers = ["554 5.7.1 Spam"]

        delivery = send(ticket)

        assert (delivery.state, delivery.error_code) == (Delivery.State.FAILED, "5.7.1")
        ticket.refresh_from_db()
        assert ticket.status == Ticket.Status.OPEN
        assert "Spam" in ticket.messages.get(direction="note").body_text

    def test_unknown_address_is_marked(self, ticket, smtp_sink):
        smtp_sink.answers = ["rcpt 550 5.1.1 User unknown"]

        delivery = send(ticket)

        assert delivery.state == Delivery.State.FAILED
        assert Identity.objects.get(value="anna@example.com").unreachable_at is not None

    def test_refused_copy_does_not_hold_the_answer(self, ticket, smtp_sink):
        smtp_sink.refused = {"kopia@example.org": "550 5.1.1 User unknown"}

        delivery = send(ticket, cc=["kopia@example.org"])

        assert delivery.state == Delivery.State.SENT
        assert smtp_sink.mails[0].rcpt_tos == ["anna@example.com"]
        assert "kopia@example.org" in ticket.messages.get(direction="note").body_text

    def test_bug_of_ours_after_the_content_does_not_send_it_again(
        self, ticket, smtp_sink, monkeypatch
    ):
        hand_over = submission._send_content

        def send_and_fail(smtp, raw):
            hand_over(smtp, raw)
            raise ZeroDivisionError

        monkeypatch.setattr(submission, "_send_content", send_and_fail)

        assert send(ticket).state == Delivery.State.UNCERTAIN
        assert len(smtp_sink.mails) == 1

    def test_line_lost_after_the_content_is_not_sent_again(self, ticket, smtp_sink):
        smtp_sink.answers = ["drop"]

        delivery = send(ticket)

        assert delivery.state == Delivery.State.UNCERTAIN
        push(delivery.message)
        assert len(smtp_sink.mails) == 1

    def test_busy_server_after_the_content(self, ticket, smtp_sink):
        smtp_sink.answers = ["421 4.3.2 Shutting down"]

        assert send(ticket).state == Delivery.State.QUEUED

    def test_server_that_is_not_there(self, ticket, channel):
        channel.connection.settings["smtp_port"] = 1
        channel.connection.save()

        delivery = send(ticket)

        assert delivery.state == Delivery.State.QUEUED
        assert "port 1" in delivery.error

    def test_wrong_password_stops_the_channel(self):
        with serving_smtp(SmtpSink(user="pomoc", password="dobre")) as sink:
            channel = make_channel(
                settings=sink.settings(address="pomoc@sklep.example.pl"),
                secrets={"smtp_password": "złe"},
            )
            ticket = receiving.receive(make_incoming(channel)).ticket

            delivery = send(ticket)

        assert delivery.state == Delivery.State.QUEUED
        connection = Connection.objects.get(channel=channel)
        assert connection.state == Connection.State.NEEDS_REAUTH

    def test_right_password(self):
        with serving_smtp(SmtpSink(user="pomoc", password="dobre hasło")) as sink:
            channel = make_channel(
                settings=sink.settings(address="pomoc@sklep.example.pl"),
                secrets={"smtp_password": "dobre hasło"},
            )
            ticket = receiving.receive(make_incoming(channel)).ticket
            assert send(ticket).state == Delivery.State.SENT

    def test_letters_that_the_server_cannot_carry(self, smtp_sink):
        with serving_smtp(enable_SMTPUTF8=False) as sink:
            channel = make_channel(settings=sink.settings(address="pomoc@sklep.example.pl"))
            incoming = make_incoming(channel, sender="żaneta@poczta.example.pl")
            delivery = send(receiving.receive(incoming).ticket)
            assert (delivery.state, delivery.error_code) == ("failed", "SMTPUTF8")
            assert not sink.mails
        channel = make_channel(settings=smtp_sink.settings(address="pomoc@sklep.example.pl"))
        incoming = make_incoming(channel, sender="żaneta@poczta.example.pl")
        assert send(receiving.receive(incoming).ticket).state == Delivery.State.SENT
        assert smtp_sink.mails[0].rcpt_tos == ["żaneta@poczta.example.pl"]

    def test_too_large_for_the_server(self):
        with serving_smtp(data_size_limit=1024 * 1024) as sink:
            channel = make_channel(settings=sink.settings(address="pomoc@sklep.example.pl"))
            ticket = receiving.receive(make_incoming(channel)).ticket
            file = attaching.upload(b"x" * 1024 * 1024, "a.bin")
            delivery = send(ticket, attachments=[file])
        assert (delivery.state, delivery.error_code) == ("failed", "5.3.4")

    def test_automatic_mail_never_goes_to_who_has_bounced(self, ticket, smtp_sink):
        Identity.objects.update(unreachable_at=timezone.now())

        message = replying.reply(ticket, replying.Draft("Auto"), by=SYSTEM, automatic=True)

        assert push(message).state == Delivery.State.FAILED
        assert not smtp_sink.mails


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encryption(security, tmp_path, monkeypatch):
    certificate = Certificate.make(tmp_path)
    monkeypatch.setattr(wire, "tls_context", certificate.trusting_context)
    with serving_smtp(certificate=certificate, security=security) as sink:
        channel = make_channel(
            settings=sink.settings(
                address="pomoc@sklep.example.pl", smtp_host="localhost", smtp_security=security
            )
        )
        ticket = receiving.receive(make_incoming(channel)).ticket
        assert send(ticket).state == Delivery.State.SENT
        assert sink.mails
