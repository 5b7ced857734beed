"""What keys and sessions may do; who reaches which operation is in `tests/access`."""

from dataclasses import dataclass

import pytest
from django.test import Client

from accounts import keys
from accounts.models import User
from crm.models import CustomerShop, Shop, TeamShop
from tests.api.conftest import Caller, MakeCaller
from tests.factories import make_channel, make_order, make_team, make_ticket, make_user
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@dataclass
class Scene:
    """A ticket of one team, in a shop with a channel that this team alone serves."""

    ticket: Ticket
    colleague: User

    @property
    def shop(self) -> Shop:
        return self.ticket.shop


@pytest.fixture
def scene() -> Scene:
    team = make_team()
    ticket = make_ticket(make_channel(team=team))
    TeamShop.objects.create(team=team, shop=ticket.shop)
    return Scene(ticket, make_user(teams=[team]))


@pytest.mark.parametrize(
    "path",
    ["tickets/", "customers/", "orders/", "shops/", "channels/"],
)
def test_lists_hold_nothing_of_others(path: str, scene: Scene, as_key: MakeCaller) -> None:
    make_order(scene.shop, customer={"email": scene.ticket.customer.identities.get().value})
    stranger = as_key(make_user(teams=[make_team()]))
    other_shop = as_key(make_user("admin"), shops=[make_channel(team=make_team()).shop])
    colleague = as_key(scene.colleague)

    assert stranger.get(path).json()["results"] == []
    assert len(colleague.get(path).json()["results"]) == 1
    name = "slug" if path == "shops/" else "number" if path == "tickets/" else "id"
    mine = {row[name] for row in colleague.get(path).json()["results"]}
    assert mine.isdisjoint(row[name] for row in other_shop.get(path).json()["results"])


class TestKeys:
    def test_missing_scope_is_403(self, scene: Scene, as_key: MakeCaller) -> None:
        api = as_key(scene.colleague, scopes=["tickets:read"])
        path = f"tickets/{scene.ticket.number}/"

        assert api.get(path).status_code == 200
        assert api.patch(path, {"subject": "a"}).status_code == 403
        assert api.get("customers/").status_code == 403

    def test_admin_scope_includes_all_others(self, scene: Scene, as_key: MakeCaller) -> None:
        api = as_key(make_user("admin"), scopes=["admin"])

        assert api.patch(f"tickets/{scene.ticket.number}/", {"subject": "a"}).status_code == 200

    def test_scopes_end_with_the_role(self, scene: Scene, as_key: MakeCaller) -> None:
        api = as_key(scene.colleague)
        User.objects.filter(pk=scene.colleague.pk).update(role="manager")

        assert api.patch(f"tickets/{scene.ticket.number}/", {"subject": "a"}).status_code == 403

    @pytest.mark.parametrize(
        "header", ["Bearer", "Bearer hd_x_y", "Basic YTpi", "hd_x_y", "Bearer \x00", "Bearer hd__"]
    )
    def test_wrong_key_is_401(self, header: str) -> None:
        response = Caller(header).get("tickets/")

        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"

    def test_revoked_key_is_401(self, scene: Scene, as_key: MakeCaller) -> None:
        api = as_key(scene.colleague)
        keys.revoke(scene.colleague.api_keys.get(), by=None)

        assert api.get("tickets/").status_code == 401


class TestSessions:
    def test_read_as_their_user(self, scene: Scene, client: Client) -> None:
        client.force_login(scene.colleague)

        response = client.get(f"/api/v1/tickets/{scene.ticket.number}/")

        assert response.status_code == 200

    def test_write_with_the_csrf_token_only(self, scene: Scene) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(scene.colleague)
        path = f"/api/v1/tickets/{scene.ticket.number}/messages/"
        body = {"direction": "note", "body_text": "a"}

        refused = client.post(path, body, content_type="application/json")
        client.get("/api/docs/")
        token = client.cookies["csrf"].value
        done = client.post(
            path, body, content_type="application/json", headers={"X-CSRFToken": token}
        )

        assert refused.status_code == 403
        assert refused["Content-Type"] == "application/problem+json"
        assert done.status_code == 201, done.content


def test_customer_shows_facts_of_the_keys_shops_only(scene: Scene, as_key: MakeCaller) -> None:
    other = make_channel().shop
    for shop in (scene.shop, other):
        CustomerShop.objects.create(customer=scene.ticket.customer, shop=shop, external_id="7")
    api = as_key(make_user("admin"), shops=[scene.shop])

    shown = api.get(f"customers/{scene.ticket.customer.public_id}/").json()

    assert shown["shops"] == [{"shop": scene.shop.slug, "external_id": "7"}]
