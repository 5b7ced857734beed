"""A storage that takes nothing any more: the disk is full, or the bucket is away."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from channels_ingest import journal
from channels_ingest.email import keeping
from channels_ingest.models import InboundEvent
from tests.factories import make_channel, make_ticket, make_user
from tickets import attaching
from tickets.models import Attachment, Message

pytestmark = pytest.mark.django_db


@contextmanager
def full_disk() -> Iterator[None]:
    def refuse(*_args: object, **_options: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileSystemStorage, "_save", refuse)
        yield


def test_mail_with_a_file_waits_until_there_is_room() -> None:
    """However long it takes: a full disk says nothing of the mail, which does not die of it."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "anna@example.com", "pomoc@example.com"
    mail.set_content("W załączniku umowa.")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="umowa.pdf")
    event, _is_new = keeping.keep(make_channel(), mail.as_bytes(), source="pipe")

    with full_disk():
        for _try in range(20):
            journal.process(event.pk)
        event.refresh_from_db()
        assert event.state == InboundEvent.State.FAILED
        assert "No space left on device" in event.reason
        assert event.next_attempt_at is not None
    journal.process(event.pk)

    assert Message.objects.get().body_text.strip() == "W załączniku umowa."
    assert attaching.read(Attachment.objects.get()) == b"%PDF-1.4"


def test_agent_reads_and_answers_and_is_told_of_the_file(client: Client) -> None:
    ticket = make_ticket()
    client.force_login(make_user(language="en"))

    with full_disk():
        file = SimpleUploadedFile("foto.png", b"\x89PNG\r\n\x1a\n")
        refused = client.post(reverse("inbox:upload"), {"file": file})
        read = client.get(reverse("inbox:ticket", args=[ticket.number]))
        sent = client.post(reverse("inbox:reply", args=[ticket.number]), {"body": "Już szukam"})

    assert refused.status_code == 503
    assert "could not be stored" in refused.json()["error"]
    assert read.status_code == 200
    assert sent.status_code in (200, 302)
    assert ticket.messages.filter(direction="outbound", body_text="Już szukam").exists()
