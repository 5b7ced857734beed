from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import make_user

PASSWORD = "correct horse battery"

SignIn = Callable[..., Any]


@pytest.fixture
def agent(db: None) -> User:
    return make_user(email="ola@example.com", name="Ola Wójcik")


@pytest.fixture
def admin(db: None) -> User:
    return make_user("admin", email="anna@example.com", name="Anna Kowalska")


@pytest.fixture
def sign_in() -> SignIn:
    """Fill in the sign-in page, as a browser does."""

    def fill_in(client: Client, email: str, password: str = PASSWORD, **extra: Any) -> Any:
        fields = {"login": email, "password": password}
        return client.post(reverse("account_login"), fields, **extra)

    return fill_in


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("settings:profile")).status_code == 200
