"""What must not leave: secrets from the database, notes from the team, people from the logs."""

import logging
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from psycopg import sql

from accounts import keys
from channels_ingest import delivering, journal
from channels_ingest.chat import mailing
from channels_ingest.email.keeping import keep
from history.recording import Actor
from tests.access.scene import Scene
from tests.channels_ingest.email.conftest import letter, mailbox  # noqa: F401  (a fixture)
from tests.factories import make_channel, make_user
from tests.servers import SmtpSink, smtp_sink  # noqa: F401  (a fixture)
from tickets import replying
from tickets.models import Channel, Delivery, Message
from tickets.replying import Draft

MARKER = "TajneHaslo7431"
NOTE = "notatka9083"


@pytest.fixture
def scene(db: None) -> Scene:
    return Scene()


def dump() -> str:
    """Every row of every table as text, as a stolen dump would show it."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                sql.SQL("SELECT row_to_json(t)::text FROM {} t").format(sql.Identifier(table))
            )
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_dump_holds_no_secret(scene: Scene) -> None:
    """A10: passwords of mailboxes, tokens of pages, keys, links and second factors."""
    make_channel("email", secrets={"imap_password": MARKER, "smtp_password": MARKER})
    make_channel("messenger", secrets={"app_secret": MARKER, "page_token": MARKER})
    make_channel("chat", secrets={"identity_secret": MARKER})
    _key, text = keys.create(make_user(), name="sklep")

    found = dump()

    assert MARKER not in found
    assert text.rpartition("_")[2] not in found
    assert scene.join_token not in found
    assert "JBSWY3DPEHPK3PXP" not in found
    assert "correct horse battery" not in found
    for token in [*scene.tokens.values(), *scene.keys.values()]:
        assert token not in found


def test_no_page_and_no_answer_shows_a_secret_again(scene: Scene) -> None:
    """A10: what was given once is never shown, not even to an admin."""
    channel = make_channel("email", secrets={"imap_password": MARKER, "smtp_password": MARKER})
    admin = Client()
    admin.force_login(scene.users["admin"])
    caller = Client(headers={"Authorization": f"Bearer {scene.keys['admin']}"})
    pages = [
        admin.get(f"/settings/channels/{channel.public_id}/"),
        admin.get(f"/settings/channels/{channel.public_id}/edit/"),
        caller.get(f"/api/v1/channels/{channel.public_id}/"),
        caller.get("/api/v1/channels/"),
        admin.get("/settings/keys/"),
    ]

    for page in pages:
        assert page.status_code == 200
        assert MARKER.encode() not in page.content
    assert (
        keys.create(scene.agent, name="x")[1].encode() not in admin.get("/settings/keys/").content
    )


def test_note_is_found_nowhere_a_customer_reads(
    scene: Scene,
    smtp_sink: SmtpSink,  # noqa: F811
) -> None:
    """A4: the mail that quotes the thread, the chat's history, its transcript, its events."""
    author = Actor("agent", scene.agent.pk)
    settings = scene.mailbox.connection.settings | smtp_sink.settings()
    type(scene.mailbox.connection).objects.filter(pk=scene.mailbox.connection.pk).update(
        settings=settings
    )
    for ticket in (scene.ticket, scene.chat_ticket):
        assert ticket is not None
        draft = Draft(body_text=f"Tylko dla nas: {NOTE}")
        replying.note(ticket, draft, by=author, user=scene.agent)
        replying.reply(ticket, Draft("Jutro będzie."), by=author, user=scene.agent)
    Delivery.objects.update(not_before=None, next_attempt_at=timezone.now())
    for pk in Delivery.objects.values_list("pk", flat=True):
        delivering.deliver(pk)
    scene.chat.refresh_from_db()
    scene.chat.email = "jan@example.com"
    scene.chat.save()
    mailing.ask_for_transcript(scene.chat, None, "jan@example.com")
    mailing.send_due()
    visitor = Client(headers={"Authorization": f"Bearer {scene.tokens['visitor']}"})
    read = [
        visitor.get(f"/widget-api/{scene.widget.public_id}/{path}").content.decode()
        for path in ("history/", "events/?after=0")
    ]

    assert "Jutro" in read[0]
    sent = smtp_sink.wait_for(2)
    assert any("Jutro" in one.text for one in sent), [one.text for one in sent]
    read += [one.content.decode(errors="replace") + one.text for one in sent]
    read += [one.message().as_string() for one in mail.outbox]
    assert any("Halo" in one for one in read), "the transcript went out"
    assert NOTE not in "".join(read)


def test_logs_name_nobody(
    db: None,
    mailbox: Channel,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """D12: receiving, refusing and failing are told by ids alone."""
    caplog.set_level(logging.INFO)
    raw = letter(f"Moje hasło to {MARKER}", sender="Anna Testowa <anna.testowa@example.com>")
    with django_capture_on_commit_callbacks(execute=True):
        event, _new = keep(mailbox, raw, source="imap")
        journal.process(event.pk)
    ticket = Message.objects.get(inbound_event_id=event.pk).ticket
    user = make_user(email="tajny.agent@example.com")
    with django_capture_on_commit_callbacks(execute=True):
        replying.reply(ticket, Draft(MARKER), by=Actor("agent", user.pk), user=user)
    Client().post("/accounts/login/", {"login": user.email, "password": MARKER})
    Client(headers={"Authorization": f"Bearer hd_x_{MARKER}"}).get("/api/v1/tickets/")
    Client().get(f"/accounts/join/{MARKER}/")

    told = "\n".join(
        record.getMessage() for record in caplog.records if record.name != "django.request"
    )
    for word in (MARKER, "anna.testowa", "tajny.agent", "Testowa"):
        assert word not in told
