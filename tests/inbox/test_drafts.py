"""What is typed and not sent waits on the server, for its author alone."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_ticket, make_user
from tickets import attaching
from tickets.models import Attachment, SavedDraft, Ticket


@pytest.fixture
def ticket(mailbox) -> Ticket:
    return make_ticket(mailbox)


def _keep(client: Client, ticket: Ticket, body: str, kind: str = "reply", **more) -> int:
    address = reverse("inbox:draft", args=[ticket.number])
    return client.post(address, {"kind": kind, "body": body, **more}).status_code


def _page(client: Client, ticket: Ticket) -> str:
    return client.get(reverse("inbox:ticket", args=[ticket.number])).content.decode()


def _upload(client: Client) -> str:
    file = SimpleUploadedFile("paragon.txt", b"Paragon 12/2026")
    answer = client.post(reverse("inbox:upload"), {"file": file})
    return str(answer.json()["id"])


def test_reply_and_note_are_kept_apart(agent_client, ticket):
    assert _keep(agent_client, ticket, "Dzień dobry,") == 204
    assert _keep(agent_client, ticket, "Zapytać magazyn", "note") == 204
    assert _keep(agent_client, ticket, "Dzień dobry, paczka") == 204

    page = _page(agent_client, ticket)
    assert 'data-kept-reply="Dzień dobry, paczka"' in page
    assert 'data-kept-note="Zapytać magazyn"' in page


def test_nobody_else_sees_it(agent_client, ticket):
    _keep(agent_client, ticket, "Tylko dla mnie")
    colleague = Client()
    colleague.force_login(make_user())

    assert "Tylko dla mnie" not in _page(colleague, ticket)
    assert "data-draft " not in colleague.get(reverse("inbox:list")).content.decode()


def test_list_marks_the_ticket_until_the_text_is_gone(agent_client, ticket):
    _keep(agent_client, ticket, "Zaczęte")
    assert "data-draft " in agent_client.get(reverse("inbox:list")).content.decode()

    _keep(agent_client, ticket, "  ")
    assert "data-draft " not in agent_client.get(reverse("inbox:list")).content.decode()
    assert not SavedDraft.objects.exists()


def test_sending_drops_the_draft_of_its_kind(agent_client, ticket):
    _keep(agent_client, ticket, "Odpowiedź")
    _keep(agent_client, ticket, "Notatka", "note")

    agent_client.post(reverse("inbox:reply", args=[ticket.number]), {"body": "Odpowiedź"})

    assert list(SavedDraft.objects.values_list("kind", flat=True)) == ["note"]


def test_files_wait_with_the_draft(agent_client, ticket):
    file = _upload(agent_client)
    _keep(agent_client, ticket, "", uploads=[file])
    Attachment.objects.update(created_at=timezone.now() - timedelta(days=3))

    assert attaching.remove_loose() == 0
    assert f'data-file="{file}"' in _page(agent_client, ticket)
    sent = agent_client.post(
        reverse("inbox:reply", args=[ticket.number]), {"body": "W załączniku", "uploads": [file]}
    )
    assert sent.status_code == 200
    assert Attachment.objects.get().message is not None


def test_removed_file_is_loose_again(agent_client, ticket):
    _keep(agent_client, ticket, "Z plikiem", uploads=[_upload(agent_client)])
    _keep(agent_client, ticket, "Bez pliku")
    Attachment.objects.update(created_at=timezone.now() - timedelta(days=3))

    assert attaching.remove_loose() == 1


def test_ticket_out_of_sight_keeps_nothing(outsider, manager, ticket):
    assert _keep(outsider, ticket, "Cudze") == 404
    assert _keep(manager, ticket, "Tylko czytam") == 403
    assert not SavedDraft.objects.exists()


def test_text_past_the_limit_is_refused(agent_client, ticket):
    assert _keep(agent_client, ticket, "a" * 200_001) == 422
