import re
import time
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import AuditEntry, User
from tests.accounts.conftest import PASSWORD, SignIn, is_signed_in


def _code(secret: str) -> str:
    """What an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def _confirm(client: Client, next_url: str) -> None:
    fields = {"password": PASSWORD, "next": next_url}
    client.post(reverse("account_reauthenticate"), fields)


@pytest.fixture
def secret(
    client: Client, agent: User, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> str:
    """The key of a second factor that the agent has turned on in the browser."""
    sign_in(client, agent.email)
    url = reverse("mfa_activate_totp")
    assert client.get(url)["Location"].startswith(reverse("account_reauthenticate"))
    _confirm(client, url)
    match = re.search(r"<code>([A-Z2-7]{32})</code>", client.get(url).content.decode())
    assert match
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url, {"code": _code(match[1])}).status_code == 302
    client.post(reverse("account_logout"))
    return match[1]


def test_password_alone_is_not_enough(
    client: Client, agent: User, secret: str, sign_in: SignIn
) -> None:
    response = sign_in(client, agent.email)

    assert response["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)


def test_code_signs_in_once(agent: User, secret: str, sign_in: SignIn) -> None:
    first, second = Client(), Client()
    with time_machine.travel(time.time() + 60, tick=False):
        code = _code(secret)
        for client in (first, second):
            sign_in(client, agent.email)
            client.post(reverse("mfa_authenticate"), {"code": code})

    assert is_signed_in(first)
    assert not is_signed_in(second), "a code seen by somebody is worth nothing"


def test_recovery_code_signs_in_once(agent: User, secret: str, sign_in: SignIn) -> None:
    codes = Authenticator.objects.get(user=agent, type="recovery_codes").wrap().get_unused_codes()
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, agent.email)
        client.post(reverse("mfa_authenticate"), {"code": codes[0]})

    assert len(codes) == 10
    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_codes_cannot_be_tried_for_long(
    client: Client, agent: User, secret: str, sign_in: SignIn
) -> None:
    sign_in(client, agent.email)
    for _number in range(5):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    with time_machine.travel(time.time() + 60):
        client.post(reverse("mfa_authenticate"), {"code": _code(secret)})

    assert not is_signed_in(client)


def test_secrets_are_encrypted_in_the_database(agent: User, secret: str) -> None:
    stored = [str(data) for data in Authenticator.objects.values_list("data", flat=True)]

    assert len(stored) == 2
    assert not any(secret in data for data in stored)
    assert all("gAAAA" in data for data in stored)


def test_turning_it_off_asks_for_proof_and_is_recorded(
    client: Client,
    agent: User,
    secret: str,
    sign_in: SignIn,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with time_machine.travel(time.time() + 60) as clock:
        sign_in(client, agent.email)
        client.post(reverse("mfa_authenticate"), {"code": _code(secret)})
        clock.shift(600)
        url = reverse("mfa_deactivate_totp")
        asked = client.post(url)
        assert asked.status_code == 302
        assert Authenticator.objects.filter(user=agent).exists()

        # The suspended post is done once the password is given.
        with django_capture_on_commit_callbacks(execute=True):
            _confirm(client, url)

    assert not Authenticator.objects.filter(user=agent).exists()
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert {"user.second_factor_added", "user.second_factor_removed"} <= set(actions)
    assert [message.to for message in mail.outbox] == [[agent.email], [agent.email]]
    assert "127.0.0.0" in mail.outbox[0].body


def test_role_that_must_have_one_turns_it_on_first(
    client: Client, agent: User, sign_in: SignIn, settings: Settings
) -> None:
    settings.SECOND_FACTOR_ROLES = ["agent"]
    sign_in(client, agent.email)
    way = reverse("mfa_activate_totp")

    assert client.get("/inbox/")["Location"] == way
    assert client.get("/api/v1/tickets/")["Location"] == way
    assert client.post(reverse("settings:profile"), {"name": "x"}).status_code == 403
    assert client.get(way)["Location"].startswith(reverse("account_reauthenticate"))

    TOTP.activate(agent, "JBSWY3DPEHPK3PXP")
    assert client.get("/inbox/").status_code == 200


def test_role_that_need_not_have_one_goes_on(
    client: Client, agent: User, sign_in: SignIn, settings: Settings
) -> None:
    settings.SECOND_FACTOR_ROLES = ["admin"]
    sign_in(client, agent.email)

    assert client.get("/inbox/").status_code == 200
