"""Reading a mailbox over a real IMAP server: nothing lost, nothing twice."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from channels_ingest import files, journal
from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.email import imap, receive, wire
from channels_ingest.models import Connection, InboundEvent
from tests.channels_ingest.email.conftest import letter
from tests.factories import make_channel, make_user
from tests.servers import Certificate, eventually, serving_imap
from tickets import attaching
from tickets.models import Attachment, Channel, Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel(imap_server) -> Channel:
    return make_channel(settings=imap_server.settings(), secrets=imap_server.secrets)


def numbered(number: int) -> bytes:
    return letter(f"Treść {number}", message_id=f"<m{number}@mail.example.com>")


def fresh(channel: Channel) -> Connection:
    return Connection.objects.select_related("channel").get(channel=channel)


def poll(channel: Channel) -> int:
    return receive.poll(fresh(channel))


def test_reads_what_is_new_and_changes_no_flag(imap_server, channel):
    for number in range(3):
        imap_server.append(numbered(number))

    assert poll(channel) == 3
    assert poll(channel) == 0
    imap_server.append(numbered(3))
    assert poll(channel) == 1

    assert InboundEvent.objects.count() == 4
    assert imap_server.flags() == [set()] * 4


def test_message_is_kept_byte_for_byte(imap_server, channel):
    raw = b"From: a@example.com\r\nSubject: \xb9\xea\r\n\r\n\x00\xff\r\n.\r\n"
    imap_server.append(raw)

    poll(channel)

    assert InboundEvent.objects.get().raw == raw


def test_new_numbering_imports_nothing_twice(imap_server, channel):
    for number in range(3):
        imap_server.append(numbered(number))
    poll(channel)
    imap_server.append(numbered(3))
    imap_server.renew_uidvalidity()

    assert poll(channel) == 1
    assert poll(channel) == 0
    assert InboundEvent.objects.count() == 4


def test_mails_with_one_message_id_or_none_are_all_kept(imap_server, channel):
    """Couriers reuse a Message-ID for other mails; some programs write none at all."""
    for text in ("pierwsza", "druga"):
        imap_server.append(letter(text, message_id="<kurier@example.com>"))
        imap_server.append(letter(text, message_id=""))

    assert poll(channel) == 4
    for event in InboundEvent.objects.order_by("pk"):
        journal.process(event.pk)

    assert Message.objects.count() == 4
    imap_server.renew_uidvalidity()
    assert poll(channel) == 0


def test_flags_of_other_clients_decide_nothing(imap_server, channel):
    imap_server.append(numbered(0))
    with imap_server.client() as client:
        client.add_flags(client.search("ALL"), [b"\\Seen", b"\\Flagged"])
    imap_server.append(numbered(1))

    assert poll(channel) == 2
    with imap_server.client() as client:
        client.remove_flags(client.search("ALL"), [b"\\Seen"])
    assert poll(channel) == 0


def test_mail_from_before_the_channel_is_imported_from_a_day_on(imap_server, channel):
    now = datetime.now(UTC)
    imap_server.append(numbered(1), at=now - timedelta(days=400))
    imap_server.append(numbered(2), at=now - timedelta(days=3))

    assert poll(channel) == 1

    # Later it counts when a mail got here, not how old it is: somebody moved it into the folder.
    imap_server.append(numbered(3), at=now - timedelta(days=400))
    assert poll(channel) == 1


def test_long_import_goes_on_where_it_stopped(imap_server, channel, monkeypatch):
    monkeypatch.setattr(receive, "_POLLED_AT_ONCE", 2)
    old = datetime.now(UTC) - timedelta(days=400)
    for number in range(5):
        imap_server.append(numbered(number))
        imap_server.append(numbered(100 + number), at=old)

    assert [poll(channel) for _ in range(4)] == [2, 2, 1, 0]


def test_crash_between_fetch_and_cursor_stores_once(imap_server, channel, monkeypatch):
    imap_server.append(numbered(1))
    imap_server.append(numbered(2))

    def crash(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(imap.Cursor, "save", crash)
        with pytest.raises(KeyboardInterrupt):
            poll(channel)
    assert InboundEvent.objects.count() == 2

    assert poll(channel) == 0
    assert InboundEvent.objects.count() == 2


def test_mail_that_comes_and_goes_while_we_read(imap_server, channel, monkeypatch):
    for number in range(4):
        imap_server.append(numbered(number))
    look_at = imap.Folder.look_at

    def busy(folder: imap.Folder, uids: list[int]):
        for place, found in enumerate(look_at(folder, uids)):
            if place == 1:
                imap_server.expunge_first()
                imap_server.append(numbered(4))
            yield found

    with monkeypatch.context() as patched:
        patched.setattr(imap.Folder, "look_at", busy)
        poll(channel)
    poll(channel)

    bodies = {bytes(event.raw) for event in InboundEvent.objects.all()}
    assert bodies == {numbered(number) for number in range(5)}


def test_message_that_breaks_the_line_holds_nobody_up(imap_server, channel, monkeypatch):
    for number in range(3):
        imap_server.append(numbered(number))
    raw = imap.Folder.raw

    def broken(folder: imap.Folder, uid: int, **options: bool) -> bytes | None:
        if uid == 102:
            imap_server.drop_connections()
        return raw(folder, uid, **options)

    monkeypatch.setattr(imap.Folder, "raw", broken)
    for _ in range(receive._TRIES - 1):
        with pytest.raises(Unavailable):
            poll(channel)
    poll(channel)

    raws = [bytes(event.raw) for event in InboundEvent.objects.order_by("pk")]
    assert raws[:2] == [numbered(0), numbered(2)]
    assert b"102" in raws[2]
    assert poll(channel) == 0


def test_too_large_a_mail_comes_as_its_header(imap_server, channel, monkeypatch):
    monkeypatch.setattr(receive, "MOST_BYTES", 1_000)
    imap_server.append(letter("x" * 2_000, subject="Zdjęcia"))

    poll(channel)

    event = InboundEvent.objects.get()
    journal.process(event.pk)
    message = Message.objects.get()
    assert "x" * 100 not in event.raw.decode()
    assert message.subject == "Zdjęcia"
    assert message.context["too_large_bytes"] > 2_000


PHOTO = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
    b"W za\xc5\x82\xc4\x85czeniu\r\n--b\r\nContent-Type: image/png; name=foto.png\r\n\r\n"
    + b"\x89PNG" * 500
    + b"\r\n--b--\r\n"
)


class TestTooLarge:
    """Of a mail over the limit the header is taken in; the rest when an agent asks for it."""

    @pytest.fixture
    def raw(self) -> bytes:
        return letter(subject="Zdjęcia").split(b"Content-Type")[0] + PHOTO

    @pytest.fixture
    def message(self, raw, imap_server, monkeypatch) -> Message:
        monkeypatch.setattr(receive, "MOST_BYTES", 1_000)
        channel = make_channel(
            settings=imap_server.settings(after_import="delete"), secrets=imap_server.secrets
        )
        imap_server.append(raw)
        poll(channel)
        journal.process(InboundEvent.objects.get().pk)
        return Message.objects.get()

    def test_it_stays_in_the_mailbox_whatever_the_channel_does(self, message, imap_server):
        assert imap_server.count() == 1

    def test_all_of_it_comes_when_somebody_asks(
        self, raw, message, client, django_capture_on_commit_callbacks
    ):
        client.force_login(make_user("admin"))
        address = reverse("inbox:message-whole", args=[message.public_id])
        page = reverse("inbox:ticket", args=[message.ticket.number])
        assert address in client.get(page).content.decode()

        for _ in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                client.post(address)

        files = {file.name: attaching.read(file) for file in message.attachments.all()}
        assert files["wiadomosc.eml"] == raw
        assert files["wiadomosc.txt"].decode() == "W załączeniu"
        assert files["foto.png"].startswith(b"\x89PNG")
        assert len(files) == 3
        assert address not in client.get(page).content.decode()

    def test_one_that_is_gone_says_so(
        self, message, imap_server, django_capture_on_commit_callbacks
    ):
        imap_server.expunge_first()
        with django_capture_on_commit_callbacks(execute=True):
            files.ask_for_whole(message)

        assert message.attachments.get().state == Attachment.State.FAILED


@pytest.mark.parametrize("way", ["move", "delete"])
def test_imported_mail_is_cleared_away(way, imap_server):
    channel = make_channel(
        settings=imap_server.settings(after_import=way), secrets=imap_server.secrets
    )
    for number in range(3):
        imap_server.append(numbered(number))

    assert poll(channel) == 3

    assert imap_server.count() == 0
    if way == "move":
        assert imap_server.count("Helpdesk") == 3
    imap_server.append(numbered(3))
    assert poll(channel) == 1


class TestWhatIsWrong:
    def test_password(self, imap_server):
        channel = make_channel(settings=imap_server.settings(), secrets={"imap_password": "inne"})
        with pytest.raises(Refused, match="password"):
            poll(channel)

    def test_folder(self, imap_server, channel):
        channel.connection.settings["imap_folder"] = "Nie ma"
        channel.connection.save()
        with pytest.raises(Refused, match="Nie ma"):
            poll(channel)

    def test_host(self, imap_server, channel):
        channel.connection.settings["imap_host"] = "nie-ma.invalid"
        channel.connection.save()
        with pytest.raises(Unavailable, match="not found"):
            poll(channel)

    def test_port(self, imap_server, channel):
        channel.connection.settings["imap_port"] = 1
        channel.connection.save()
        with pytest.raises(Unavailable, match="port 1"):
            poll(channel)

    def test_tls_where_there_is_none(self, imap_server, channel):
        channel.connection.settings["imap_security"] = "tls"
        channel.connection.save()
        with pytest.raises(Unavailable, match="TLS"):
            poll(channel)

    def test_private_address_where_it_is_not_allowed(self, imap_server, channel, settings):
        settings.ALLOW_PRIVATE_HOSTS = False
        with pytest.raises(Refused):
            poll(channel)


class TestEncryption:
    @pytest.fixture
    def certificate(self, tmp_path) -> Certificate:
        return Certificate.make(tmp_path)

    def test_starttls(self, certificate, monkeypatch):
        monkeypatch.setattr(wire, "tls_context", certificate.trusting_context)
        with serving_imap(certificate=certificate) as server:
            channel = make_channel(
                settings=server.settings(imap_security="starttls", imap_host="localhost"),
                secrets=server.secrets,
            )
            server.append(numbered(1))
            assert poll(channel) == 1

    def test_certificate_of_nobody_we_know(self, certificate):
        with serving_imap(certificate=certificate) as server:
            channel = make_channel(
                settings=server.settings(imap_security="starttls", imap_host="localhost"),
                secrets=server.secrets,
            )
            with pytest.raises(Unavailable, match="certificate"):
                poll(channel)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("idle", [True, False])
def test_long_connection_takes_mail_as_it_comes(idle, monkeypatch):
    monkeypatch.setattr(imap, "_LOOK_WITHOUT_IDLE_S", 0.2)
    monkeypatch.setattr(journal.waking, "process", lambda _event: None)
    with serving_imap(idle=idle) as server:
        channel = make_channel(settings=server.settings(), secrets=server.secrets)
        stop = threading.Event()
        thread = threading.Thread(target=receive.run, args=(fresh(channel), stop))
        thread.start()
        try:
            server.append(numbered(1))
            eventually(lambda: InboundEvent.objects.count() == 1)
            server.drop_connections()
            server.append(numbered(2))
            eventually(lambda: InboundEvent.objects.count() == 2)
        finally:
            stop.set()
            thread.join(10)
        assert not thread.is_alive()
    assert fresh(channel).state == Connection.State.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_mail_that_comes_while_others_are_read_waits_for_no_timer(imap_server, monkeypatch):
    """The server tells of it in the answer to a FETCH, and not again once we wait."""
    monkeypatch.setattr(journal.waking, "process", lambda _event: None)
    channel = make_channel(settings=imap_server.settings(), secrets=imap_server.secrets)
    imap_server.append(numbered(1))
    look_at, late = imap.Folder.look_at, iter([2])

    def busy(folder: imap.Folder, uids: list[int]):
        for found in look_at(folder, uids):
            for number in late:
                imap_server.append(numbered(number))
            yield found

    monkeypatch.setattr(imap.Folder, "look_at", busy)
    stop = threading.Event()
    thread = threading.Thread(target=receive.run, args=(fresh(channel), stop))
    thread.start()
    try:
        eventually(lambda: InboundEvent.objects.count() == 2)
    finally:
        stop.set()
        thread.join(10)


@pytest.mark.timeout(60)
def test_mail_that_came_before_the_waiting_is_not_waited_for(imap_server, channel):
    """It is told beside some answer; the line itself then stays silent until the next look."""
    with imap.opened(fresh(channel)) as folder:
        for number in range(1, 6):
            imap_server.append(numbered(number))
            while len(folder.uids_after(0)) < number:
                folder.wait(threading.Event())
