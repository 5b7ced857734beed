"""Who opens which page of the settings: the whole list, so that no new page is forgotten."""

import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from accounts.models import Role, User
from inbox.settings.urls import urlpatterns
from tests.factories import make_user
from tests.inbox.settings.conftest import PASSWORD

FOR_EVERYBODY = {"overview", "profile", "session-end", "sessions-end-others"}
EXAMPLES = {"public_id": uuid.uuid4(), "pk": 1, "slug": "x", "kind": "email"}
FOR_ADMINS = [pattern for pattern in urlpatterns if pattern.name not in FOR_EVERYBODY]


def _address(pattern: URLPattern) -> str:
    names = pattern.pattern.converters
    return reverse(f"settings:{pattern.name}", kwargs={name: EXAMPLES[name] for name in names})


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.MANAGER])
def test_only_admins_open_the_settings(role: Role) -> None:
    client = Client()
    client.force_login(make_user(role))

    for pattern in FOR_ADMINS:
        for method in (client.get, client.post):
            assert method(_address(pattern)).status_code == 403, pattern.name
    assert client.get(reverse("settings:overview"))["Location"] == reverse("settings:profile")


@pytest.mark.django_db
def test_visitors_are_sent_to_the_sign_in(client: Client) -> None:
    for pattern in urlpatterns:
        response = client.get(_address(pattern))
        assert response.status_code == 302, pattern.name
        assert response["Location"].startswith(reverse("account_login")), pattern.name


def test_role_is_not_changed_before_the_password_is_given_again(admin: User) -> None:
    agent = make_user()
    client = Client()
    client.force_login(admin)
    url = reverse("settings:user-edit", args=[agent.public_id])

    form = {"name": agent.name, "email": agent.email, "role": "admin", "teams": []}
    asked = client.post(url, form)
    agent.refresh_from_db()
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert agent.role == Role.AGENT

    client.post(asked["Location"], {"password": PASSWORD})  # goes on with what was asked for
    agent.refresh_from_db()
    assert agent.role == Role.ADMIN
