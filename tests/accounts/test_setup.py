from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import setup
from accounts.models import Role, User
from tests.factories import make_user

FORM = {"email": "Anna@example.com", "name": "Anna", "password": "correct horse battery"}


@pytest.mark.django_db
def test_link_makes_the_first_admin_once(client: Client) -> None:
    path = urlsplit(setup.setup_link()).path
    assert path.startswith("/setup/")

    assert client.get(path).status_code == 200
    assert client.post(path, FORM).status_code == 302

    assert User.objects.get(email="anna@example.com").role == Role.ADMIN
    assert not setup.is_needed()
    assert client.post(path, {**FORM, "email": "other@example.com"}).status_code == 410
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_link_is_ours_and_young(client: Client) -> None:
    path = urlsplit(setup.setup_link()).path

    assert client.get("/setup/made-up/").status_code == 410
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1)):
        assert client.get(path).status_code == 410


@pytest.mark.django_db
def test_admin_of_the_demo_does_not_count_outside_of_it(settings: Any) -> None:
    make_user("admin", is_demo=True)
    assert setup.is_needed()

    settings.DEMO = True
    assert not setup.is_needed()


@pytest.mark.django_db
def test_command_prints_a_link_that_makes_an_admin(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("create_admin", "--email", "szef@example.com", "--link")
    link = capsys.readouterr().out.strip()

    client.post(urlsplit(link).path, {"name": "Szef", "password": FORM["password"]})

    assert User.objects.get(email="szef@example.com").role == Role.ADMIN
    with pytest.raises(CommandError):
        call_command("create_admin", "--email", "szef@example.com", "--link")
