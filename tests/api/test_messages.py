"""Messages, files and history of a ticket by the API."""

from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from history.recording import Actor
from tests.api.conftest import Caller, MakeCaller, pointers
from tests.factories import (
    make_channel,
    make_incoming,
    make_team,
    make_ticket,
    make_user,
)
from tickets import attaching, changing, opening, receiving
from tickets.incoming import File
from tickets.models import Attachment, Message, Ticket, TicketLink

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def agent() -> User:
    return make_user()


@pytest.fixture
def api(agent: User, as_key: MakeCaller) -> Caller:
    return as_key(agent)


@pytest.fixture
def ticket() -> Ticket:
    return make_ticket()


def path(ticket: Ticket) -> str:
    return f"tickets/{ticket.number}/messages/"


class TestReading:
    def test_shows_what_the_sheet_names(self, api: Caller) -> None:
        channel = make_channel()
        incoming = make_incoming(channel, files=(File("zdjęcie.png", content=PNG),))
        message = receiving.receive(incoming)

        [shown] = api.get(path(message.ticket)).json()["results"]

        assert shown["id"] == str(message.public_id)
        assert shown["author"] == {"kind": "customer", "name": "Anna Kowalska"}
        assert shown["delivery"] is None
        [file] = shown["attachments"]
        assert (file["name"], file["content_type"], file["size"]) == (
            "zdjęcie.png",
            "image/png",
            len(PNG),
        )
        downloaded = api.client.get(file["url"])
        assert downloaded.content == PNG
        assert downloaded["Content-Disposition"].startswith("attachment")
        assert downloaded["X-Content-Type-Options"] == "nosniff"

    def test_what_was_taken_back_is_not_shown(self, api: Caller, ticket: Ticket) -> None:
        ticket.messages.update(removed_at=timezone.now())

        [shown] = api.get(path(ticket)).json()["results"]

        assert (shown["body_text"], shown["reply_text"]) == ("", "")

    def test_file_that_was_taken_back_is_handed_out_no_more(self, api: Caller) -> None:
        incoming = make_incoming(make_channel(), files=(File("zdjęcie.png", content=PNG),))
        message = receiving.receive(incoming)
        [shown] = api.get(path(message.ticket)).json()["results"]

        message.ticket.messages.update(removed_at=timezone.now())

        assert api.client.get(shown["attachments"][0]["url"]).status_code == 404

    def test_query_count_does_not_grow_with_the_thread(
        self, api: Caller, ticket: Ticket, django_assert_num_queries: Any
    ) -> None:
        def write(count: int) -> None:
            for _ in range(count):
                api.post(path(ticket), {"direction": "note", "body_text": "notatka"})

        write(2)
        # key with its user, its shops; ticket, messages, files, deliveries, reactions
        with django_assert_num_queries(7):
            assert len(api.get(path(ticket)).json()["results"]) == 3
        write(27)
        with django_assert_num_queries(7):
            assert len(api.get(path(ticket)).json()["results"]) == 30


class TestWriting:
    def test_reply_goes_out(self, api: Caller, ticket: Ticket, agent: User) -> None:
        response = api.post(path(ticket), {"direction": "outbound", "body_text": "Już jedzie"})

        shown = response.json()
        assert response.status_code == 201
        assert shown["author"] == {"kind": "agent", "name": agent.name}
        assert shown["delivery"]["state"] == "queued"
        ticket.refresh_from_db()
        assert (ticket.status, ticket.waiting_since) == ("open", None)

    def test_html_is_sanitised(self, api: Caller, ticket: Ticket) -> None:
        body = {"direction": "note", "body_html": "<p>a<script>alert(1)</script></p>"}

        shown = api.post(path(ticket), body).json()

        assert "script" not in shown["body_html"]
        assert shown["body_text"] == "a"

    def test_note_stays_inside(self, api: Caller, ticket: Ticket) -> None:
        response = api.post(path(ticket), {"direction": "note", "body_text": "Sprawdzić"})

        assert response.status_code == 201
        assert response.json()["delivery"] is None

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"direction": "inbound", "body_text": "a"}, 400),
            ({"body_text": "a"}, 400),
            ({"direction": "note", "body_text": "a", "author": "x"}, 400),
            ({"direction": "note", "body_text": "a", "created_at": "2020-01-01"}, 400),
            ({"direction": "note", "body_text": ["a"]}, 400),
            ({"direction": "note"}, 409),
            ({"direction": "note", "body_text": "\0 \n"}, 409),
            (
                {
                    "direction": "outbound",
                    "body_text": "a",
                    "channel": "7e0a8a36-7b92-4d6c-9a6e-0b4b9d0c0001",
                },
                404,
            ),
            (
                {
                    "direction": "note",
                    "body_text": "a",
                    "attachments": ["7e0a8a36-7b92-4d6c-9a6e-0b4b9d0c0001"],
                },
                404,
            ),
        ],
        ids=str,
    )
    def test_what_is_refused_leaves_nothing(
        self, api: Caller, ticket: Ticket, body: dict[str, Any], status: int
    ) -> None:
        assert api.post(path(ticket), body).status_code == status
        assert ticket.messages.count() == 1

    def test_closed_ticket_takes_no_reply(self, api: Caller) -> None:
        ticket = make_ticket(status="closed", closed_at=timezone.now())

        response = api.post(path(ticket), {"direction": "outbound", "body_text": "a"})

        assert response.status_code == 409
        assert response.json()["type"] == "urn:okienko:problem:ticket_closed"

    def test_channel_of_another_shop_is_none_of_this_ticket(
        self, api: Caller, ticket: Ticket
    ) -> None:
        body = {
            "direction": "outbound",
            "body_text": "a",
            "channel": str(make_channel().public_id),
        }

        response = api.post(path(ticket), body)

        assert response.status_code == 404
        assert pointers(response) == {"/channel"}


class TestFiles:
    def file(self, content: bytes = PNG, name: str = "zdjęcie.png") -> BytesIO:
        file = BytesIO(content)
        file.name = name
        return file

    def test_come_with_the_message(self, api: Caller, ticket: Ticket) -> None:
        response = api.upload(
            path(ticket),
            direction="outbound",
            body_text="W załączniku",
            attachments=[self.file(), self.file(b"abc", "b.txt")],
        )

        assert response.status_code == 201, response.content
        assert [file["name"] for file in response.json()["attachments"]] == [
            "zdjęcie.png",
            "b.txt",
        ]

    def test_come_before_the_message(self, api: Caller, ticket: Ticket) -> None:
        uploaded = api.upload("attachments/", file=self.file()).json()

        response = api.post(path(ticket), {"direction": "note", "attachments": [uploaded["id"]]})

        assert response.status_code == 201
        assert response.json()["attachments"] == [uploaded]
        assert Attachment.objects.get().message is not None

    def test_of_somebody_else_are_not_there(
        self, api: Caller, ticket: Ticket, as_key: MakeCaller
    ) -> None:
        other = attaching.upload(PNG, "a.png", user=make_user())

        response = api.post(
            path(ticket), {"direction": "note", "attachments": [str(other.public_id)]}
        )

        assert response.status_code == 404
        assert api.get(f"attachments/{other.public_id}/").status_code == 404

    def test_over_25_mib_are_refused(self, api: Caller, ticket: Ticket) -> None:
        most = 25 * 1024 * 1024

        assert api.upload("attachments/", file=self.file(b"a" * most)).status_code == 201
        assert api.upload("attachments/", file=self.file(b"a" * (most + 1))).status_code == 413
        assert api.upload("attachments/", file=self.file(b"a" * (most * 2))).status_code == 413

    def test_text_in_place_of_a_file_is_refused(self, api: Caller) -> None:
        assert api.upload("attachments/", file="abc").status_code == 400
        assert api.upload("attachments/", other=self.file()).status_code == 400
        assert api.post("attachments/", {"file": "abc"}).status_code == 415


class TestHistory:
    def test_names_what_the_api_names(self, api: Caller, ticket: Ticket, agent: User) -> None:
        by = Actor("agent", agent.pk)
        changing.assign(ticket, agent, by=by)
        team = make_team(slug="zwroty")
        agent.teams.add(team)
        changing.set_team(ticket, team, by=by)

        events = api.get(f"tickets/{ticket.number}/events/").json()["results"]

        assert [event["kind"] for event in events] == [
            "ticket.created",
            "message.received",
            "ticket.assigned",
            "ticket.team_changed",
        ]
        assert events[1]["message"] == str(ticket.messages.get().public_id)
        assert events[1]["actor"] == {"kind": "customer", "name": "Anna Kowalska"}
        assert events[2]["data"] == {"old": None, "new": agent.email}
        assert events[2]["actor"] == {"kind": "agent", "name": agent.name}
        assert events[3]["data"]["new"] == "zwroty"

    def test_hides_the_number_of_an_unseen_ticket(self, api: Caller, ticket: Ticket) -> None:
        hidden = make_ticket(team=make_team())
        seen = make_ticket()
        for other in (hidden, seen):
            opening.link(ticket, other, TicketLink.Kind.DUPLICATE)

        shown = api.get(f"tickets/{ticket.number}/").json()
        events = api.get(f"tickets/{ticket.number}/events/").json()["results"]

        assert {link["number"] for link in shown["links"]} == {seen.number}
        assert [event["data"]["other"] for event in events if event["kind"] == "ticket.linked"] == [
            None,
            str(seen.number),
        ]

    def test_query_count_does_not_grow(
        self, api: Caller, ticket: Ticket, agent: User, django_assert_num_queries: Any
    ) -> None:
        def happen(times: int) -> None:
            for _ in range(times):
                changing.assign(ticket, agent, by=Actor("agent", agent.pk))
                changing.assign(ticket, None, by=Actor("agent", agent.pk))

        happen(2)
        api.get(f"tickets/{ticket.number}/events/")
        # key with its user, its shops; ticket, events; messages, customers, users (name, e-mail)
        with django_assert_num_queries(8):
            api.get(f"tickets/{ticket.number}/events/")
        happen(13)
        with django_assert_num_queries(8):
            assert len(api.get(f"tickets/{ticket.number}/events/").json()["results"]) == 32


def test_message_of_another_ticket_is_not_in_the_thread(api: Caller, ticket: Ticket) -> None:
    make_ticket()

    assert len(api.get(path(ticket)).json()["results"]) == 1
    assert Message.objects.count() == 2
