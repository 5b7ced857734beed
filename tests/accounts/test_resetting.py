import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.conftest import SignIn, is_signed_in
from tests.factories import make_user

NEW = "a new horse and battery"


@pytest.fixture
def ask(client: Client, django_capture_on_commit_callbacks: Any) -> Any:
    def post(email: str, **extra: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse("account_reset_password"), {"email": email}, **extra)

    return post


def _path(message: Any) -> str:
    match = re.search(r"http://localhost:8000(/\S+)", message.body)
    assert match
    return match[1]


def test_link_sets_a_new_password_once_and_ends_all_sessions(
    agent: User, ask: Any, sign_in: SignIn
) -> None:
    elsewhere, client = Client(), Client()
    sign_in(elsewhere, agent.email)
    ask("OLA@example.com")
    path = _path(mail.outbox[0])

    form_url = client.get(path)["Location"]
    client.post(form_url, {"password1": NEW, "password2": NEW})

    assert not is_signed_in(elsewhere)
    assert not is_signed_in(client), "the second factor, if there is one, is still to come"
    assert sign_in(client, agent.email, NEW).status_code == 302
    again = Client().get(path)
    assert again.status_code == 200
    assert b"password1" not in again.content


def test_known_and_unknown_addresses_get_the_same_answer(agent: User, ask: Any) -> None:
    make_user(email="away@example.com", is_active=False)
    answers = [ask(email) for email in (agent.email, "nobody@example.com", "away@example.com")]

    assert {(answer.status_code, answer["Location"]) for answer in answers} == {
        (302, reverse("account_reset_password_done"))
    }
    assert [message.to for message in mail.outbox] == [[agent.email]]


def test_link_has_the_configured_host(agent: User, ask: Any, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    ask(agent.email, HTTP_HOST="evil.example")

    assert "evil.example" not in mail.outbox[0].body
    assert _path(mail.outbox[0])


def test_unknown_host_is_refused(client: Client, agent: User) -> None:
    url = reverse("account_reset_password")
    response = client.post(url, {"email": agent.email}, HTTP_HOST="evil.example")

    assert response.status_code == 400
    assert not mail.outbox


def test_one_victim_gets_few_mails(agent: User, ask: Any) -> None:
    statuses = [ask(agent.email).status_code for _number in range(7)]

    assert statuses[-1] == 429
    assert len(mail.outbox) == 5


def test_new_password_lifts_the_limit_of_the_account(
    client: Client, agent: User, ask: Any, sign_in: SignIn
) -> None:
    """Somebody who tries passwords all day cannot keep the owner out."""
    for _number in range(6):
        sign_in(client, agent.email, "wrong")
    assert sign_in(client, agent.email).status_code == 429

    ask(agent.email)
    form_url = client.get(_path(mail.outbox[0]))["Location"]
    client.post(form_url, {"password1": NEW, "password2": NEW})

    assert sign_in(client, agent.email, NEW).status_code == 302
