"""Health by name, and figures for those who watch."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone, translation
from prometheus_client import generate_latest

from channels_ingest import health as channel_health
from channels_ingest import journal
from channels_ingest.models import Connection, InboundEvent
from helpdesk import health
from history.recording import SYSTEM
from tests.factories import make_channel, make_ticket
from tickets import replying
from tickets.models import Channel, Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> Channel:
    return make_channel(settings={"imap_host": "imap.example.com"}, name="Sklep")


@pytest.fixture
def long_ago() -> datetime:
    return timezone.now() - timedelta(hours=1)


def result(name: str) -> str:
    with translation.override("en"):
        return health.results()[name]


def figures() -> str:
    return generate_latest(health.metrics_registry).decode()


def test_all_is_well(channel):
    assert [result(name) for name in ("journal", "outbox", "channels")] == ["ok"] * 3


def test_events_that_wait(channel, long_ago):
    journal.keep("email", "a", "message:1", b"x", channel=channel, wake=False)
    InboundEvent.objects.update(next_attempt_at=long_ago, received_at=long_ago)

    assert result("journal") == "1 event waits to be processed."
    assert 'helpdesk_journal_oldest_seconds{kind="email"} 36' in figures()


def test_events_that_failed_for_good(channel):
    journal.keep("email", "a", "message:1", b"x", channel=channel, wake=False)
    InboundEvent.objects.update(state=InboundEvent.State.DEAD)

    assert "1 thing failed for good" in result("dead_letters")
    assert 'helpdesk_journal_dead{kind="email"} 1.0' in figures()


def test_messages_that_wait(long_ago):
    ticket = make_ticket()
    replying.reply(ticket, replying.Draft("Odpowiedź"), by=SYSTEM)
    assert result("outbox") == "ok"
    Delivery.objects.update(next_attempt_at=long_ago, not_before=None, created_at=long_ago)

    assert result("outbox") == "1 message waits to be sent."
    assert 'helpdesk_outbox_oldest_seconds{kind="email"} 36' in figures()


def test_channel_that_does_not_work(channel):
    channel_health.failed(channel.pk, "Złe hasło.")
    assert result("channels") == "These do not work: Sklep."


def test_mailbox_that_nobody_reads(channel, long_ago):
    Channel.objects.update(created_at=long_ago)
    Connection.objects.update(last_ok_at=long_ago)

    assert result("channels") == "These were not read for 15 minutes: Sklep."
    assert f'{{channel="{channel.public_id}",kind="email"}} 36' in figures()


def test_channel_that_is_off_is_no_trouble(channel):
    channel_health.failed(channel.pk, "Złe hasło.")
    Channel.objects.update(active=False)
    assert result("channels") == "ok"
