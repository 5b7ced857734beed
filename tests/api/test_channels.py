"""Channels by the API: settings held to the adapter's form, secrets that never come back."""

from typing import Any

import pytest

from accounts.models import AuditEntry
from channels_ingest.models import Connection
from crm.models import Shop
from tests.api.conftest import Caller, MakeCaller, pointers
from tests.factories import make_channel, make_shop, make_team, make_user
from tickets.models import Channel

pytestmark = pytest.mark.django_db

SECRETS = {"app_secret": "s" * 32, "verify_token": "token-of-ours", "page_token": "EAAB"}


@pytest.fixture
def api(as_key: MakeCaller) -> Caller:
    return as_key(make_user("admin"))


@pytest.fixture
def shop() -> Shop:
    return make_shop("buty")


def messenger(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "messenger",
        "name": "Strona",
        "shop": "buty",
        "settings": {"page_id": "1234567890"},
        "secrets": SECRETS,
        **fields,
    }


def test_is_connected(api: Caller, shop: Shop) -> None:
    team = make_team(slug="czat")

    response = api.post("channels/", messenger(team="czat", follow_up_days=3))

    shown = response.json()
    channel = Channel.objects.get()
    assert response.status_code == 201, response.content
    assert (channel.shop, channel.team, channel.follow_up_days) == (shop, team, 3)
    assert channel.connection.account == "1234567890"
    assert channel.connection.secrets == SECRETS
    assert shown["settings"]["page_id"] == "1234567890"
    assert shown["secrets"] == sorted(SECRETS)
    assert shown["health"]["state"] == "active"
    assert shown["webhook_url"].endswith(f"/hooks/messenger/{channel.public_id}/")
    assert "EAAB" not in response.content.decode()
    assert "EAAB" not in str(AuditEntry.objects.get(action="channel.created").after)
    assert "EAAB" not in channel.connection.sealed


def test_kind_that_is_fetched_has_no_webhook(api: Caller, shop: Shop) -> None:
    settings = {"address": "pomoc@buty.example", "imap_host": "imap.buty.example"}
    secrets = {"imap_password": "x", "smtp_password": "y"}
    body = {"kind": "email", "name": "Poczta", "shop": "buty"}

    response = api.post("channels/", {**body, "settings": settings, "secrets": secrets})

    assert response.status_code == 201
    assert response.json()["webhook_url"] is None
    assert response.json()["secrets"] == ["imap_password", "smtp_password"]


def test_is_changed_in_part(api: Caller, shop: Shop) -> None:
    created = api.post("channels/", messenger()).json()

    response = api.patch(
        f"channels/{created['id']}/",
        {"name": "Nowa", "settings": {"page_id": "7777777"}, "secrets": {"page_token": "new"}},
    )

    connection = Connection.objects.get()
    assert response.status_code == 200, response.content
    assert response.json()["name"] == "Nowa"
    assert connection.settings == {**created["settings"], "page_id": "7777777"}
    assert connection.account == "7777777"
    assert connection.secrets == {**SECRETS, "page_token": "new"}


def test_is_switched_off_and_on(api: Caller, shop: Shop) -> None:
    created = api.post("channels/", messenger(active=False)).json()
    assert (created["active"], created["health"]["state"]) == (False, "disabled")

    shown = api.patch(f"channels/{created['id']}/", {"active": True}).json()

    assert (shown["active"], shown["health"]["state"]) == (True, "active")


def test_shows_what_is_wrong(api: Caller) -> None:
    channel = make_channel("messenger")
    Connection.objects.update(state="needs_reauth", error="Sign in again.")

    health = api.get(f"channels/{channel.public_id}/").json()["health"]

    assert (health["state"], health["error"]) == ("needs_reauth", "Sign in again.")


@pytest.mark.parametrize(
    ("fields", "status", "pointer"),
    [
        ({"kind": "pigeon"}, 400, "/kind"),
        ({"shop": "nie-ma"}, 404, "/shop"),
        ({"team": "nie-ma"}, 404, "/team"),
        ({"name": ""}, 400, "/name"),
        ({"is_demo": True}, 400, "/is_demo"),
        ({"follow_up_days": "3"}, 400, "/follow_up_days"),
        ({"settings": {"page_id": "1234567890", "page": "x"}}, 400, "/settings/page"),
        ({"settings": {"page_id": "abc"}}, 400, "/settings/page_id"),
        ({"settings": {}}, 400, "/settings/page_id"),
        ({"settings": {"page_id": 7}}, 400, "/settings/page_id"),
        ({"settings": []}, 400, "/settings"),
        ({"secrets": {"app_secret": 7}}, 400, "/secrets/app_secret"),
    ],
    ids=str,
)
def test_is_refused(
    api: Caller, shop: Shop, fields: dict[str, Any], status: int, pointer: str
) -> None:
    response = api.post("channels/", messenger(**fields))

    assert response.status_code == status, response.content
    assert pointer in pointers(response)
    assert not Channel.objects.exists()


def test_what_only_the_form_knows_is_a_broken_rule(api: Caller, shop: Shop) -> None:
    response = api.post(
        "channels/",
        {
            "kind": "chat",
            "name": "Czat",
            "shop": "buty",
            "settings": {"origins": ["not an origin"]},
        },
    )

    assert response.status_code == 409
    assert pointers(response) == {"/settings/origins"}


def test_settings_of_another_kind_are_a_broken_rule(api: Caller) -> None:
    channel = make_channel("messenger", settings={"page_id": "1"}, secrets=SECRETS)

    response = api.patch(f"channels/{channel.public_id}/", {"settings": {"greeting": "Cześć"}})

    assert response.status_code == 409


def test_only_admins_see_how_it_is_connected(as_key: MakeCaller) -> None:
    make_channel("messenger", settings={"page_id": "1"}, secrets=SECRETS)

    [shown] = as_key(make_user()).get("channels/").json()["results"]

    assert shown["settings"] is shown["secrets"] is shown["health"] is shown["webhook_url"] is None


def test_query_count_does_not_grow(api: Caller, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        make_channel()
    api.get("channels/")
    # key with its user, its shops; channels
    with django_assert_num_queries(3):
        api.get("channels/")
    for _ in range(27):
        make_channel()
    with django_assert_num_queries(3):
        assert len(api.get("channels/").json()["results"]) == 30
