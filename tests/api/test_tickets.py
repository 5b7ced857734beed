"""Tickets by the API: lists, filters, changes, new ones."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from history.models import Event
from tests.api.conftest import Caller, MakeCaller, pointers
from tests.factories import make_channel, make_team, make_ticket, make_user
from tickets.models import Channel, Message, Reason, Tag, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> User:
    return make_user()


@pytest.fixture
def api(agent: User, as_key: MakeCaller) -> Caller:
    return as_key(agent)


@pytest.fixture
def channel() -> Channel:
    return make_channel()


def numbers(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [ticket["number"] for ticket in response.json()["results"]]


def test_shows_what_the_sheet_names(api: Caller, channel: Channel, agent: User) -> None:
    ticket = make_ticket(channel, assignee=agent)
    ticket.tags.add(Tag.objects.create(slug="pilne", name="Pilne"))

    response = api.get(f"tickets/{ticket.number}/")

    shown = response.json()
    assert response["ETag"] == f'"{ticket.version}"'
    assert shown["customer"] == {
        "id": str(ticket.customer.public_id),
        "name": "Anna Kowalska",
    }
    assert shown["channel"]["kind"] == "email"
    assert (shown["assignee"], shown["team"]) == (agent.email, Team.objects.default().slug)
    assert shown["tags"] == ["pilne"]
    assert {clock["metric"] for clock in shown["sla"]} == {"first_response", "resolution"}
    assert shown["created_at"][-6] in "+-"


class TestFilters:
    @pytest.fixture
    def two(self, channel: Channel) -> tuple[Ticket, Ticket]:
        """One to find by each filter, and one beside it."""
        wanted = make_ticket(
            channel,
            status="solved",
            solved_at=timezone.now(),
            priority="urgent",
            assignee=make_user(email="ola@example.com"),
            reason=Reason.objects.create(slug="zwrot", name="Zwrot"),
        )
        wanted.tags.add(Tag.objects.create(slug="pilne", name="Pilne"))
        return wanted, make_ticket(make_channel("messenger"), team=make_team(slug="inny"))

    @pytest.mark.parametrize(
        "query",
        [
            {"status": ["solved", "closed"]},
            {"priority": "urgent"},
            {"assignee": "ola@example.com"},
            {"channel_kind": "email"},
            {"tag": "pilne"},
            {"reason": "zwrot"},
            {"team": "DEFAULT"},
            {"channel": "CHANNEL"},
            {"shop": "SHOP"},
            {"customer": "CUSTOMER"},
            {"q": "NUMBER"},
        ],
        ids=lambda query: next(iter(query)),
    )
    def test_finds_the_one(
        self, two: tuple[Ticket, Ticket], query: dict[str, Any], as_key: MakeCaller
    ) -> None:
        wanted, _other = two
        names = {
            "DEFAULT": wanted.team.slug,
            "CHANNEL": str(wanted.channel.public_id),
            "SHOP": wanted.shop.slug,
            "CUSTOMER": str(wanted.customer.public_id),
            "NUMBER": str(wanted.number),
        }
        query = {name: names.get(str(value), value) for name, value in query.items()}

        assert numbers(as_key(make_user("admin")).get("tickets/", **query)) == [wanted.number]

    def test_q_finds_words_of_messages_in_any_form(self, api: Caller, channel: Channel) -> None:
        ticket = make_ticket(channel)

        assert numbers(api.get("tickets/", q="paczki")) == [ticket.number]
        assert numbers(api.get("tickets/", q="lodówka")) == []

    def test_times(self, api: Caller, channel: Channel) -> None:
        now = timezone.now()
        old = make_ticket(channel, at=now - timedelta(days=3))
        new = make_ticket(channel)
        Ticket.objects.filter(pk=old.pk).update(updated_at=now - timedelta(days=3))
        yesterday = (now - timedelta(days=1)).isoformat()

        assert numbers(api.get("tickets/", created_from=yesterday)) == [new.number]
        assert numbers(api.get("tickets/", created_to=yesterday)) == [old.number]
        assert numbers(api.get("tickets/", updated_since=yesterday)) == [new.number]

    def test_a_name_that_nothing_has_finds_nothing(self, api: Caller, channel: Channel) -> None:
        make_ticket(channel)

        assert numbers(api.get("tickets/", team="nie-ma")) == []

    @pytest.mark.parametrize(
        "query",
        [
            {"stats": "open"},
            {"status": "opened"},
            {"page_size": "201"},
            {"page_size": "0"},
            {"page_size": ""},
            {"ordering": "subject"},
            {"created_from": "2026-01-01"},
            {"created_from": "2026-01-01T00:00:00"},
            {"customer": "7"},
            {"q": ["a", "b"]},
        ],
        ids=str,
    )
    def test_what_the_schema_does_not_name_is_refused(
        self, api: Caller, query: dict[str, Any]
    ) -> None:
        response = api.get("tickets/", **query)

        assert response.status_code == 400
        assert pointers(response) == {f"?{next(iter(query))}"}


class TestPages:
    def test_lead_through_all_tickets_and_back(self, api: Caller, channel: Channel) -> None:
        at = timezone.now()
        made = [make_ticket(channel, at=at).number for _ in range(5)]

        first = api.get("tickets/", page_size=2)
        second = api.get(first.json()["next"])
        third = api.get(second.json()["next"])

        assert numbers(first) + numbers(second) + numbers(third) == sorted(made, reverse=True)
        assert first.json()["previous"] is None
        assert third.json()["next"] is None
        assert numbers(api.get(third.json()["previous"])) == numbers(second)
        assert numbers(api.get(second.json()["previous"])) == numbers(first)
        assert api.get(second.json()["previous"]).json()["previous"] is None

    def test_a_new_ticket_moves_no_page(self, api: Caller, channel: Channel) -> None:
        made = [make_ticket(channel).number for _ in range(4)]
        first = api.get("tickets/", page_size=2)

        make_ticket(channel)

        assert numbers(api.get(first.json()["next"])) == [made[1], made[0]]

    @pytest.mark.parametrize("cursor", ["x", "a:b:c", "é"])
    def test_foreign_cursor_is_no_page(self, api: Caller, cursor: str) -> None:
        assert api.get("tickets/", cursor=cursor).status_code == 404

    def test_cursor_of_another_order_is_no_page(self, api: Caller, channel: Channel) -> None:
        make_ticket(channel), make_ticket(channel)
        following = api.get("tickets/", page_size=1).json()["next"]

        assert api.get(f"{following}&ordering=updated_at").status_code == 404


class TestChange:
    def test_all_that_the_body_names(self, api: Caller, channel: Channel, agent: User) -> None:
        ticket = make_ticket(channel)
        Tag.objects.create(slug="pilne", name="Pilne")
        Reason.objects.create(slug="zwrot", name="Zwrot")
        until = "2030-01-01T08:00:00+01:00"

        response = api.patch(
            f"tickets/{ticket.number}/",
            {
                "subject": "Zwrot",
                "status": "pending",
                "priority": "high",
                "reason": "zwrot",
                "tags": ["pilne"],
                "assignee": agent.email,
                "snoozed_until": until,
            },
        )

        shown = response.json()
        assert response.status_code == 200
        assert (shown["subject"], shown["status"], shown["priority"]) == (
            "Zwrot",
            "pending",
            "high",
        )
        assert (shown["reason"], shown["tags"], shown["assignee"]) == (
            "zwrot",
            ["pilne"],
            agent.email,
        )
        assert shown["snoozed_until"] == until
        assert response["ETag"] == f'"{shown["version"]}"'
        assert shown["version"] > ticket.version
        assert Event.objects.filter(kind="ticket.assigned").get().actor_kind == "key"

    def test_null_takes_away(self, api: Caller, channel: Channel, agent: User) -> None:
        ticket = make_ticket(channel, assignee=agent)

        shown = api.patch(f"tickets/{ticket.number}/", {"assignee": None}).json()

        assert shown["assignee"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {"number": 7},
            {"version": 1},
            {"customer": "x"},
            {"created_at": "2026-01-01T00:00:00Z"},
            {"spam": True},
            {"subject": 5},
            {"subject": None},
            {"status": "done"},
            {"tags": "pilne"},
            {"tags": [1]},
            {"snoozed_until": "tomorrow"},
            {"snoozed_until": 5},
        ],
        ids=str,
    )
    def test_what_cannot_be_said_is_refused(
        self, api: Caller, channel: Channel, body: dict[str, Any]
    ) -> None:
        ticket = make_ticket(channel)

        response = api.patch(f"tickets/{ticket.number}/", body)

        assert response.status_code == 400
        assert pointers(response) <= {f"/{next(iter(body))}", "/tags/0"}

    @pytest.mark.parametrize("body", [[], "x", None, 5, b"{", b"\xff", b"[" * 100_000])
    def test_what_is_no_object_is_refused(self, api: Caller, channel: Channel, body: Any) -> None:
        assert api.patch(f"tickets/{make_ticket(channel).number}/", body).status_code == 400

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"assignee": "nie@ma.example"}, "/assignee"),
            ({"team": "nie-ma"}, "/team"),
            ({"reason": "nie-ma"}, "/reason"),
            ({"tags": ["nie-ma"]}, "/tags/0"),
        ],
    )
    def test_unknown_reference_changes_nothing(
        self, api: Caller, channel: Channel, body: dict[str, Any], pointer: str
    ) -> None:
        ticket = make_ticket(channel)

        response = api.patch(f"tickets/{ticket.number}/", {"subject": "Nowy", **body})

        assert response.status_code == 404
        assert pointers(response) == {pointer}
        ticket.refresh_from_db()
        assert ticket.subject != "Nowy"

    def test_broken_rule_changes_nothing(self, api: Caller, channel: Channel) -> None:
        ticket = make_ticket(channel, status="closed", closed_at=timezone.now())

        response = api.patch(f"tickets/{ticket.number}/", {"subject": "Nowy", "status": "open"})

        assert response.status_code == 409
        assert response.json()["type"] == "urn:okienko:problem:ticket_closed"
        ticket.refresh_from_db()
        assert ticket.subject != "Nowy"

    def test_stale_version_is_refused(self, api: Caller, channel: Channel) -> None:
        ticket = make_ticket(channel)
        path, seen = f"tickets/{ticket.number}/", api.get(f"tickets/{ticket.number}/")["ETag"]

        assert api.patch(path, {"subject": "A"}, If_Match=seen).status_code == 200
        assert api.patch(path, {"subject": "B"}, If_Match=seen).status_code == 412
        assert api.patch(path, {"subject": "B"}, If_Match=f'"0", {seen}').status_code == 412
        assert api.patch(path, {"subject": "B"}, If_Match="*").status_code == 200


class TestNew:
    def body(self, on: Channel, **fields: Any) -> dict[str, Any]:
        return {
            "channel": str(on.public_id),
            "subject": "Pytanie",
            "customer": {"name": "Jan Nowak", "email": "Jan@Example.com"},
            "message": {"direction": "inbound", "body_text": "Dzień dobry"},
            **fields,
        }

    def test_of_what_a_customer_said(self, api: Caller, channel: Channel) -> None:
        response = api.post("tickets/", self.body(channel, priority="high"))

        assert response.status_code == 201, response.content
        ticket = Ticket.objects.get(number=response.json()["number"])
        message = ticket.messages.get()
        assert (ticket.status, ticket.priority, ticket.subject) == ("new", "high", "Pytanie")
        assert ticket.waiting_since is not None
        assert message.direction == Message.Direction.INBOUND
        assert message.sender is not None
        assert message.sender.value == "jan@example.com"
        assert ticket.customer.name == "Jan Nowak"

    def test_of_a_known_customer(self, api: Caller, channel: Channel) -> None:
        known = make_ticket(channel)

        response = api.post(
            "tickets/", self.body(channel, customer={"id": str(known.customer.public_id)})
        )

        assert response.status_code == 201
        assert response.json()["customer"]["id"] == str(known.customer.public_id)
        assert response.json()["number"] != known.number

    def test_to_write_first(self, api: Caller, channel: Channel) -> None:
        message = {"direction": "outbound", "body_text": "Paczka czeka"}

        response = api.post("tickets/", self.body(channel, message=message))

        assert response.status_code == 201
        sent = Message.objects.get()
        assert sent.deliveries.count() == 1
        assert sent.recipients["to"] == ["Jan@Example.com"]
        assert response.json()["status"] == "open"

    def test_a_note_of_a_call(self, api: Caller, channel: Channel) -> None:
        message = {"direction": "note", "body_text": "Dzwoniła"}
        customer = {"phone": "+48123456789"}

        response = api.post("tickets/", self.body(channel, message=message, customer=customer))

        assert response.status_code == 201
        assert Message.objects.get().direction == Message.Direction.NOTE

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({"customer": {}}, 400),
            ({"customer": {"name": "Jan"}}, 400),
            ({"customer": {"email": "a@b.pl", "phone": "+48123456789"}}, 400),
            ({"customer": {"id": "7"}}, 400),
            ({"customer": {"id": "7e0a8a36-7b92-4d6c-9a6e-0b4b9d0c0001"}}, 404),
            ({"channel": "7e0a8a36-7b92-4d6c-9a6e-0b4b9d0c0001"}, 404),
            ({"message": {"direction": "inbound"}}, 409),
            ({"message": {"direction": "inbound", "body_text": "a", "author": "x"}}, 400),
            ({"message": {"direction": "sideways", "body_text": "a"}}, 400),
            ({"message": {"direction": "note", "body_text": "a"}, "status": "closed"}, 400),
            (
                {
                    "customer": {"phone": "+48123456789"},
                    "message": {"direction": "outbound", "body_text": "a"},
                },
                409,
            ),
        ],
        ids=str,
    )
    def test_leaves_nothing_behind_when_refused(
        self, api: Caller, channel: Channel, fields: dict[str, Any], status: int
    ) -> None:
        response = api.post("tickets/", self.body(channel, **fields))

        assert response.status_code == status
        assert not Ticket.objects.exists()
        assert not Message.objects.exists()


def test_query_count_does_not_grow_with_the_list(
    api: Caller, channel: Channel, django_assert_num_queries: Any
) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            ticket = make_ticket(channel)
            ticket.tags.add(Tag.objects.get_or_create(slug="pilne", name="Pilne")[0])

    fill(3)
    api.get("tickets/")
    # key with its user, its shops; tickets, tags, clocks, links, orders; all shops, teams, reasons
    with django_assert_num_queries(10):
        assert len(numbers(api.get("tickets/"))) == 3
    fill(27)
    with django_assert_num_queries(10):
        assert len(numbers(api.get("tickets/"))) == 30


def test_shop_of_the_channel_is_not_the_callers_to_choose(as_key: MakeCaller) -> None:
    """A key of one shop cannot open tickets in another."""
    own, other = make_channel(), make_channel()
    api = as_key(make_user("admin"), shops=[own.shop])

    assert api.post("tickets/", TestNew().body(other)).status_code == 404
    assert api.post("tickets/", TestNew().body(own)).status_code == 201


def test_merge_and_split_by_the_api(api: Caller, channel: Channel) -> None:
    one, other = make_ticket(channel), make_ticket(channel)

    merged = api.post(f"tickets/{other.number}/merge/", {"into": one.number})
    assert (merged.status_code, merged.json()["number"]) == (200, one.number)
    again = api.post(f"tickets/{other.number}/merge/", {"into": one.number})
    assert again.status_code == 409

    message = str(one.messages.latest("pk").public_id)
    fresh = api.post(f"tickets/{one.number}/split/", {"message": message})
    assert fresh.status_code == 201
    assert one.messages.count() == 1
    assert api.get(f"tickets/{fresh.json()['number']}/messages/").json()["results"]


def test_merge_checks_both_ends(api: Caller, channel: Channel) -> None:
    mine = make_ticket(channel)
    foreign = make_ticket(make_channel("email", team=make_team()))

    assert api.post(f"tickets/{mine.number}/merge/", {"into": foreign.number}).status_code == 404
    assert api.post(f"tickets/{foreign.number}/merge/", {"into": mine.number}).status_code == 404
    assert Ticket.objects.exclude(merged_into=None).count() == 0
