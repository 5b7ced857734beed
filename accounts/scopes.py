"""What an API key may be allowed to do, by the role of its user."""

from collections.abc import Iterable

from accounts.errors import ScopeNotAllowed
from accounts.models import ApiKey, Role

ADMIN = "admin"  # includes all the others

_READ = (
    "tickets:read",
    "customers:read",
    "orders:read",
    "shops:read",
    "channels:read",
    "users:read",
    "teams:read",
    "tags:read",
    "reasons:read",
)
_WRITE = ("tickets:write", "customers:write", "orders:write")
_FIGURES = ("kpi:read",)
_SETTINGS = (
    "shops:write",
    "channels:write",
    "users:write",
    "teams:write",
    "tags:write",
    "reasons:write",
    "webhooks:write",
)

_BY_ROLE: dict[str, tuple[str, ...]] = {
    Role.AGENT: _READ + _WRITE,
    Role.SUPERVISOR: _READ + _WRITE,
    Role.MANAGER: _READ + _FIGURES,
    Role.ADMIN: (*_READ, *_WRITE, *_FIGURES, *_SETTINGS, ADMIN),
}


def of_role(role: str) -> tuple[str, ...]:
    """Every scope that a key of this role's user may have."""
    return _BY_ROLE[role]


def default(role: str) -> list[str]:
    """What a key gets for whom nobody chose: all of its user's role but `admin`."""
    return [scope for scope in of_role(role) if scope != ADMIN]


def check(role: str, scopes: Iterable[str]) -> list[str]:
    """The scopes in their fixed order. Raises ScopeNotAllowed for what the role cannot do."""
    wanted = set(scopes)
    if not wanted <= set(of_role(role)):
        raise ScopeNotAllowed
    return [scope for scope in of_role(role) if scope in wanted]


def allows(key: ApiKey, scope: str) -> bool:
    """Whether this key may do it: by its own scopes, and by what its user's role still allows."""
    granted = set(key.scopes) & set(of_role(key.user.role))
    return scope in granted or (ADMIN in granted and key.user.role == Role.ADMIN)
