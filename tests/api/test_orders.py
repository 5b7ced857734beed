"""Orders, parcels and a shop's customers by the API."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from crm.models import Order, Shop, TeamShop
from tests.api.conftest import Caller, MakeCaller, pointers
from tests.factories import (
    make_channel,
    make_incoming,
    make_order,
    make_shop,
    make_team,
    make_user,
    order_document,
)
from tickets.receiving import receive

pytestmark = pytest.mark.django_db

FIXTURES = Path(__file__).parent.parent / "crm" / "fixtures"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


@pytest.fixture
def shop() -> Shop:
    return make_shop("las")


@pytest.fixture
def api(as_key: MakeCaller) -> Caller:
    return as_key(make_user("admin"))


def put(api: Caller, path: str, body: Any) -> Any:
    return api.send("PUT", path, body)


def test_order_is_put_and_shown(api: Caller, shop: Shop) -> None:
    document = fixture("order")

    created = put(api, "shops/las/orders/10421", document)
    again = put(api, "shops/las/orders/10421/", document)
    stale = put(
        api, "shops/las/orders/10421/", {**document, "source_updated_at": "2026-01-01T00:00:00Z"}
    )

    assert (created.status_code, created.json()) == (201, {"result": "created"})
    assert (again.status_code, again.json()) == (200, {"result": "unchanged"})
    assert (stale.status_code, stale.json()) == (200, {"result": "stale"})
    shown = api.get("shops/las/orders/10421/").json()
    added = {name: shown.pop(name) for name in ("id", "shop", "customer_id", "ticket_ids")}
    assert shown.pop("payment_state") == "paid"
    assert shown == document
    assert (added["shop"], added["ticket_ids"]) == ("las", [])
    assert api.get("orders/").json()["results"][0]["id"] == added["id"]


@pytest.mark.parametrize("case", fixture("invalid")["cases"], ids=lambda case: case["name"])
def test_documents_outside_the_contract_are_400(api: Caller, shop: Shop, case: Any) -> None:
    response = put(api, "shops/las/orders/A1/", case["document"])

    assert response.status_code == 400
    assert pointers(response) == {case["pointer"]}
    assert response.json()["errors"][0]["code"] == case["code"]
    assert not Order.objects.exists()


def test_broken_rules_and_unknown_names(api: Caller, shop: Shop) -> None:
    other = put(api, "shops/las/orders/B7/", order_document())
    nowhere = put(api, "shops/inny/orders/10421/", fixture("order"))
    early = put(api, "shops/las/orders/10421/shipments/S-900/", fixture("shipment"))

    assert (other.status_code, other.json()["type"]) == (409, "urn:okienko:problem:id_mismatch")
    assert nowhere.status_code == 404
    assert (early.status_code, early.json()["type"]) == (404, "urn:okienko:problem:order_unknown")


def test_parcel_is_put(api: Caller, shop: Shop) -> None:
    order = make_order(shop)
    path = f"shops/las/orders/{order.external_id}/shipments/S-900"

    assert put(api, path, fixture("shipment")).status_code == 201
    assert put(api, path, fixture("shipment")).json() == {"result": "unchanged"}
    shown = api.get(f"shops/las/orders/{order.external_id}/").json()
    assert shown["shipments"] == [fixture("shipment")]


def test_customer_is_put(api: Caller, shop: Shop) -> None:
    body = {"email": "anna@example.com", "first_name": "Anna", "consents": None}

    assert put(api, "shops/las/customers/77/", body).status_code == 201
    assert put(api, "shops/las/customers/77/", body).json() == {"result": "unchanged"}
    [customer] = api.get("customers/", email="anna@example.com").json()["results"]
    assert customer["shops"] == [{"shop": "las", "external_id": "77"}]
    assert put(api, "shops/las/customers/78/", {"e-mail": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"shop": "las"}, 2),
        ({"number": "10421"}, 1),
        ({"status": ["shipped", "new"]}, 1),
        ({"status": "cancelled"}, 0),
        ({"updated_since": "2026-11-22T00:00:00Z"}, 1),
        ({"customer": "00000000-0000-4000-8000-000000000000"}, 0),
    ],
    ids=str,
)
def test_orders_are_found(api: Caller, shop: Shop, query: dict[str, Any], count: int) -> None:
    make_order(shop, number="10421", status="shipped")
    make_order(shop, source_updated_at="2026-11-23T00:00:00Z")
    make_order(make_shop(), number="1042", source_updated_at="2020-01-01T00:00:00Z")

    assert len(api.get("orders/", **query).json()["results"]) == count


def test_tickets_and_orders_name_each_other(api: Caller) -> None:
    channel = make_channel()
    order = make_order(channel.shop, number="10421")
    ticket = receive(make_incoming(channel, body_text="Zamówienie 10421?")).ticket

    assert api.get(f"tickets/{ticket.number}/").json()["orders"] == [
        {
            "shop": channel.shop.slug,
            "external_id": order.external_id,
            "number": "10421",
            "how": "number",
        }
    ]
    shown = api.get(f"shops/{channel.shop.slug}/orders/{order.external_id}/").json()
    assert shown["ticket_ids"] == [ticket.number]
    [linked] = [
        event
        for event in api.get(f"tickets/{ticket.number}/events/").json()["results"]
        if event["kind"] == "ticket.order_linked"
    ]
    assert linked["data"] == {"order": "10421", "how": "number"}


class TestWhoSees:
    """Orders of shops that the team serves, or of a customer whose ticket there is seen."""

    @pytest.fixture
    def colleague(self, shop: Shop) -> User:
        team = make_team()
        TeamShop.objects.create(team=team, shop=shop)
        return make_user(teams=[team])

    def test_shops_of_the_team(self, shop: Shop, colleague: User, as_key: MakeCaller) -> None:
        make_order(shop)
        hidden = make_order(make_shop("turnia"))

        found = as_key(colleague).get("orders/").json()["results"]

        assert [row["shop"] for row in found] == ["las"]
        path = f"shops/turnia/orders/{hidden.external_id}/"
        assert as_key(colleague).get(path).status_code == 404

    def test_customers_of_visible_tickets_in_that_shop(self, as_key: MakeCaller) -> None:
        team = make_team()
        channel = make_channel(team=team)
        customer = {"email": "anna@example.com"}
        seen = make_order(channel.shop, customer=customer)
        make_order(make_shop(), customer=customer)
        receive(make_incoming(channel, sender="anna@example.com"))

        found = as_key(make_user(teams=[team])).get("orders/").json()["results"]

        assert [row["id"] for row in found] == [str(seen.public_id)]

    def test_shops_of_the_key(self, shop: Shop, as_key: MakeCaller) -> None:
        make_order(shop)
        other = as_key(make_user("admin"), shops=[make_shop()])

        assert other.get("orders/").json()["results"] == []
        assert put(other, "shops/las/orders/1/", order_document()).status_code == 404

    def test_tickets_of_others_are_not_named(
        self, shop: Shop, colleague: User, as_key: MakeCaller
    ) -> None:
        order = make_order(shop, number="10421")
        channel = make_channel(shop=shop, team=make_team())
        receive(make_incoming(channel, body_text="Zamówienie 10421"))

        shown = as_key(colleague).get(f"shops/las/orders/{order.external_id}/").json()

        assert shown["ticket_ids"] == []


def test_query_count_does_not_grow(api: Caller, shop: Shop, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        make_order(shop)
    api.get("orders/")
    # key with its user, its shops; orders, parcels, tickets
    with django_assert_num_queries(5):
        api.get("orders/")
    for _ in range(27):
        make_order(shop)
    with django_assert_num_queries(5):
        assert len(api.get("orders/").json()["results"]) == 30
