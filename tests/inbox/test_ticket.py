"""What an agent does in a ticket: answers, notes, changes, takes back."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import identifying
from crm.identifying import Handle
from crm.models import Identity
from history.models import Event
from history.recording import Actor
from inbox import thread
from tests.factories import (
    last_message,
    make_channel,
    make_incoming,
    make_team,
    make_ticket,
    make_user,
)
from tickets import changing, receiving, replying
from tickets.incoming import Threading
from tickets.models import Delivery, Participant, Reason, Tag, Ticket
from tickets.replying import Draft


@pytest.fixture
def ticket(mailbox):
    return make_ticket(mailbox)


def _url(name: str, ticket) -> str:
    return reverse(f"inbox:{name}", args=[ticket.number])


def test_reply_is_queued_with_its_way_back(agent, agent_client, ticket):
    response = agent_client.post(
        _url("reply", ticket), {"body": "Już jedzie.", "seen": last_message(ticket).pk}
    )

    assert response.status_code == 200
    message = ticket.messages.get(direction="outbound")
    assert message.author_user == agent
    assert response.headers["X-Message"] == str(message.public_id)
    assert 5 <= int(response.headers["X-Undo-Seconds"]) <= 10
    assert "Już jedzie." in response.content.decode()


def test_reply_can_solve(agent_client, ticket):
    agent_client.post(_url("reply", ticket), {"body": "Gotowe.", "then": "solved"})

    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_second_press_sends_nothing_more(agent_client, ticket):
    body = {"body": "Już jedzie.", "key": str(uuid.uuid4())}

    for _press in range(2):
        assert agent_client.post(_url("reply", ticket), body).status_code == 200

    assert ticket.messages.filter(direction="outbound").count() == 1


def test_newer_message_of_the_customer_asks_first(agent_client, ticket):
    seen = last_message(ticket).pk
    _write_again(ticket)

    refused = agent_client.post(_url("reply", ticket), {"body": "Jedzie.", "seen": seen})
    assert refused.status_code == 409
    assert ticket.messages.filter(direction="outbound").count() == 0

    anyway = agent_client.post(_url("reply", ticket), {"body": "Jedzie."})
    assert anyway.status_code == 200


def test_taken_back_reply_is_gone(agent_client, ticket):
    sent = agent_client.post(_url("reply", ticket), {"body": "Ojej."})
    undo = reverse("inbox:message-undo", args=[sent.headers["X-Message"]])

    response = agent_client.post(undo)

    assert response.status_code == 200
    assert "Ojej." not in response.content.decode()
    assert Delivery.objects.get().state == "cancelled"
    ticket.refresh_from_db()
    assert ticket.status == "new"


def test_too_late_is_said_in_words(agent_client, ticket):
    sent = agent_client.post(_url("reply", ticket), {"body": "Dobrze."})
    Delivery.objects.update(not_before=timezone.now() - timedelta(seconds=1))

    response = agent_client.post(reverse("inbox:message-undo", args=[sent.headers["X-Message"]]))

    assert response.status_code == 422
    assert response.content.decode().strip()


def test_empty_reply_is_refused(agent_client, ticket):
    assert agent_client.post(_url("reply", ticket), {"body": "  "}).status_code == 422


def test_reply_carries_uploaded_files(agent_client, ticket):
    upload = agent_client.post(
        reverse("inbox:upload"), {"file": SimpleUploadedFile("../list.txt", b"adres")}
    ).json()

    agent_client.post(_url("reply", ticket), {"body": "W pliku.", "uploads": upload["id"]})

    file = ticket.messages.get(direction="outbound").attachments.get()
    assert (file.name, file.size) == ("list.txt", 5)


def test_reply_leaves_by_a_channel_of_the_tickets_shop(agent_client, ticket):
    elsewhere = make_channel(team=ticket.team)

    response = agent_client.post(
        _url("reply", ticket), {"body": "Już jedzie.", "channel": elsewhere.pk}
    )

    assert response.status_code == 422
    assert not ticket.messages.filter(direction="outbound").exists()


def test_note_stays_inside(agent_client, ticket):
    agent_client.post(_url("note", ticket), {"body": "Sprawdzam u kuriera."})

    note = ticket.messages.get(direction="note")
    assert note.deliveries.count() == 0


def test_changes_by_the_bar(agent, agent_client, ticket):
    tag = Tag.objects.create(slug="zwrot", name="zwrot")
    reason = Reason.objects.create(slug="wismo", name="Gdzie jest paczka")
    until = timezone.now().replace(microsecond=0) + timedelta(days=1)
    for fields in [
        {"status": "pending"},
        {"priority": "high"},
        {"assignee": agent.pk},
        {"reason": reason.pk},
        {"tags": [tag.pk]},
        {"snoozed_until": until.strftime("%Y-%m-%dT%H:%M:%SZ")},
        {"spam": "on"},
    ]:
        assert agent_client.post(_url("change", ticket), fields).status_code == 200

    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.spam) == ("pending", "high", True)
    assert (ticket.assignee, ticket.reason, ticket.snoozed_until) == (agent, reason, until)
    assert list(ticket.tags.all()) == [tag]


def test_empty_values_empty_what_may_be_empty(agent, agent_client, ticket):
    agent_client.post(_url("change", ticket), {"assignee": agent.pk})

    for name in ["assignee", "reason", "tags", "snoozed_until", "spam"]:
        assert agent_client.post(_url("change", ticket), {name: ""}).status_code == 200
    for name in ["status", "priority", "team"]:
        assert agent_client.post(_url("change", ticket), {name: ""}).status_code == 422

    ticket.refresh_from_db()
    assert ticket.assignee is None


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "odd"},
        {"assignee": "999999"},
        {"snoozed_until": "2001-01-01T10:00:00Z"},
        {"tags": ["999999"]},
    ],
)
def test_nonsense_is_refused_in_words(fields, agent_client, ticket):
    response = agent_client.post(_url("change", ticket), fields)

    assert response.status_code == 422
    assert response.content.decode().strip()


def test_manager_cannot_be_given_a_ticket(agent_client, ticket):
    response = agent_client.post(_url("change", ticket), {"assignee": make_user("manager").pk})

    assert response.status_code == 422


def test_ticket_given_away_answers_without_content(agent_client, ticket):
    team = make_team()

    response = agent_client.post(_url("change", ticket), {"team": team.pk})

    assert response.status_code == 204
    assert agent_client.get(_url("ticket", ticket)).status_code == 404


def test_browser_without_scripts_gets_a_page(agent, client: Client, ticket):
    client.force_login(agent)

    response = client.post(_url("note", ticket), {"body": "Bez skryptów"}, follow=True)

    assert response.redirect_chain == [(_url("ticket", ticket), 302)]
    assert "Bez skryptów" in response.content.decode()


@pytest.mark.parametrize("name", ["assignee", "team", "reason", "tags", "snooze", "channel"])
def test_menus_load_when_opened(name, agent_client, ticket):
    address = f"/inbox/{ticket.number}/choices/{name}/"

    assert agent_client.get(address).status_code == 200
    assert agent_client.get(f"/inbox/{ticket.number}/choices/other/").status_code == 404


def test_thread_pages_upwards_without_gap(agent, ticket, monkeypatch):
    monkeypatch.setattr(thread, "PAGE_SIZE", 3)
    actor = Actor("agent", agent.pk)
    for number in range(7):
        replying.note(ticket, Draft(body_text=str(number)), by=actor, user=agent)
        changing.set_priority(ticket, ["high", "low"][number % 2], by=actor)

    keys: list[str] = []
    before = ""
    while True:
        part = thread.part(ticket, before=before)
        keys = [item.key for item in part.items] + keys
        if not (before := part.before):
            break

    assert len(keys) == len(set(keys))
    assert sum(key.startswith("message-") for key in keys) == 8


def test_failed_delivery_can_be_sent_again(agent_client, ticket):
    agent_client.post(_url("reply", ticket), {"body": "Dobrze."})
    message = ticket.messages.get(direction="outbound")
    Delivery.objects.update(state="failed", error="Adres nie istnieje.")

    page = agent_client.get(_url("ticket", ticket)).content.decode()
    assert "Adres nie istnieje." in page
    settle = reverse("inbox:message-settle", args=[message.public_id])
    assert agent_client.post(settle, {"as": "again"}).status_code == 200
    assert Delivery.objects.get().error != "Adres nie istnieje."


def test_customer_is_changed_with_an_event(agent_client, ticket):
    customer = ticket.customer
    address = reverse("inbox:customer", args=[customer.public_id])

    agent_client.post(
        address, {"name": "Anna Nowa", "form_of_address": "Pani Anno", "note": "Woli maile"}
    )

    customer.refresh_from_db()
    assert (customer.name, customer.note) == ("Anna Nowa", "Woli maile")
    event = Event.objects.get(kind="customer.updated")
    assert event.data == {"fields": ["form_of_address", "name", "note"]}


def test_look_is_kept_with_the_user(agent, agent_client):
    agent_client.post(reverse("inbox:preferences"), {"theme": "dark", "density": "odd"})

    agent.refresh_from_db()
    assert (agent.theme, agent.density) == ("dark", "comfortable")
    assert 'data-bs-theme="dark"' in agent_client.get(reverse("inbox:customers")).content.decode()


def _write_again(ticket: Ticket) -> None:
    """The customer answers, to the ticket's own reply address."""
    receiving.receive(
        make_incoming(
            ticket.channel,
            sender=ticket.customer.identities.get().value,
            body_text="Proszę o pilną odpowiedź",
            threading=Threading(refs=(ticket.ref,)),
        )
    )


def test_what_a_visitor_typed_is_shown_as_a_claim(agent_client, ticket):
    Ticket.objects.filter(pk=ticket.pk).update(
        context={"claimed_email": "anna@example.com", "page": "javascript:alert(1)"}
    )

    page = agent_client.get(_url("ticket", ticket)).content.decode()

    assert "anna@example.com" in page
    assert "not verified" in page or "niepotwierdzony" in page
    assert "javascript:" not in page


class TestProposedCopies:
    """A mail whose sender is not confirmed names somebody: an agent decides."""

    @pytest.fixture
    def proposed(self, ticket):
        identity = identifying.find_or_create(Handle(Identity.Kind.EMAIL, "ktos@example.org"))
        return ticket.participants.create(identity=identity, role=Participant.Role.PROPOSED)

    def _send(self, client: Client, ticket, participant, **fields: str):
        data = {"participant": participant.pk, **fields}
        return client.post(_url("participant", ticket), data)

    def test_taken_in_they_get_the_next_answer(self, agent_client, ticket, proposed):
        page = agent_client.get(_url("ticket", ticket)).content.decode()
        assert page.count(_url("participant", ticket)) == 2

        assert self._send(agent_client, ticket, proposed, take="on").status_code == 200

        answer = replying.reply(ticket, Draft("Odpowiedź"), by=Actor("agent"))
        assert answer.recipients["cc"] == ["ktos@example.org"]

    def test_left_out_they_are_gone(self, agent_client, ticket, proposed):
        self._send(agent_client, ticket, proposed)

        assert not ticket.participants.filter(pk=proposed.pk).exists()

    def test_requester_and_people_of_other_tickets_stay(self, agent_client, ticket, mailbox):
        for row in [ticket.participants.get(), make_ticket(mailbox).participants.get()]:
            assert self._send(agent_client, ticket, row).status_code == 422
            row.refresh_from_db()

    def test_who_only_reads_decides_nothing(self, manager, ticket, proposed):
        assert self._send(manager, ticket, proposed, take="on").status_code == 403
