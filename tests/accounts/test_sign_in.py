import re
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from tests.accounts.conftest import PASSWORD, SignIn, is_signed_in
from tests.factories import make_user


def _without_tokens(response: HttpResponse) -> str:
    """The page as the visitor reads it: without what is random, and what they typed themselves."""
    page = re.sub(r'value="[^"]*"', "", response.content.decode())
    return re.sub(r"hx-headers=\'[^\']*\'", "", page)


def test_email_and_password_open_the_workspace(
    client: Client, agent: User, sign_in: SignIn
) -> None:
    response = sign_in(client, "OLA@example.com")

    assert (response.status_code, response["Location"]) == (302, "/inbox/")
    assert AuditEntry.objects.get(action="user.signed_in").actor_id == agent.pk


def test_wrong_password_and_unknown_address_look_the_same(
    client: Client, agent: User, sign_in: SignIn
) -> None:
    known = sign_in(client, agent.email, "wrong")
    unknown = sign_in(client, "nobody@example.com", "wrong")

    assert known.status_code == unknown.status_code == 200
    assert _without_tokens(known) == _without_tokens(unknown)
    assert not is_signed_in(client)


def test_too_many_wrong_passwords_answer_429_whatever_the_headers_say(
    client: Client, agent: User, sign_in: SignIn
) -> None:
    for number in range(5):
        wrong = sign_in(client, agent.email, "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
        assert wrong.status_code == 200

    blocked = sign_in(client, agent.email)

    assert blocked.status_code == 429
    assert int(blocked["Retry-After"]) > 0


def test_limit_of_one_account_does_not_touch_another(
    client: Client, agent: User, admin: User, sign_in: SignIn
) -> None:
    for _number in range(6):
        sign_in(client, agent.email, "wrong")

    assert sign_in(client, admin.email).status_code == 302


def test_limit_of_an_address_holds_over_accounts(
    client: Client, agent: User, sign_in: SignIn
) -> None:
    statuses = [sign_in(client, f"{n}@example.com", "wrong").status_code for n in range(21)]

    assert statuses[:20] == [200] * 20
    assert statuses[20] == 429


def test_inactive_user_stays_outside(client: Client, sign_in: SignIn, db: None) -> None:
    user = make_user(is_active=False)

    response = sign_in(client, user.email)

    assert response["Location"] == reverse("account_inactive")
    assert not is_signed_in(client)


def test_demo_user_signs_in_only_where_the_demo_runs(
    client: Client, sign_in: SignIn, settings: Any, db: None
) -> None:
    user = make_user(is_demo=True)
    sign_in(client, user.email)
    assert not is_signed_in(client)

    settings.DEMO = True
    sign_in(client, user.email)
    assert is_signed_in(client)

    settings.DEMO = False  # a session from the demo is worth nothing after it
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "\t//evil.example",
    ],
)
def test_next_leads_to_own_pages_alone(
    client: Client, agent: User, sign_in: SignIn, target: str
) -> None:
    fields = {"login": agent.email, "password": PASSWORD, "next": target}

    response = client.post(reverse("account_login"), fields)

    assert response["Location"] == "/inbox/"


def test_session_is_a_new_one_after_signing_in(
    client: Client, agent: User, sign_in: SignIn
) -> None:
    session = client.session
    session["fixed"] = True
    session.save()
    fixed = str(session.session_key)
    client.cookies[django_settings.SESSION_COOKIE_NAME] = fixed

    sign_in(client, agent.email)

    assert client.session.session_key != fixed


def test_nobody_signs_up_by_themselves(client: Client, db: None) -> None:
    assert client.get("/accounts/signup/").status_code == 404


def test_changed_password_ends_the_other_sessions(agent: User, sign_in: SignIn) -> None:
    here, elsewhere = Client(), Client()
    sign_in(here, agent.email)
    sign_in(elsewhere, agent.email)

    new = "a new horse and battery"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    here.post(reverse("account_change_password"), fields)

    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


def test_own_session_can_be_ended_and_nobody_elses(
    agent: User, admin: User, sign_in: SignIn
) -> None:
    here, elsewhere, other = Client(), Client(), Client()
    for client, user in ((here, agent), (elsewhere, agent), (other, admin)):
        sign_in(client, user.email)
    other_session = UserSession.objects.get(user=admin)

    refused = here.post(reverse("settings:session-end", args=[other_session.pk]))
    here.post(reverse("settings:sessions-end-others"))

    assert refused.status_code == 404
    assert [is_signed_in(client) for client in (here, elsewhere, other)] == [True, False, True]


def test_pages_speak_the_language_of_the_profile(
    client: Client, agent: User, sign_in: SignIn
) -> None:
    sign_in(client, agent.email)
    assert '<html lang="pl"' in client.get(reverse("settings:profile")).content.decode()

    fields = {"name": agent.name, "language": "en", "theme": "dark", "density": "compact"}
    response = client.post(reverse("settings:profile"), fields)

    assert response.cookies["theme"].value == "dark"
    assert '<html lang="en"' in client.get(reverse("settings:profile")).content.decode()
