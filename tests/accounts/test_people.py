import threading
import time
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts import audit, people
from accounts.errors import DefaultTeamNeeded, LastAdmin
from accounts.models import AuditEntry, Role, Team, User
from accounts.signals import access_changed
from tests.accounts.conftest import SignIn, is_signed_in
from tests.factories import make_team, make_user


def test_new_role_ends_the_sessions_and_is_recorded(
    client: Client, agent: User, admin: User, sign_in: SignIn
) -> None:
    sign_in(client, agent.email)

    people.change_access(agent, role=Role.MANAGER, teams=agent.teams.all(), by=admin)

    assert not is_signed_in(client)
    entry = AuditEntry.objects.get(action="user.access_changed")
    assert (entry.actor_id, entry.object_label) == (admin.pk, "Ola Wójcik")
    assert (entry.before["role"], entry.after["role"]) == ("agent", "manager")


def test_new_teams_keep_the_session_and_tell_open_connections(
    client: Client,
    agent: User,
    sign_in: SignIn,
    django_capture_on_commit_callbacks: object,
) -> None:
    told: list[User] = []

    def listen(user: User, **kwargs: object) -> None:
        told.append(user)

    sign_in(client, agent.email)
    access_changed.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            people.change_access(agent, role=Role.AGENT, teams=[make_team()], by=None)
    finally:
        access_changed.disconnect(listen)

    assert told == [agent]
    assert is_signed_in(client)


def test_deactivated_user_is_out_at_once(client: Client, agent: User, sign_in: SignIn) -> None:
    sign_in(client, agent.email)

    people.deactivate(agent, by=None)

    assert not is_signed_in(client)
    people.reactivate(agent, by=None)
    assert not is_signed_in(client), "the old session stays ended"
    assert sign_in(client, agent.email).status_code == 302


def test_last_admin_stays(admin: User) -> None:
    make_user("admin", is_active=False)
    with pytest.raises(LastAdmin):
        people.deactivate(admin, by=admin)
    with pytest.raises(LastAdmin):
        people.change_access(admin, role=Role.AGENT, teams=[], by=admin)

    make_user("admin")
    people.change_access(admin, role=Role.AGENT, teams=[], by=admin)


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_deactivate_each_other_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = people._keep_an_admin

    def check_slowly(leaving: User) -> None:
        """Without the lock, both have checked before either has changed anything."""
        check(leaving)
        time.sleep(0.3)

    monkeypatch.setattr(people, "_keep_an_admin", check_slowly)
    admins = [make_user("admin", teams=[]), make_user("admin", teams=[])]
    start = threading.Barrier(2)
    refused: list[LastAdmin] = []

    def deactivate(user: User) -> None:
        start.wait()
        try:
            people.deactivate(user, by=None)
        except LastAdmin as e:
            refused.append(e)
        finally:
            connection.close()

    threads = [threading.Thread(target=deactivate, args=[user]) for user in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert User.objects.admins().count() == 1
    assert len(refused) == 1


def test_address_is_one_whatever_its_case(agent: User) -> None:
    assert User.objects.get(email="OLA@EXAMPLE.COM") == agent
    assert make_user(email="Jan@Example.com").email == "jan@example.com"


def test_there_is_one_default_team(db: None) -> None:
    old, new = Team.objects.default(), make_team("Zwroty")
    people.make_default(new, by=None)

    assert Team.objects.default() == new
    with pytest.raises(DefaultTeamNeeded):
        people.remove_team(new, by=None)
    people.remove_team(old, by=None)
    assert list(Team.objects.all()) == [new]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda: AuditEntry.objects.update(action="nothing"),
        lambda: AuditEntry.objects.all().delete(),
    ],
    ids=["update", "delete"],
)
def test_audit_log_only_grows(change: Callable[[], object]) -> None:
    audit.record("test.done", by=None)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()


def test_audit_log_keeps_the_network_of_the_address(
    client: Client, agent: User, sign_in: SignIn
) -> None:
    sign_in(client, agent.email, REMOTE_ADDR="203.0.113.77")

    assert AuditEntry.objects.get(action="user.signed_in").ip == "203.0.113.0"


def test_deploy_check_fails_on_rows_of_the_demo(
    agent: User, capsys: pytest.CaptureFixture[str]
) -> None:
    from accounts.checks import check_no_demo

    assert check_no_demo(databases=["default"]) == []
    make_user(is_demo=True)

    assert [message.id for message in check_no_demo(databases=["default"])] == ["accounts.E001"]
    call_command("check")  # the start of a demo does not ask
