"""Shops, customers, users and lists of names by the API."""

from typing import Any

import pytest

from accounts.models import AuditEntry, Team, User
from crm.models import Consent, Customer, CustomerShop, Identity
from tests.api.conftest import Caller, MakeCaller, pointers
from tests.factories import make_channel, make_shop, make_team, make_ticket, make_user
from tickets.models import Reason, Tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("admin")


@pytest.fixture
def api(admin: User, as_key: MakeCaller) -> Caller:
    return as_key(admin)


class TestShops:
    def test_are_opened_and_changed(self, api: Caller) -> None:
        created = api.post("shops/", {"slug": "buty", "name": "Buty"})
        changed = api.patch("shops/buty/", {"name": "Obuwie", "locale": "en"})

        assert created.status_code == 201
        assert created.json() == {
            "slug": "buty",
            "name": "Buty",
            "timezone": "Europe/Warsaw",
            "locale": "pl",
        }
        assert (changed.json()["name"], changed.json()["locale"]) == ("Obuwie", "en")
        assert api.get("shops/").json()["results"] == [changed.json()]
        actions = AuditEntry.objects.filter(action__startswith="shop.")
        assert set(actions.values_list("action", flat=True)) == {"shop.created", "shop.changed"}

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"slug": "buty", "name": "Inne"}, 409),
            ({"slug": "nowy", "name": "Nowy", "timezone": "Europe/Krakow"}, 409),
            ({"slug": "nowy"}, 400),
            ({"slug": "ze spacją", "name": "Nowy"}, 400),
            ({"slug": "nowy", "name": " "}, 400),
            ({"slug": "nowy", "name": "Nowy", "id": 7}, 400),
            ({"slug": "nowy", "name": "Nowy", "locale": "polski"}, 400),
        ],
        ids=str,
    )
    def test_are_refused(self, api: Caller, body: dict[str, Any], status: int) -> None:
        make_shop("buty")

        assert api.post("shops/", body).status_code == status

    def test_keep_their_slug(self, api: Caller) -> None:
        make_shop("buty")

        response = api.patch("shops/buty/", {"slug": "inne"})

        assert response.status_code == 400
        assert pointers(response) == {"/slug"}


class TestCustomers:
    @pytest.fixture
    def customer(self) -> Customer:
        customer = make_ticket(make_channel()).customer
        Customer.objects.filter(pk=customer.pk).update(sort_key="")
        customer.name = "Żaneta Łuczak"
        customer.save()
        return customer

    def test_show_what_the_sheet_names(self, api: Caller, customer: Customer) -> None:
        shop = make_shop("buty")
        CustomerShop.objects.create(customer=customer, shop=shop, external_id="7")
        Consent.objects.create(
            customer=customer,
            shop=shop,
            purpose="newsletter",
            granted=True,
            text_version="1",
            source="form",
            given_at="2026-01-01T12:00:00+01:00",
        )

        response = api.get(f"customers/{customer.public_id}/")

        shown = response.json()
        assert response["ETag"] == f'"{customer.version}"'
        assert shown["name"] == "Żaneta Łuczak"
        assert shown["identities"][0]["kind"] == "email"
        assert shown["shops"] == [{"shop": "buty", "external_id": "7"}]
        assert shown["consents"][0]["given_at"] == "2026-01-01T12:00:00+01:00"

    @pytest.mark.parametrize(
        "query",
        [
            {"email": "ZANETA@example.com"},
            {"phone": "601 602 603"},
            {"identity": "zaneta@example.com"},
            {"q": "łucz"},
            {"q": "żaneta"},
            {"q": "zaneta@"},
        ],
        ids=str,
    )
    def test_are_found(self, api: Caller, customer: Customer, query: dict[str, Any]) -> None:
        make_ticket(make_channel())
        customer.identities.update(value="zaneta@example.com")
        Identity.objects.create(customer=customer, kind="phone", value="+48601602603")

        found = api.get("customers/", **query).json()["results"]

        assert [row["id"] for row in found] == [str(customer.public_id)]

    @pytest.mark.parametrize(
        "query", [{"email": "nikt@example.com"}, {"phone": "12"}, {"q": "nikt"}, {"identity": "x"}]
    )
    def test_are_not_found(self, api: Caller, customer: Customer, query: dict[str, str]) -> None:
        assert api.get("customers/", **query).json()["results"] == []

    def test_merged_ones_are_not_listed(self, api: Caller, customer: Customer) -> None:
        other = make_ticket(make_channel()).customer
        Customer.objects.filter(pk=other.pk).update(merged_into=customer)

        assert len(api.get("customers/").json()["results"]) == 1
        assert api.get(f"customers/{other.public_id}/").status_code == 404

    def test_query_count_does_not_grow(self, api: Caller, django_assert_num_queries: Any) -> None:
        channel = make_channel()
        for _ in range(3):
            make_ticket(channel)
        api.get("customers/")
        # key with its user, its shops; customers, identities, shops, consents, totals
        with django_assert_num_queries(7):
            api.get("customers/")
        for _ in range(27):
            make_ticket(channel)
        with django_assert_num_queries(7):
            assert len(api.get("customers/").json()["results"]) == 30


def test_lists_of_names(api: Caller, admin: User) -> None:
    Tag.objects.create(slug="pilne", name="Pilne")
    Reason.objects.create(slug="zwrot", name="Zwrot")
    team = make_team("Zwroty", slug="zwroty")
    admin.teams.set([team])

    assert api.get("tags/").json()["results"] == [{"slug": "pilne", "name": "Pilne"}]
    assert api.get("reasons/").json()["results"] == [
        {"slug": "zwrot", "name": "Zwrot", "active": True}
    ]
    assert [row["slug"] for row in api.get("teams/").json()["results"]] == sorted(
        [Team.objects.default().slug, "zwroty"]
    )
    assert api.get("users/").json()["results"] == [
        {
            "id": str(admin.public_id),
            "email": admin.email,
            "name": admin.name,
            "role": "admin",
            "teams": ["zwroty"],
            "active": True,
        }
    ]


def test_query_count_of_users_does_not_grow(api: Caller, django_assert_num_queries: Any) -> None:
    for _ in range(2):
        make_user()
    api.get("users/")
    # key with its user, its shops; users, their teams
    with django_assert_num_queries(4):
        api.get("users/")
    for _ in range(27):
        make_user()
    with django_assert_num_queries(4):
        assert len(api.get("users/").json()["results"]) == 30
