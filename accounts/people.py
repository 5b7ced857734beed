"""What an admin does to users and teams; each change is in the audit log."""

from collections.abc import Iterable

from django.db import transaction

from accounts import audit, sessions
from accounts.errors import DefaultTeamNeeded, LastAdmin
from accounts.models import Role, Team, User


@transaction.atomic
def change_access(user: User, *, role: Role, teams: Iterable[Team], by: User | None) -> None:
    """Give a user another role or other teams; a new role ends their sessions."""
    locked = _lock(user)
    before = {"role": locked.role, "teams": _slugs(locked.teams.all())}
    after = {"role": str(role), "teams": _slugs(teams)}
    if before == after:
        return
    if locked.is_admin_role and role != Role.ADMIN:
        _keep_an_admin(locked)
    locked.role = role
    locked.save(update_fields=["role"])
    locked.teams.set(teams)
    audit.record("user.access_changed", by=by, on=locked, before=before, after=after)
    user.role = role
    if before["role"] != after["role"]:
        sessions.end_all(user)
    else:
        sessions.announce(user)


@transaction.atomic
def deactivate(user: User, *, by: User | None) -> None:
    """Sign a user out everywhere and keep them, with all they wrote, from signing in again."""
    locked = _lock(user)
    if locked.is_admin_role:
        _keep_an_admin(locked)
    locked.is_active = user.is_active = False
    locked.save(update_fields=["is_active"])
    audit.record("user.deactivated", by=by, on=locked)
    sessions.end_all(user)


@transaction.atomic
def reactivate(user: User, *, by: User | None) -> None:
    locked = _lock(user)
    locked.is_active = user.is_active = True
    locked.save(update_fields=["is_active"])
    audit.record("user.reactivated", by=by, on=locked)


@transaction.atomic
def rename(user: User, *, name: str, email: str, by: User | None) -> None:
    """Change what others see of a user, and the address that they sign in with."""
    locked = _lock(user)
    before = {"name": locked.name, "email": locked.email}
    locked.name, locked.email = name, email.lower()
    after = {"name": locked.name, "email": locked.email}
    if before == after:
        return
    locked.version += 1
    locked.save(update_fields=["name", "sort_key", "email", "version"])
    audit.record("user.renamed", by=by, on=locked, before=before, after=after)
    user.refresh_from_db()


def save_profile(user: User) -> None:
    """Keep what users set for themselves: their name and how the pages look to them."""
    user.version += 1
    user.save(update_fields=["name", "sort_key", "language", "theme", "density", "version"])


@transaction.atomic
def set_members(team: Team, members: Iterable[User]) -> None:
    """Put these active users into the team, and no others; who was turned off stays as it is."""
    before = set(team.members.active())
    after = set(members)
    team.members.add(*after - before)
    team.members.remove(*before - after)
    for user in before ^ after:
        sessions.announce(user)


@transaction.atomic
def make_default(team: Team, *, by: User | None) -> None:
    """Give what names no other team to this one from now on."""
    # The row that holds the place is locked: two who choose at once would both find it taken.
    current = Team.objects.select_for_update().default()
    if current == team:
        return
    Team.objects.filter(pk=current.pk).update(is_default=False)
    team.is_default = True
    team.save(update_fields=["is_default"])
    before, after = {"team": current.slug}, {"team": team.slug}
    audit.record("team.made_default", by=by, on=team, before=before, after=after)


@transaction.atomic
def remove_team(team: Team, *, by: User | None) -> None:
    """Remove a team. Raises ProtectedError while tickets or channels still belong to it."""
    team = Team.objects.select_for_update().get(pk=team.pk)
    if team.is_default:
        raise DefaultTeamNeeded
    audit.record("team.removed", by=by, on=team, before={"name": team.name, "slug": team.slug})
    team.delete()


def _lock(user: User) -> User:
    """The row as it is now. All admins are locked with it, always in the same order.

    Without that, two admins who take the role from each other at once would leave none.
    """
    list(User.objects.admins().select_for_update().order_by("pk").values("pk"))
    return User.objects.select_for_update().get(pk=user.pk)


def _keep_an_admin(leaving: User) -> None:
    if leaving.is_active and not User.objects.admins().exclude(pk=leaving.pk).exists():
        raise LastAdmin


def _slugs(teams: Iterable[Team]) -> list[str]:
    return sorted(team.slug for team in teams)
