"""Customers, names and messages of own systems, written by the API; and one search for all."""

from typing import Any

import pytest

from accounts.models import AuditEntry, User
from crm.models import Customer, Shop
from tests.api.conftest import Caller, MakeCaller
from tests.factories import (
    make_channel,
    make_incoming,
    make_order,
    make_shop,
    make_ticket,
    make_user,
)
from tickets.models import Channel, Message, Reason
from tickets.receiving import receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin")


@pytest.fixture
def api(admin: User, as_key: MakeCaller) -> Caller:
    return as_key(admin)


@pytest.fixture
def shop() -> Shop:
    return make_shop("las")


class TestCustomers:
    def test_are_written_down(self, api: Caller, shop: Shop) -> None:
        response = api.post(
            "customers/",
            {
                "name": "Jan Nowak",
                "email": "Jan@Example.com",
                "phone": "+48600100200",
                "shop": "las",
            },
        )

        shown = response.json()
        assert response.status_code == 201
        assert {(row["kind"], row["value"]) for row in shown["identities"]} == {
            ("email", "jan@example.com"),
            ("phone", "+48600100200"),
        }
        assert shown["shops"] == [{"shop": "las", "external_id": None}]
        assert api.get(f"customers/{shown['id']}/").json() == shown

    def test_somebodys_address_makes_nobody_new(self, api: Caller) -> None:
        address = make_ticket().customer.identities.get().value
        before = Customer.objects.count()

        response = api.post("customers/", {"name": "Inna", "email": address})

        assert response.status_code == 409
        assert response.json()["type"] == "urn:okienko:problem:handle_taken"
        assert Customer.objects.count() == before

    def test_change_by_version(self, api: Caller) -> None:
        customer = make_ticket().customer
        path = f"customers/{customer.public_id}/"
        version = api.get(path)["ETag"]

        first = api.patch(path, {"vip": True}, If_Match=version)
        second = api.patch(path, {"vip": False}, If_Match=version)

        assert (first.status_code, first.json()["vip"]) == (200, True)
        assert second.status_code == 412

    def test_merge(self, api: Caller, as_key: MakeCaller) -> None:
        channel = make_channel()
        kept, other = (make_ticket(channel).customer for _ in range(2))
        path = f"customers/{kept.public_id}/merge/"

        assert api.post(path, {"other": str(other.public_id)}).status_code == 201
        assert len(api.get(f"customers/{kept.public_id}/").json()["identities"]) == 2
        again = api.post(path, {"other": str(kept.public_id)})
        assert again.json()["type"] == "urn:okienko:problem:cannot_merge"
        assert api.post(path, {"other": str(other.public_id)}).status_code == 404

    def test_totals_of_orders(self, api: Caller, shop: Shop) -> None:
        who = {"external_id": "7"}
        order = make_order(shop, customer=who)
        make_order(shop, customer=who, totals={"total": "20.50", "paid": "20.50"})
        make_order(shop, customer=who, status="cancelled")

        shown = api.get(f"customers/{order.customer.public_id}/").json()

        total = {"amount": "69.50", "currency": "PLN"}
        assert shown["orders"] == [{"count": 2, "total": total}]

    def test_a_limited_key_names_the_shop(self, shop: Shop, as_key: MakeCaller) -> None:
        own = as_key(make_user("admin"), shops=[shop])

        assert own.post("customers/", {"name": "Jan"}).status_code == 409
        assert own.post("customers/", {"name": "Jan", "shop": "las"}).status_code == 201


@pytest.mark.parametrize("names", ["tags", "reasons", "teams"])
def test_names_are_made_and_changed(api: Caller, names: str, as_key: MakeCaller) -> None:
    made = api.post(f"{names}/", {"slug": "pilne", "name": "Pilne"})
    changed = api.patch(f"{names}/pilne/", {"name": "Bardzo pilne"})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert api.get(f"{names}/pilne/").json()["name"] == "Bardzo pilne"
    assert api.post(f"{names}/", {"slug": "pilne", "name": "Inne"}).status_code == 409
    assert AuditEntry.objects.filter(action__endswith=".changed").count() == 1
    assert as_key(make_user()).post(f"{names}/", {"slug": "a", "name": "A"}).status_code == 403


def test_a_reason_goes_out_of_use(api: Caller) -> None:
    Reason.objects.create(slug="zwrot", name="Zwrot")

    assert api.patch("reasons/zwrot/", {"active": False}).json()["active"] is False


class TestOwnChannel:
    @pytest.fixture
    def channel(self) -> Channel:
        return make_channel("custom")

    def post(self, api: Caller, channel: Channel, **fields: Any) -> Any:
        body = {"id": "m-1", "sender": {"id": "u-7", "name": "Anna"}, "body_text": "Halo", **fields}
        return api.post(f"channels/{channel.public_id}/messages/", body)

    def test_message_becomes_a_ticket_once(self, api: Caller, channel: Channel) -> None:
        first = self.post(api, channel)
        again = self.post(api, channel)
        more = self.post(api, channel, id="m-2", body_text="I jeszcze")

        assert first.status_code == 201
        assert first.json() == again.json()
        assert more.json()["ticket"] == first.json()["ticket"]
        message = Message.objects.get(public_id=first.json()["id"])
        assert message.ticket.customer.name == "Anna"
        assert Message.objects.count() == 2

    def test_address_is_a_claim(self, api: Caller, channel: Channel) -> None:
        sender = {"id": "u-7", "email": "anna@example.com"}

        number = self.post(api, channel, sender=sender).json()["ticket"]

        ticket = channel.tickets.get(number=number)
        assert ticket.context["claimed_email"] == "anna@example.com"
        assert [row.kind for row in ticket.customer.identities.all()] == ["external"]

    def test_answer_is_read_by_the_api(
        self, api: Caller, channel: Channel, django_capture_on_commit_callbacks: Any
    ) -> None:
        number = self.post(api, channel).json()["ticket"]
        with django_capture_on_commit_callbacks(execute=True):
            body = {"direction": "outbound", "body_text": "Już sprawdzam"}
            api.post(f"tickets/{number}/messages/", body)

        answer = api.get(f"tickets/{number}/messages/").json()["results"][-1]
        assert (answer["body_text"], answer["delivery"]["state"]) == ("Już sprawdzam", "sent")

    def test_other_kinds_have_their_own_provider(self, api: Caller, channel: Channel) -> None:
        assert self.post(api, make_channel("email")).status_code == 409
        Channel.objects.filter(pk=channel.pk).update(active=False)
        assert self.post(api, channel).status_code == 409


class TestSearch:
    def test_finds_every_kind(self, api: Caller) -> None:
        channel = make_channel()
        order = make_order(channel.shop, number="10421")
        ticket = receive(make_incoming(channel, body_text="Zamówienie 10421 i rower")).ticket

        words = api.get("search/", q="rower").json()
        number = api.get("search/", q="10421").json()
        person = api.get("search/", q="kowal").json()

        assert [row["number"] for row in words["tickets"]] == [ticket.number]
        assert words["messages"][0]["ticket"] == ticket.number
        assert number["orders"][0]["external_id"] == order.external_id
        assert person["customers"][0]["id"] == str(ticket.customer.public_id)
        assert api.get("search/").status_code == 400

    def test_keeps_to_the_scopes_and_teams(self, as_key: MakeCaller, admin: User) -> None:
        make_ticket()
        narrow = as_key(admin, scopes=["tickets:read"])

        assert narrow.get("search/", q="kowal").json()["customers"] == []
        stranger = as_key(make_user(teams=[])).get("search/", q="paczka").json()
        assert all(found == [] for found in stranger.values())
