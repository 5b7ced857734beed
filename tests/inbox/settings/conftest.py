import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import make_user

PASSWORD = "correct horse battery"


@pytest.fixture
def admin(db: None) -> User:
    return make_user("admin", email="anna@example.com", name="Anna Kowalska", language="en")


@pytest.fixture
def signed_in(admin: User) -> Client:
    """The browser of an admin who has given the password again a moment ago."""
    client = Client()
    client.force_login(admin)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client
