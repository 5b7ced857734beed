"""Mail the widget owes: what a visitor missed, and not more of it than is wanted."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from channels_ingest.chat import mailing
from channels_ingest.chat.models import ChatMail, ChatSession
from history.recording import Actor
from tests.channels_ingest.chat.conftest import Visitor, fixture
from tests.factories import make_channel, make_user
from tests.servers import SmtpSink
from tickets import replying, tokens
from tickets.models import Ticket

FIVE_MINUTES = timedelta(minutes=5, seconds=1)


@pytest.fixture
def answer(django_capture_on_commit_callbacks: Any) -> Any:
    def write(text: str) -> None:
        agent = make_user(name="Kasia Nowak")
        with django_capture_on_commit_callbacks(execute=True):
            replying.reply(
                Ticket.objects.get(), replying.Draft(text), by=Actor("agent", agent.pk), user=agent
            )

    return write


@pytest.fixture
def gone(visitor: Visitor) -> Visitor:
    """Somebody who gave an address, asked, and closed the page two minutes ago."""
    visitor.post("prechat/", fixture("03"))
    ChatSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))
    return visitor


def test_answer_follows_by_mail(gone: Visitor, answer: Any) -> None:
    mailbox = make_channel(shop=gone.channel.shop)
    answer("Paczka jest w drodze.")
    answer("Będzie jutro.")
    mailing.send_due()
    assert not mail.outbox

    with time_machine.travel(timezone.now() + FIVE_MINUTES):
        mailing.send_due()
        mailing.send_due()

    [sent] = mail.outbox
    assert sent.to == ["anna@example.com"]
    assert "Paczka jest w drodze." in sent.body
    assert "Będzie jutro." in sent.body
    [reply_to] = sent.reply_to
    address = mailbox.connection.setting("address")
    assert tokens.ref_in(reply_to, address) == Ticket.objects.get().ref


def test_mail_goes_by_the_shops_own_mailbox(
    gone: Visitor, answer: Any, smtp_sink: SmtpSink
) -> None:
    own = smtp_sink.settings(address="pomoc@sklep.example.pl")
    make_channel(shop=gone.channel.shop, settings=own)
    answer("Paczka jest w drodze.")

    with time_machine.travel(timezone.now() + FIVE_MINUTES):
        mailing.send_due()

    [received] = smtp_sink.mails
    assert received.mail_from == "pomoc@sklep.example.pl"
    assert received.rcpt_tos == ["anna@example.com"]
    assert not mail.outbox


def test_whoever_returns_gets_no_mail(gone: Visitor, answer: Any) -> None:
    answer("Paczka jest w drodze.")
    gone.post("events/", {"type": "read", "up_to_seq": 2})

    with time_machine.travel(timezone.now() + FIVE_MINUTES):
        mailing.send_due()

    assert not mail.outbox


def test_whoever_is_here_gets_no_mail(visitor: Visitor, answer: Any) -> None:
    visitor.post("prechat/", fixture("03"))
    answer("Paczka jest w drodze.")

    assert not ChatMail.objects.exists()


def test_nobodys_mailbox_is_bombed(
    new_visitor: Any, django_capture_on_commit_callbacks: Any
) -> None:
    """Many visitors name one address and are answered: it gets three mails a day at most."""
    for number in range(5):
        visitor = new_visitor(address=f"198.51.{number}.7")
        visitor.post("prechat/", fixture("03"))
        with django_capture_on_commit_callbacks(execute=True):
            replying.reply(
                Ticket.objects.latest("pk"), replying.Draft("Już patrzę."), by=Actor("agent")
            )
        visitor.post("transcript/", {"email": "anna@example.com"})
    mailing.send_due()

    assert len(mail.outbox) == 3


def test_words_of_a_visitor_alone_are_sent_to_nobody(visitor: Visitor) -> None:
    """Anybody can type any address: what nobody of the shop has answered stays here."""
    visitor.post("prechat/", fixture("03"))
    assert visitor.post("transcript/", {"email": "anna@example.com"}).status_code == 202
    mailing.send_due()

    assert not mail.outbox
    assert ChatMail.objects.get().done_at is not None


def test_mail_that_fails_is_tried_again(
    gone: Visitor, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer("Paczka jest w drodze.")

    def broken(*_args: object, **_kwargs: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch, time_machine.travel(timezone.now() + FIVE_MINUTES):
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", broken)
        mailing.send_due()
    assert not mail.outbox
    assert ChatMail.objects.get().done_at is None

    with time_machine.travel(timezone.now() + 3 * FIVE_MINUTES):
        mailing.send_due()
    assert len(mail.outbox) == 1
