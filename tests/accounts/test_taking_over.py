"""Ways to somebody else's account that history knows: each is tried and leads nowhere."""

import re
import time
from typing import Any

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.conftest import PASSWORD, SignIn, is_signed_in


class CountingHasher(MD5PasswordHasher):
    """Stands for the slow one: what is counted is how often it works."""

    worked: list[str] = []

    def encode(self, password: str, salt: str) -> str:
        self.worked.append(password)
        return super().encode(password, salt)


@pytest.fixture
def hashed(settings: Any) -> list[str]:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.worked.clear()
    return CountingHasher.worked


def test_unknown_address_costs_as_much_work_as_a_wrong_password(
    agent: User, sign_in: SignIn, hashed: list[str]
) -> None:
    """A5: the time of the answer does not tell who has an account."""
    agent.set_password(PASSWORD)
    agent.save()
    hashed.clear()
    sign_in(Client(), agent.email, "wrong")
    known = len(hashed)
    hashed.clear()
    sign_in(Client(), "nobody@example.com", "wrong")

    assert len(hashed) == known == 1


def test_new_password_does_not_turn_the_second_factor_off(
    client: Client, agent: User, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    """A11: whoever reads the mail still lacks the phone."""
    TOTP.activate(agent, "JBSWY3DPEHPK3PXP")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("account_reset_password"), {"email": agent.email})
    link = re.search(r"http\S+", str(mail.outbox[-1].body))
    assert link
    form = client.get(link[0].removeprefix("http://localhost:8000"), follow=True)
    path = form.redirect_chain[-1][0]
    new = "zupelnie nowe haslo 7"
    client.post(path, {"password1": new, "password2": new})
    fresh = Client()

    assert sign_in(fresh, agent.email, new)["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(fresh)
    assert not is_signed_in(client)


@pytest.mark.parametrize("path", ["/operator/login/", "/operator/", "/api/v1/tickets/"])
def test_no_other_door_takes_a_password(path: str, agent: User) -> None:
    """A11: the one sign-in has the limits and the second factor."""
    client = Client(headers={"Authorization": "Basic b2xhQGV4YW1wbGUuY29tOng="})

    client.post(path, {"username": agent.email, "password": PASSWORD, "login": agent.email})

    assert not is_signed_in(client)


def test_cookie_of_an_ended_session_opens_nothing(
    client: Client, agent: User, sign_in: SignIn
) -> None:
    """A7: signing out ends the session on the server, not only in the browser."""
    sign_in(client, agent.email)
    stolen = Client()
    stolen.cookies = client.cookies.copy()  # type: ignore[assignment]
    assert is_signed_in(stolen)

    answer = client.post(reverse("account_logout"))

    assert not is_signed_in(stolen)
    assert answer["Clear-Site-Data"] == '"cache", "storage"'


def test_link_to_a_new_password_is_over_after_a_day(
    client: Client, agent: User, django_capture_on_commit_callbacks: Any
) -> None:
    """A8."""
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("account_reset_password"), {"email": agent.email})
    link = re.search(r"http\S+", str(mail.outbox[-1].body))
    assert link
    path = link[0].removeprefix("http://localhost:8000")
    with time_machine.travel(time.time() + 24 * 3600 + 60):
        page = client.get(path, follow=True)

    assert b"password1" not in page.content
