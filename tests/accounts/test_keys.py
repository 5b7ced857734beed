from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import keys, people, scopes
from accounts.errors import ScopeNotAllowed
from accounts.models import ApiKey, AuditEntry, Role, User
from tests.factories import make_user


def test_key_opens_for_its_user(agent: User) -> None:
    key, text = keys.create(agent, name="shop")

    found = keys.authenticate(f"Bearer {text}")

    assert text.startswith(f"hd_{key.prefix}_")
    assert found == key
    assert found.user == agent
    assert found.last_used_at is not None


def test_secret_is_kept_as_a_hash(agent: User) -> None:
    _key, text = keys.create(agent, name="shop")

    secret = text.rpartition("_")[2]
    assert len(secret) >= 32
    assert secret not in str(list(ApiKey.objects.values()))
    assert secret not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer hd__",
        "Basic hd_{p}_{s}",
        "Bearer xx_{p}_{s}",
        "Bearer hd_{p}",
        "Bearer hd_{p}_",
        "Bearer hd_{p}_{s}0",
        "Bearer hd_nothere_{s}",
        "hd_{p}_{s}",
    ],
)
def test_anything_else_opens_nothing(agent: User, header: str) -> None:
    _key, text = keys.create(agent, name="shop")
    _mark, prefix, secret = text.split("_")

    assert keys.authenticate(header.format(p=prefix, s=secret)) is None


def test_key_ends_with_its_time_its_revocation_and_its_user(agent: User) -> None:
    expired = keys.create(agent, name="a", expires_at=timezone.now() - timedelta(seconds=1))
    revoked = keys.create(agent, name="b")
    keys.revoke(revoked[0], by=agent)
    left = keys.create(agent, name="c")
    assert keys.authenticate(f"Bearer {left[1]}")

    people.deactivate(agent, by=None)

    for _key, text in (expired, revoked, left):
        assert keys.authenticate(f"Bearer {text}") is None


def test_demo_key_opens_only_where_the_demo_runs(agent: User, settings: Any) -> None:
    _key, text = keys.create(agent, name="demo", is_demo=True)
    assert keys.authenticate(f"Bearer {text}") is None

    settings.DEMO = True
    assert keys.authenticate(f"Bearer {text}")


def test_scopes_follow_the_role(agent: User, admin: User) -> None:
    assert "tickets:write" in scopes.default(Role.AGENT)
    assert "tickets:write" not in scopes.default(Role.MANAGER)
    assert "channels:write" not in scopes.of_role(Role.AGENT)
    assert "admin" not in scopes.default(Role.ADMIN)
    with pytest.raises(ScopeNotAllowed):
        keys.create(agent, name="x", wanted=["channels:write"])

    key, _text = keys.create(admin, name="all", wanted=["admin"])
    assert scopes.allows(key, "channels:write")
    assert scopes.allows(key, "admin")


def test_key_loses_what_its_user_loses(admin: User) -> None:
    make_user("admin")
    key, _text = keys.create(admin, name="all", wanted=["admin", "channels:write", "tickets:read"])

    people.change_access(admin, role=Role.AGENT, teams=[], by=None)
    key.refresh_from_db()

    assert scopes.allows(key, "tickets:read")
    assert not scopes.allows(key, "channels:write")
    assert not scopes.allows(key, "admin")


def test_command_prints_the_key_alone(agent: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", "--user", "OLA@example.com", "--name", "shop")
    printed = capsys.readouterr().out

    key = keys.authenticate(f"Bearer {printed.strip()}")
    assert printed.count("\n") == 1
    assert key is not None
    assert key.scopes == scopes.default(Role.AGENT)


def test_command_refuses_in_one_sentence(agent: User) -> None:
    with pytest.raises(CommandError, match="There is no active user"):
        call_command("create_api_key", "--user", "nobody@example.com", "--name", "x")
    with pytest.raises(CommandError, match="may only have"):
        call_command("create_api_key", "--user", agent.email, "--name", "x", "--scope", "admin")
