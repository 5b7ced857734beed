"""What an admin does only after giving the password again; who opens what is in `tests/access`."""

from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from tests.factories import make_user
from tests.inbox.settings.conftest import PASSWORD


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
