from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import inviting
from accounts.errors import AddressTaken, LinkNotValid
from accounts.models import AuditEntry, Invitation, Role, Team, User

FORM = {"name": "Jan Nowak", "password": "correct horse battery"}


@pytest.fixture
def link(admin: User) -> str:
    team = Team.objects.default()
    invitation, link = inviting.invite(
        "Jan@Example.com", role=Role.SUPERVISOR, teams=[team], by=admin
    )
    inviting.send(invitation, link)
    return link


def _path(link: str) -> str:
    return urlsplit(link).path


def test_invited_person_joins_with_the_given_role(client: Client, link: str) -> None:
    assert link in mail.outbox[0].body
    assert link.startswith("http://localhost:8000/")

    response = client.post(_path(link), {**FORM, "role": "admin", "email": "other@example.com"})

    assert response.status_code == 302
    user = User.objects.get(email="jan@example.com")
    assert (user.name, user.role, list(user.teams.all())) == (
        "Jan Nowak",
        "supervisor",
        [Team.objects.default()],
    )
    assert client.login(email=user.email, password=FORM["password"])


def test_link_works_once(client: Client, link: str) -> None:
    client.post(_path(link), FORM)

    assert client.get(_path(link)).status_code == 410
    assert client.post(_path(link), FORM).status_code == 410
    assert User.objects.filter(email="jan@example.com").count() == 1


def test_link_works_for_a_day(client: Client, link: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        assert client.get(_path(link)).status_code == 410


@pytest.mark.parametrize("token", ["x", "a" * 32])
def test_made_up_link_opens_nothing(client: Client, link: str, token: str) -> None:
    assert client.get(f"/accounts/join/{token}/").status_code == 410


def test_only_the_newest_link_of_an_address_works(client: Client, link: str, admin: User) -> None:
    _invitation, newer = inviting.invite("jan@example.com", role=Role.AGENT, by=admin)

    assert client.get(_path(link)).status_code == 410
    assert client.get(_path(newer)).status_code == 200


def test_token_is_kept_as_a_hash(link: str) -> None:
    token = _path(link).split("/")[-2]

    assert token not in str(list(Invitation.objects.values()))


def test_weak_password_is_refused(client: Client, link: str) -> None:
    response = client.post(_path(link), {**FORM, "password": "12345678"})

    assert response.status_code == 422
    assert not User.objects.filter(email="jan@example.com").exists()


def test_users_are_not_invited_again(agent: User, admin: User) -> None:
    with pytest.raises(AddressTaken):
        inviting.invite("OLA@example.com", role=Role.ADMIN, by=admin)


def test_withdrawn_invitation_is_over_and_recorded(link: str, admin: User) -> None:
    inviting.withdraw(Invitation.objects.get(), by=admin)

    with pytest.raises(LinkNotValid):
        inviting.find(_path(link).split("/")[-2])
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert list(actions) == ["invitation.sent", "invitation.withdrawn"]
