"""What pages, files and forms show to whom; who reaches which address is in `tests/access`."""

import pytest
from django.urls import reverse

from history.recording import Actor
from tests.factories import make_ticket, make_user
from tickets import attaching, replying
from tickets.replying import Draft


@pytest.mark.parametrize("name", ["inbox:change", "inbox:review", "inbox:reply", "inbox:note"])
def test_manager_reads_and_changes_nothing(name, manager, mailbox):
    ticket = make_ticket(mailbox)

    body = {"status": "solved", "body": "Dzień dobry"}
    assert manager.post(reverse(name, args=[ticket.number]), body).status_code == 403
    assert ticket.messages.count() == 1


def test_manager_gets_no_composer_and_no_upload(manager, mailbox):
    ticket = make_ticket(mailbox)

    page = manager.get(reverse("inbox:ticket", args=[ticket.number]))

    assert b'id="composer"' not in page.content
    assert manager.post(reverse("inbox:upload")).status_code == 403


def test_list_and_rows_show_nothing_of_other_teams(outsider, mailbox):
    ticket = make_ticket(mailbox)

    for address in [
        reverse("inbox:list") + "?view=open",
        reverse("inbox:list") + f"?q={ticket.number}",
        reverse("inbox:list") + "?q=paczka",
        reverse("inbox:rows") + f"?view=open&n={ticket.number}",
    ]:
        assert str(ticket.number).encode() not in outsider.get(address).content.replace(
            f'value="{ticket.number}"'.encode(), b""
        ).replace(f'data-search="{ticket.number}"'.encode(), b"")
    assert outsider.get(reverse("inbox:counts")).json()["open"] == 0


def test_attachment_is_found_through_its_ticket_alone(agent_client, outsider, mailbox, agent):
    ticket = make_ticket(mailbox)
    file = attaching.upload(b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "paczka.png", user=agent)
    replying.note(
        ticket,
        Draft(body_text="Zobacz", attachments=[file]),
        by=Actor("agent", agent.pk),
        user=agent,
    )
    address = reverse("inbox:attachment", args=[file.public_id])

    assert agent_client.get(address).status_code == 200
    assert outsider.get(address).status_code == 404


def test_upload_belongs_to_its_author_until_it_is_sent(agent_client, outsider, agent):
    file = attaching.upload(b"hello", "a.txt", user=agent)
    address = reverse("inbox:attachment", args=[file.public_id])

    assert agent_client.get(address).status_code == 200
    assert outsider.get(address).status_code == 404


def test_upload_of_somebody_else_cannot_be_sent(agent_client, mailbox):
    ticket = make_ticket(mailbox)
    file = attaching.upload(b"secret", "a.txt", user=make_user())

    response = agent_client.post(
        reverse("inbox:note", args=[ticket.number]),
        {"body": "x", "uploads": str(file.public_id)},
    )

    assert response.status_code == 422
    file.refresh_from_db()
    assert file.message is None


def test_customer_of_another_team_is_not_found(outsider, mailbox):
    customer = make_ticket(mailbox).customer

    assert outsider.get(reverse("inbox:customer", args=[customer.public_id])).status_code == 404
    assert customer.name.encode() not in outsider.get(reverse("inbox:customers")).content
