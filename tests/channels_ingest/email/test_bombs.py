"""Mail that wants to break the helpdesk becomes a ticket like any other, and the next one comes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from channels_ingest import journal
from channels_ingest.email import mime
from channels_ingest.email.mailboxes import Mailboxes
from channels_ingest.email.model import ParsedEmail
from channels_ingest.email.parse import Arrival, items_of
from channels_ingest.models import InboundEvent
from tests.channels_ingest.email.bombs import BOMBS, MOST_MEMORY
from tests.channels_ingest.email.conftest import letter
from tickets import attaching
from tickets.incoming import Incoming
from tickets.models import Channel, Message

pytestmark = pytest.mark.django_db(transaction=True)


_LARGE = 10 * 1024 * 1024


def taken(channel: Channel, folder: Path) -> list[dict[str, Any]]:
    """What a process with a bound on its memory says of the mails in a folder."""
    place = connection.settings_dict
    host = str(place["HOST"]).replace("/", "%2F")
    url = f"postgresql://{place['USER']}@{host}:{place['PORT'] or 5432}/{place['NAME']}"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.channels_ingest.email.bombs", str(channel.pk), str(folder)],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_d4_bombs_become_tickets_within_time_and_memory(mailbox, tmp_path):
    for number, (name, bomb) in enumerate(BOMBS.items()):
        raw = f"Message-ID: <bomb{number}@example.com>\r\n".encode() + bomb()
        # Each large one in a process of its own, the others one after another in one.
        folder = tmp_path / (str(number) if len(raw) > _LARGE else "small")
        folder.mkdir(exist_ok=True)
        (folder / f"{number:02} {name}").write_bytes(raw)
        after = letter("Następna", message_id=f"<next{number}@example.com>", sender="b@example.com")
        (folder / f"{number:02} {name} next").write_bytes(after)

    results = [one for folder in tmp_path.iterdir() for one in taken(mailbox, folder)]
    files = {file.name: file for file in tmp_path.glob("*/*")}

    assert len(results) == 2 * len(BOMBS)
    for result in results:
        assert result["seconds"] < 10, result
        assert result["bytes"] < MOST_MEMORY + 60 * 1024 * 1024, result
        event = InboundEvent.objects.get(pk=result["event"])
        assert event.state == InboundEvent.State.PROCESSED
        assert event.raw == files[result["name"]].read_bytes()
        message = Message.objects.get(inbound_event_id=event.pk)
        assert message.subject == "Pytanie", result


REDOS = {
    "attributions": "On a at 10:15 b ",
    "quotes": ">",
    "runs of e": "e",
    "runs of t": "t\n",
    "wrote": "W dniu 22.11.2026 10:15 napisał: ",
    "addresses": "a@",
    "angle brackets": "<",
    "bounce": "user mailbox unknown address ",
    "blanks": " \t",
    "dashes": "-",
    "labels": "From: To: Sent: ",
}


@pytest.mark.parametrize("name", REDOS)
@pytest.mark.parametrize("place", ["body", "header"])
def test_d5_a_megabyte_of_what_patterns_fear_costs_under_a_second(place, name, mailbox):
    piece = REDOS[name]
    much = piece * (1_000_000 // len(piece))
    line = much.replace("\n", " ")
    head = {"subject": line, "message_id": f"<{line}@a>", "sender": f"{line} <a@b.pl>"}
    raw = letter(much) if place == "body" else letter(**head)
    arrival = Arrival(mailbox.pk, timezone.now(), Mailboxes.known())
    began = time.process_time()

    (item,) = items_of(mime.parse(raw), arrival)

    assert time.process_time() - began < 1
    assert isinstance(item, Incoming)


LONE = b"=?utf-16?B?2AA=?="  # half of a surrogate pair
POISON = {
    "newline in the subject": b"Subject: =?utf-8?Q?a=0D=0Ab?=\r\n",
    "NUL": b"Subject: a\x00b\r\nX-A: \x00\r\n",
    "lone surrogate": b"Subject: " + LONE + b"\r\nFrom: " + LONE + b" <a@b.pl>\r\n",
    "emoji": "Subject: \U0001f980 zwrot\r\n".encode(),
    "long date": b"Date: " + b"1" * 300 + b"\r\n",
    "date of year 0": b"Date: Mon, 1 Jan 0000 00:00:00 +0000\r\n",
    "zone of 99 hours": b"Date: Mon, 1 Jan 2026 00:00:00 +9999\r\n",
    "long subject": b"Subject: " + b"a" * 10_000 + b"\r\n",
    "unknown charset": b"Content-Type: text/plain; charset=x-\xff\x00-klingon\r\n",
    "codec that is no charset": b"Content-Type: text/plain; charset=zip\r\n",
    "address of nothing": b"From: <>\r\nTo: ,,;:<@>\r\n",
    "no header at all": b"",
    "name of a file with NUL": (
        b'Content-Type: image/png; name="a\x00/../b.png"\r\nContent-ID: <\x00>\r\n'
    ),
}


@pytest.mark.django_db(transaction=False)
@pytest.mark.parametrize("name", POISON)
def test_d7_poison_between_two_good_mails(name, mailbox, feed):
    mails = [
        letter("Pierwsza", message_id="<1@example.com>"),
        POISON[name] + b"\r\ntre\x9c\xe6 \xed\xa0\x80\x00\r\n",
        letter("Druga", message_id="<2@example.com>"),
    ]

    events = [feed(raw) for raw in [*mails, *mails]]

    assert [event.state for event in events] == ["processed"] * 6
    texts = Message.objects.order_by("pk").values_list("body_text", flat=True)
    assert [texts[0].strip(), texts[2].strip()] == ["Pierwsza", "Druga"]
    assert len(texts) == 3


def test_d7_reader_that_breaks_suspends_one_mail_and_goes_on(mailbox, feed, monkeypatch):
    """A fault of our own code: the mail is tried again, then shown with its source, and kept."""
    real = mime.parse

    def broken(raw: bytes) -> ParsedEmail:
        if b"poison" in raw:
            raise SystemError("a bug")
        return real(raw)

    monkeypatch.setattr(mime, "parse", broken)
    bad = feed(letter("poison", message_id="<0@example.com>"))
    good = feed(letter("dobra", message_id="<1@example.com>"))
    for _ in range(10):
        journal.process(bad.pk)
    bad.refresh_from_db()

    assert (bad.state, good.state) == (InboundEvent.State.DEAD, InboundEvent.State.PROCESSED)
    shown = Message.objects.get(inbound_event_id=bad.pk)
    assert attaching.read(shown.attachments.get()) == bad.raw
    monkeypatch.undo()
    journal.replay(bad)
    assert Message.objects.filter(inbound_event_id=bad.pk).count() == 1
