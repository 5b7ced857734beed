import re
from typing import Any

from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import keys
from accounts.models import ApiKey, AuditEntry, Invitation, Team, User
from crm.models import KeyShop
from tests.factories import make_shop, make_team, make_user


def test_invitation_is_mailed_and_its_link_shown_once(signed_in: Client) -> None:
    teams = [Team.objects.default().pk]
    form = {"email": "Jan@example.com", "name": "Jan", "role": "agent", "teams": teams}

    response = signed_in.post(reverse("settings:user-invite"), form)

    link = re.search(r"http://localhost:8000/accounts/join/[\w-]+/", response.content.decode())
    assert link
    assert link[0] in mail.outbox[0].body
    assert mail.outbox[0].to == ["jan@example.com"]
    assert "jan@example.com" in signed_in.get(reverse("settings:users")).content.decode()


def test_invitation_survives_a_mail_server_that_is_down(signed_in: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    form = {"email": "jan@example.com", "name": "", "role": "agent"}
    response = signed_in.post(reverse("settings:user-invite"), form)

    assert "The invitation was not mailed" in response.content.decode()
    assert Invitation.objects.open().count() == 1


def test_users_are_not_invited(signed_in: Client, admin: User) -> None:
    form = {"email": admin.email, "name": "", "role": "agent"}

    assert signed_in.post(reverse("settings:user-invite"), form).status_code == 422


def test_role_and_teams_of_a_user_are_changed(signed_in: Client, admin: User) -> None:
    user, team = make_user(), make_team("Zwroty")
    form = {"name": "Ola", "email": "Ola@example.com", "role": "supervisor", "teams": [team.pk]}

    signed_in.post(reverse("settings:user-edit", args=[user.public_id]), form)

    user.refresh_from_db()
    assert (user.name, user.email, user.role) == ("Ola", "ola@example.com", "supervisor")
    assert list(user.teams.all()) == [team]
    assert AuditEntry.objects.get(action="user.access_changed").actor_id == admin.pk


def test_last_admin_is_told_why_not(signed_in: Client, admin: User) -> None:
    url = reverse("settings:user-edit", args=[admin.public_id])
    form = {"name": admin.name, "email": admin.email, "role": "agent"}

    response = signed_in.post(url, form)
    signed_in.post(reverse("settings:user-deactivate", args=[admin.public_id]))

    admin.refresh_from_db()
    assert response.status_code == 422
    assert "last active administrator" in response.content.decode()
    assert (admin.role, admin.is_active) == ("admin", True)


def test_lost_phone_is_taken_off_the_account(signed_in: Client) -> None:
    user = make_user()
    Authenticator.objects.create(user=user, type="totp", data={})

    signed_in.post(reverse("settings:user-drop-second-factor", args=[user.public_id]))

    assert not Authenticator.objects.filter(user=user).exists()
    assert AuditEntry.objects.filter(action="user.second_factor_dropped").exists()


def test_list_of_users_costs_the_same_for_many(
    signed_in: Client, django_assert_num_queries: Any
) -> None:
    for count in (3, 30):
        for _number in range(count):
            make_user()
        # who asks, users, their teams, invitations
        with django_assert_num_queries(4):
            signed_in.get(reverse("settings:users"))


def test_key_is_shown_once_and_works(signed_in: Client, admin: User) -> None:
    shop = make_shop()
    form = {"name": "shop", "user": admin.pk, "scopes": ["tickets:read"], "shops": [shop.pk]}

    response = signed_in.post(reverse("settings:key-new"), form)

    text = re.search(r"hd_[a-z0-9]{8}_[0-9a-f]+", response.content.decode())
    assert text
    key = keys.authenticate(f"Bearer {text[0]}")
    assert key is not None
    assert key.scopes == ["tickets:read"]
    assert KeyShop.objects.get(key=key).shop == shop
    assert text[0] not in signed_in.get(reverse("settings:keys")).content.decode()


def test_key_has_no_more_than_its_user(signed_in: Client) -> None:
    form = {"name": "x", "user": make_user().pk, "scopes": ["channels:write"]}

    assert signed_in.post(reverse("settings:key-new"), form).status_code == 422
    assert not ApiKey.objects.exists()


def test_revoked_key_opens_nothing(signed_in: Client, admin: User) -> None:
    key, text = keys.create(admin, name="x")

    signed_in.post(reverse("settings:key-revoke", args=[key.public_id]))

    assert keys.authenticate(f"Bearer {text}") is None
    assert AuditEntry.objects.filter(action="api_key.revoked").exists()
