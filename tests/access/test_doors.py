"""Doors that every address shares: forged forms, foreign pages, fields that are not theirs."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.access import addresses
from tests.access.outcomes import IN, SIGN_IN
from tests.access.scene import Scene
from tests.access.table import OPERATIONS, PAGES
from tests.access.test_matrix import address_of, operation_address
from tests.factories import make_user

EVIL = "https://zly.example.com"
# Doors of programs, which have no cookie that a foreign page could ride on.
_WITHOUT_COOKIES = ("hook", "widget-", "api:", "selfservice:")
# What no caller says of themselves, as columns of the database are called.
FORBIDDEN = {
    "id": 1, "pk": 1, "public_id": "00000000-0000-4000-8000-000000000000", "role": "admin",
    "is_staff": True, "is_superuser": True, "is_active": True, "is_operator": True, "is_demo": True,
    "user": 1, "user_id": 1, "author": 1, "author_user": 1, "author_kind": "system",
    "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z", "number": 1,
    "ref": "aaaaaa", "internal": False, "shop_id": 1, "team_id": 1, "version_id": 1, "owner": 1,
    "merged_into": 1, "erased_at": None, "needs_review": False, "deliveries": [], "sealed": "x",
    "waiting_since": None, "first_response_at": None, "solved_at": None, "password": "x",
    "scopes": ["admin"], "secret_hash": "x", "body_html_trusted": "x", "storage_key": "../x",
    "__class__": "x", "_state": {}, "customer__name": "x",
}  # fmt: skip


@pytest.fixture
def scene(db: None) -> Scene:
    return Scene()


def test_form_of_a_foreign_page_is_refused_everywhere(scene: Scene) -> None:
    """S9: every page that takes a post wants the token that only our own pages hold."""
    browser = Client(enforce_csrf_checks=True, headers={"Origin": EVIL})
    browser.cookies[settings.SESSION_COOKIE_NAME] = scene.cookies["admin"]
    asked = 0
    for name, row in PAGES.items():
        if name.endswith("*") or name.startswith(_WITHOUT_COOKIES) or row.rule["admin"] != IN:
            continue
        answer = browser.post(address_of(name, row, scene), row.data(scene))
        assert answer.status_code in {403, 405}, name
        asked += answer.status_code == 403

    assert asked > 60


def test_foreign_page_reads_nothing_with_the_users_cookie(scene: Scene) -> None:
    """S9: no answer lets another origin read it, least of all with credentials."""
    browser = Client(headers={"Origin": EVIL})
    browser.cookies[settings.SESSION_COOKIE_NAME] = scene.cookies["admin"]
    for name, row in PAGES.items():
        if not name.endswith("*"):
            answer = browser.get(address_of(name, row, scene))
            assert "Access-Control-Allow-Origin" not in answer, name
            assert "Access-Control-Allow-Credentials" not in answer, name


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_json_in_disguise_is_refused(content_type: str, scene: Scene) -> None:
    """S9: what a page may send without being asked is no JSON to the API."""
    browser = Client(enforce_csrf_checks=True, headers={"Origin": EVIL})
    browser.cookies[settings.SESSION_COOKIE_NAME] = scene.cookies["admin"]
    path = f"/api/v1/tickets/{scene.ticket.number}/messages/"

    answer = browser.post(path, '{"direction": "note", "body_text": "x"}', content_type)

    assert answer.status_code in {403, 415}
    assert scene.ticket.messages.count() == 2


def test_operations_refuse_every_field_that_is_not_theirs(scene: Scene) -> None:
    """A2: role, author, times, ids in a body are 400, one by one, and change nothing."""
    client = Client(headers={"Authorization": f"Bearer {scene.keys['admin']}"})
    refused = 0
    for operation, row in OPERATIONS.items():
        method = operation.partition(" ")[0]
        data = row.data(scene)
        if method in {"GET", "DELETE"} or "file" in data:
            continue
        own = addresses.fields_of(operation)
        for name, value in FORBIDDEN.items():
            if name in data or name in own:
                continue
            body = json.dumps({**data, name: value})
            path = operation_address(operation, row, scene)
            cache.clear()  # the limits of calls have tests of their own
            answer = client.generic(method, path, body, content_type="application/json")
            assert answer.status_code == 400, (operation, name, answer.content)
            refused += 1

    assert refused >= 150


def test_profile_form_takes_no_rights(scene: Scene) -> None:
    """A2, A3: nobody makes themselves more than they are."""
    agent, client = scene.agent, Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = scene.cookies["agent"]
    own = {"name": "Ola", "language": "pl", "theme": "auto", "density": "comfortable"}
    columns: dict[str, Any] = {
        name: value for name, value in FORBIDDEN.items() if value is not None
    }

    client.post(reverse("settings:profile"), {**columns, "email": "a@b.pl", "teams": [1], **own})

    before = (agent.role, agent.email, agent.is_operator, set(agent.teams.all()))
    agent.refresh_from_db()
    assert (agent.role, agent.email, agent.is_operator, set(agent.teams.all())) == before


@pytest.mark.parametrize(
    "target",
    [
        "//zly.example.com",
        "/\\zly.example.com",
        EVIL,
        "javascript:alert(1)",
        "https:zly.example.com",
    ],
)
def test_change_of_language_leads_to_own_pages_alone(target: str, client: Client, db: None) -> None:
    """S8; the sign-in has a test of its own."""
    answer = client.post(reverse("set_language"), {"language": "en", "next": target})

    assert answer.status_code in {204, 302}
    assert "zly" not in answer.get("Location", "")
    assert "javascript" not in answer.get("Location", "")


def test_host_that_is_not_ours_is_refused_everywhere(scene: Scene) -> None:
    """S7: no page is drawn for a host that somebody made up, so no link is made of one."""
    client = Client(headers={"Host": "zly.example.com"})
    for path in ("/accounts/login/", "/accounts/password/reset/", "/api/v1/tickets/", "/inbox/"):
        assert client.get(path).status_code == 400, path


def test_rules_of_the_table_are_whole() -> None:
    for row in [*PAGES.values(), *OPERATIONS.values()]:
        assert row.rule.keys() == PAGES["home"].rule.keys()
    assert PAGES["inbox:ticket"].rule["anonymous"] == SIGN_IN


@pytest.mark.parametrize("size", [10**9, -1, "x", "1e9"])
def test_page_size_has_its_limit(size: int | str, scene: Scene) -> None:
    """D10: nobody asks for a thousand million rows."""
    client = Client(headers={"Authorization": f"Bearer {scene.keys['admin']}"})
    for path in ("tickets/", "customers/", f"tickets/{scene.ticket.number}/messages/"):
        answer = client.get(f"/api/v1/{path}", {"limit": size})
        assert answer.status_code == 400 or len(answer.json()["results"]) <= 200, path


def test_search_of_ten_thousand_words_is_answered(scene: Scene) -> None:
    """D10: a long question is cut, not asked."""
    client = Client()
    client.force_login(make_user("admin"))
    words = " ".join(f"slowo{number}" for number in range(10_000))
    for query in (words[:60_000], "*" * 5_000, "%_" * 2_000, "(" * 3_000, "a:* | " * 2_000):
        assert client.get(reverse("inbox:list"), {"q": query}).status_code == 200
