"""Who reaches what: a matrix over every endpoint of the API."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from accounts import keys
from accounts.models import User
from api import docs
from crm.models import CustomerShop, Shop, TeamShop
from tests.api.conftest import Caller, MakeCaller
from tests.factories import make_channel, make_team, make_ticket, make_user
from tickets import attaching
from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40

# What everybody with an account gets, and what hangs on the ticket.
OPEN = {"shops/", "customers/", "channels/", "tickets/", "tags/", "reasons/", "teams/", "users/"}
OF_TICKET = {
    "customers/{customer_id}/",
    "tickets/{number}/",
    "tickets/{number}/messages/",
    "tickets/{number}/events/",
    "attachments/{attachment_id}/",
}
OF_SHOP = {"shops/{slug}/", "channels/{channel_id}/"}


@dataclass
class Scene:
    """A ticket of one team, in a shop with a channel that this team alone serves."""

    ticket: Ticket
    attachment: Attachment
    colleague: User

    @property
    def shop(self) -> Shop:
        return self.ticket.shop

    def path(self, template: str) -> str:
        return template.format(
            number=self.ticket.number,
            customer_id=self.ticket.customer.public_id,
            attachment_id=self.attachment.public_id,
            slug=self.shop.slug,
            channel_id=self.ticket.channel.public_id,
        )


@pytest.fixture
def scene() -> Scene:
    team = make_team()
    ticket = make_ticket(make_channel(team=team))
    TeamShop.objects.create(team=team, shop=ticket.shop)
    attachment = attaching.upload(PNG, "a.png")
    attachment.message = ticket.messages.get()
    attachment.save()
    return Scene(ticket, attachment, make_user(teams=[team]))


BODIES: dict[tuple[str, str], Any] = {
    ("POST", "shops/"): {"slug": "nowy", "name": "Nowy"},
    ("PATCH", "shops/{slug}/"): {"name": "Inny"},
    ("PATCH", "channels/{channel_id}/"): {"name": "Inny"},
    ("PATCH", "tickets/{number}/"): {"subject": "Inny"},
    ("POST", "tickets/{number}/messages/"): {"direction": "note", "body_text": "a"},
}
WRITE_AS_ADMIN = {
    ("POST", "shops/"),
    ("PATCH", "shops/{slug}/"),
    ("POST", "channels/"),
    ("PATCH", "channels/{channel_id}/"),
}


def operations() -> list[tuple[str, str]]:
    """Every operation of the schema, so that a new one cannot be forgotten here."""
    return [
        (method.upper(), path.removeprefix("/api/v1/"))
        for path, methods in docs.description()["paths"].items()
        for method in methods
    ]


def body_of(operation: tuple[str, str], scene: Scene) -> Any:
    channel = str(scene.ticket.channel.public_id)
    if operation == ("POST", "tickets/"):
        return {
            "channel": channel,
            "subject": "a",
            "customer": {"email": "jan@example.com"},
            "message": {"direction": "note", "body_text": "a"},
        }
    if operation == ("POST", "channels/"):
        return {"kind": "chat", "name": "Czat", "shop": scene.shop.slug}
    return BODIES.get(operation)


def call(api: Caller, operation: tuple[str, str], scene: Scene) -> int:
    method, template = operation
    path = scene.path(template)
    if template == "attachments/":
        return int(api.upload(path, file=BytesIO(PNG)).status_code)
    if method == "GET":
        return int(api.get(path).status_code)
    return int(api.send(method, path, body_of(operation, scene)).status_code)


def success(operation: tuple[str, str]) -> int:
    return 201 if operation[0] == "POST" else 200


def expected(operation: tuple[str, str], who: str) -> int:
    method, path = operation
    if who == "anonymous":
        return 401
    if operation in WRITE_AS_ADMIN:
        if who not in ("admin", "key of another shop"):
            return 403
    elif method != "GET" and who == "manager":
        return 403
    if who == "agent of another team":
        hidden = path in OF_TICKET | OF_SHOP or operation == ("POST", "tickets/")
        return 404 if hidden else success(operation)
    if who == "key of another shop":
        if operation == ("POST", "shops/"):
            return 403
        hidden = path in OF_TICKET | OF_SHOP or operation in {
            ("POST", "tickets/"),
            ("POST", "channels/"),
        }
        return 404 if hidden else success(operation)
    return success(operation)


@pytest.mark.parametrize("operation", operations(), ids=" ".join)
@pytest.mark.parametrize(
    "who",
    [
        "anonymous",
        "agent",
        "supervisor",
        "agent of another team",
        "manager",
        "admin",
        "key of another shop",
    ],
)
def test_matrix(operation: tuple[str, str], who: str, scene: Scene, as_key: MakeCaller) -> None:
    team = scene.colleague.teams.get()
    match who:
        case "anonymous":
            api = Caller()
        case "agent":
            api = as_key(scene.colleague)
        case "supervisor":
            api = as_key(make_user("supervisor", teams=[team]))
        case "agent of another team":
            api = as_key(make_user(teams=[make_team()]))
        case "key of another shop":
            api = as_key(make_user("admin"), shops=[make_channel().shop])
        case role:
            api = as_key(make_user(role))

    assert call(api, operation, scene) == expected(operation, who)


def test_matrix_knows_every_path() -> None:
    known = OPEN | OF_TICKET | OF_SHOP | {"attachments/"}

    assert {path for _method, path in operations()} == known


@pytest.mark.parametrize(
    "path",
    ["tickets/", "customers/", "shops/", "channels/"],
)
def test_lists_hold_nothing_of_others(path: str, scene: Scene, as_key: MakeCaller) -> None:
    CustomerShop.objects.create(customer=scene.ticket.customer, shop=scene.shop)
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
