"""The demo's sign-ins, one a role."""

import secrets

from django.conf import settings
from environs import Env

from accounts.models import Role, Team, User

_PEOPLE = (
    ("agent", "Ola Zielińska"),
    ("supervisor", "Kasia Mazur"),
    ("manager", "Marek Wójcik"),
    ("admin", "Ewa Król"),
)


def make() -> str:
    """Make the demo's users, or give them the password that is set; returns what to print."""
    chosen = Env().str("HELPDESK_DEMO_PASSWORD", "")
    addresses = [f"{role}@demo.example" for role, _name in _PEOPLE]
    known = User.objects.filter(email__in=addresses).count() == len(addresses)
    if known and not chosen:
        return "Demo sign-ins: the password is the one printed at the first start."
    password = chosen or secrets.token_urlsafe(9)
    for role, name in _PEOPLE:
        _user(f"{role}@demo.example", role, name, password)
    lines = "\n".join(f"  {address}" for address in addresses)
    return f"Demo sign-ins, all with the password {password}\n{lines}"


def _user(email: str, role: str, name: str, password: str) -> None:
    user = User.objects.filter(email=email).first() or User.objects.create_user(
        email, role=role, name=name, is_demo=settings.DEMO
    )
    user.set_password(password)
    user.save()
    user.teams.add(Team.objects.default())


def agents() -> list[User]:
    """Those of the demo's users who answer customers."""
    rows = User.objects.agents().filter(is_demo=True).exclude(role=Role.ADMIN)
    return list(rows.order_by("pk"))
