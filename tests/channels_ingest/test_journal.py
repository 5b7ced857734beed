"""The journal: kept before anything else, once, and nothing in it is lost or holds others up."""

import io
import os
import subprocess
import sys
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from channels_ingest import journal, sweeping
from channels_ingest.email import keeping, parse
from channels_ingest.models import InboundEvent
from crm.models import Customer, Identity
from tests.channels_ingest.email.conftest import letter
from tests.factories import make_channel
from tickets.models import Channel, Message, Ticket

State = InboundEvent.State


@pytest.fixture
def channel() -> Channel:
    return make_channel(settings={"address": "pomoc@sklep.example.pl"})


def kept(channel: Channel, raw: bytes | None = None) -> InboundEvent:
    event, _is_new = keeping.keep(channel, raw or letter(), source="pipe")
    return event


def processed(event: InboundEvent) -> InboundEvent:
    journal.process(event.pk)
    event.refresh_from_db()
    return event


def in_threads(count: int, work: Any) -> None:
    """Do it so many times at the same moment; an error in one of them fails the test."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait(10)
            work(number)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors


@pytest.mark.django_db
class TestKeeping:
    def test_the_same_mail_is_one_row(self, channel):
        first, is_new = keeping.keep(channel, letter(), source="pipe")
        again, is_new_again = keeping.keep(channel, letter().replace(b"\r\n", b"\n"), source="imap")

        assert (again, is_new, is_new_again) == (first, True, False)

    def test_large_bodies_go_to_storage(self, channel):
        raw = letter("x" * 2 * 1024 * 1024)

        event = kept(channel, raw)

        assert event.body is None
        assert default_storage.exists(event.storage_key)
        assert InboundEvent.objects.get().raw == raw

    def test_nul_and_endless_ids_fit(self, channel):
        kept(channel, letter(message_id="<" + "x" * 5_000 + "\0@example.com>"))
        kept(channel, b"\0" * 100)
        assert InboundEvent.objects.count() == 2


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_one_mail_twice(self, channel):
        in_threads(5, lambda _number: processed(kept(channel)))

        assert (InboundEvent.objects.count(), Message.objects.count()) == (1, 1)

    def test_processing_of_one_row(self, channel):
        event, _is_new = journal.keep(
            "email", "", "message:1", letter(), channel=channel, wake=False
        )
        in_threads(5, lambda _number: journal.process(event.pk))

        assert Message.objects.count() == 1

    def test_fifty_mails_of_one_new_customer(self, channel):
        mails = [letter(f"Treść {n}", message_id=f"<m{n}@example.com>") for n in range(50)]

        def bring(number: int) -> None:
            for mail in mails[number * 10 : number * 10 + 10]:
                processed(kept(channel, mail))

        in_threads(5, bring)

        assert (Customer.objects.count(), Identity.objects.count()) == (1, 1)
        assert (Message.objects.count(), Ticket.objects.count()) == (50, 50)

    def test_answers_of_one_customer_join_one_ticket(self, channel):
        first = Message.objects.get(inbound_event_id=processed(kept(channel)).pk)
        answers = [
            letter(
                f"Dalej {n}", message_id=f"<d{n}@example.com>", in_reply_to="<a1@mail.example.com>"
            )
            for n in range(10)
        ]

        in_threads(
            5, lambda n: [processed(kept(channel, raw)) for raw in answers[2 * n : 2 * n + 2]]
        )

        assert Ticket.objects.get() == first.ticket
        assert Message.objects.count() == 11


@pytest.mark.django_db
class TestProcessing:
    def test_poison_between_two_good_mails(self, channel, monkeypatch):
        items_of = parse.items_of

        def choke(mail: Any, arrival: Any) -> Any:
            if "trucizna" in mail.subject:
                raise ZeroDivisionError
            return items_of(mail, arrival)

        monkeypatch.setattr(parse, "items_of", choke)
        events = [
            kept(channel, letter(subject=subject, message_id=f"<{subject}@example.com>"))
            for subject in ("pierwsza", "trucizna", "druga")
        ]
        for event in events:
            processed(event)

        assert [event.state for event in events] == [State.PROCESSED, State.FAILED, State.PROCESSED]
        assert Message.objects.count() == 2
        assert events[1].next_attempt_at is not None

    def test_what_fails_for_good_still_reaches_an_agent(self, channel, monkeypatch):
        def choke(*_args: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(parse, "items_of", choke)
        event = kept(channel, letter())
        for _ in range(10):
            processed(event)

        assert (event.state, event.attempts) == (State.DEAD, 6)
        message = Message.objects.get()
        (source,) = message.attachments.all()
        assert (source.name, source.content_type) == ("wiadomosc.eml", "message/rfc822")
        assert message.sender.value == "anna@example.com"

    def test_a_failure_that_passes(self, channel, monkeypatch):
        event = kept(channel)
        with monkeypatch.context() as patched:
            patched.setattr(journal.receiving, "take", _database_is_gone)
            processed(event)
        assert event.state == State.FAILED

        InboundEvent.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
        sweeping.sweep()

        event.refresh_from_db()
        assert event.state == State.PROCESSED

    def test_what_nobody_was_woken_for_is_found(self, channel):
        event = kept(channel)
        InboundEvent.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))

        sweeping.sweep()

        event.refresh_from_db()
        assert event.state == State.PROCESSED

    def test_re_encoded_copy_is_recognised(self, channel):
        processed(kept(channel, letter("zażółć", message_id="<1@example.com>")))
        copy = letter("x", message_id="<1@example.com>").replace(
            b"charset=utf-8\r\n\r\nx",
            b"charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nemHFvMOzxYLEhw==",
        )

        event = processed(kept(channel, copy))

        assert (event.state, event.reason) == (State.IGNORED, "duplicate")
        assert Message.objects.count() == 1

    def test_one_mail_to_two_mailboxes_of_a_shop_is_shown_once(self, channel):
        other = make_channel(settings={"address": "zwroty@sklep.example.pl"}, shop=channel.shop)
        mail = letter(to="pomoc@sklep.example.pl, zwroty@sklep.example.pl")

        processed(kept(channel, mail))
        event = processed(kept(other, mail))

        assert (event.state, event.reason) == (State.IGNORED, "duplicate")
        assert Message.objects.count() == 1


def _database_is_gone(*_args: object, **_options: object) -> None:
    raise OperationalError("gone")


@pytest.mark.django_db
class TestCommands:
    def pipe(self, monkeypatch: Any, raw: bytes, channel: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        call_command("receive_email", channel=channel)

    def test_pipe(self, channel, monkeypatch):
        monkeypatch.setenv("SENDER", "")
        self.pipe(monkeypatch, letter(), str(channel.public_id))

        event = InboundEvent.objects.get()
        assert event.raw == letter()
        assert processed(event).state == State.PROCESSED
        assert Message.objects.get().automatic

    @pytest.mark.parametrize(
        ("raw", "channel_id"),
        [(b"", None), (letter(), "9b0c6c1e-0000-4000-8000-000000000001")],
    )
    def test_pipe_that_fails_asks_for_another_try(self, raw, channel_id, channel, monkeypatch):
        with pytest.raises(CommandError) as failure:
            self.pipe(monkeypatch, raw, channel_id or str(channel.public_id))
        assert failure.value.returncode == 75

    def test_pipe_without_a_database(self, channel, monkeypatch):
        monkeypatch.setattr(keeping.journal, "keep", _database_is_gone)
        with pytest.raises(CommandError) as failure:
            self.pipe(monkeypatch, letter(), str(channel.public_id))
        assert failure.value.returncode == 75

    @pytest.mark.parametrize(
        ("arguments", "environment"),
        [
            (["--channel", "nie-numer"], {}),
            ([], {}),
            (["--channel", str(uuid.uuid4())], {"DATABASE_URL": "postgres://127.0.0.1:1/x"}),
            (["--channel", str(uuid.uuid4())], {"HELPDESK_BASE_URL": "bez adresu"}),
        ],
    )
    def test_pipe_of_a_helpdesk_that_does_not_work(self, arguments, environment):
        command = [sys.executable, "manage.py", "receive_email", *arguments]
        ended = subprocess.run(
            command,
            input=letter(),
            env=os.environ | environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            check=False,
        )
        assert ended.returncode == 75
        assert ended.stderr

    def test_replay_of_one(self, channel):
        event = processed(kept(channel))

        call_command("replay", event=event.pk, stdout=(out := io.StringIO()))

        assert out.getvalue() == f"{event.pk} processed\n"
        assert Message.objects.count() == 1

    def test_replay_of_the_dead(self, channel):
        event = kept(channel)
        InboundEvent.objects.update(state=State.DEAD)

        call_command("replay", dead=True, stdout=io.StringIO())

        event.refresh_from_db()
        assert event.state == State.PROCESSED

    def test_replay_of_nothing(self):
        with pytest.raises(CommandError):
            call_command("replay", event=1)
