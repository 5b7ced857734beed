"""Who reads which mailbox: one at a time, and somebody always."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from channels_ingest import health, journal, receivers
from channels_ingest.models import Connection, InboundEvent
from channels_ingest.receivers import Receivers
from tests.channels_ingest.email.conftest import imap_server, letter  # noqa: F401
from tests.factories import make_channel
from tests.servers import eventually
from tickets.models import Channel


@pytest.fixture
def channel(imap_server) -> Channel:  # noqa: F811
    return make_channel(settings=imap_server.settings(), secrets=imap_server.secrets)


def row(channel: Channel) -> Connection:
    return Connection.objects.get(channel=channel)


@pytest.mark.django_db
class TestLease:
    def test_one_holder(self, channel):
        pk = channel.connection.pk
        assert receivers.lease(pk, "a")
        assert receivers.lease(pk, "a")
        assert not receivers.lease(pk, "b")
        receivers.release(pk, "b")
        assert not receivers.lease(pk, "b")
        receivers.release(pk, "a")
        assert receivers.lease(pk, "b")

    def test_of_one_that_died(self, channel):
        pk = channel.connection.pk
        receivers.lease(pk, "a")
        Connection.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        assert receivers.lease(pk, "b")


@pytest.mark.django_db
class TestPolling:
    def test_what_nobody_holds_is_due(self, channel):
        assert receivers.due() == [channel.connection.pk]
        receivers.lease(channel.connection.pk, "a")
        assert receivers.due() == []

    @pytest.mark.parametrize("change", [{"active": False}])
    def test_what_is_switched_off_is_not(self, change, channel):
        Channel.objects.update(**change)
        assert receivers.due() == []
        assert receivers.poll(channel.connection.pk) == 0

    def test_channel_without_a_mailbox_is_not(self):
        make_channel(settings={"address": "pomoc@sklep.example.pl"})
        make_channel("chat")
        assert receivers.due() == []

    def test_fetches_and_says_when_next(self, channel, imap_server):  # noqa: F811
        imap_server.append(letter())

        assert receivers.poll(channel.connection.pk) == 1

        assert InboundEvent.objects.count() == 1
        assert (row(channel).state, row(channel).leased_by) == ("active", "")
        assert row(channel).last_ok_at is not None
        assert receivers.due() == []

    def test_trouble_is_told_in_words_and_ends_with_the_next_success(self, channel):
        channel.connection.set_secrets({"imap_password": "inne"})
        channel.connection.save()
        receivers.poll(channel.connection.pk)
        assert row(channel).state == Connection.State.ERROR
        assert "password" in row(channel).error

        channel.connection.set_secrets({"imap_password": "tajne-haslo"})
        channel.connection.save(update_fields=["sealed"])
        receivers.poll(channel.connection.pk)

        assert (row(channel).state, row(channel).error) == ("active", "")

    def test_fetching_and_sending_speak_for_themselves(self, channel):
        health.needs_reauth(channel.pk, "Hasło do wysyłania.")
        receivers.poll(channel.connection.pk)
        assert row(channel).error == "Hasło do wysyłania."

        Connection.objects.update(state="error", error="Nie ma folderu.", next_poll_at=None)
        health.sent(channel.pk)
        assert row(channel).error == "Nie ma folderu."
        receivers.poll(channel.connection.pk)
        assert (row(channel).state, row(channel).error) == ("active", "")

    def test_one_broken_mailbox_does_not_stop_another(self, channel, imap_server):  # noqa: F811
        broken = make_channel(
            settings=imap_server.settings(address="inny@sklep.example.pl", imap_port=1)
        )
        imap_server.append(letter())
        for pk in receivers.due():
            receivers.poll(pk)
        assert InboundEvent.objects.get().channel == channel
        assert "port 1" in row(broken).error


@pytest.mark.django_db(transaction=True)
def test_long_connections_follow_the_settings(channel, imap_server, monkeypatch):  # noqa: F811
    monkeypatch.setattr(receivers, "_TEND_EVERY_S", 0.1)
    # Tasks run at once in tests; here only the fetching is looked at.
    monkeypatch.setattr(journal.waking, "process", lambda _event: None)
    keeper, stop = Receivers(), threading.Event()
    thread = threading.Thread(target=keeper.run, args=(stop,))
    thread.start()
    try:
        imap_server.append(letter(message_id="<1@example.com>"))
        eventually(lambda: InboundEvent.objects.count() == 1)
        assert row(channel).leased_by == keeper.holder
        assert receivers.due() == []

        Channel.objects.update(active=False)
        eventually(lambda: row(channel).leased_by == "")
        imap_server.append(letter(message_id="<2@example.com>"))
        Channel.objects.update(active=True)
        eventually(lambda: InboundEvent.objects.count() == 2)
    finally:
        stop.set()
        thread.join(15)
    assert not thread.is_alive()
    assert row(channel).leased_by == ""
