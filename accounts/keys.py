"""Making, checking and revoking API keys: `hd_<prefix>_<secret>`."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit, scopes
from accounts.models import ApiKey, User

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
# Compared with when no key has the prefix, so that both answers take the same time.
_NO_HASH = hashlib.sha256(b"").hexdigest()
# The time of use is written this often at most, not with each request.
_USE_STEP = timedelta(minutes=1)


@transaction.atomic
def create(
    user: User,
    *,
    name: str,
    wanted: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    is_demo: bool = False,
    by: User | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown once: only a hash of it is kept.

    Raises ScopeNotAllowed when `wanted` holds more than the user's role allows.
    """
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(8))
    secret = secrets.token_hex(24)
    granted = scopes.default(user.role) if wanted is None else scopes.check(user.role, wanted)
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=granted,
        expires_at=expires_at,
        is_demo=is_demo,
    )
    audit.record("api_key.created", by=by, on=key, after={"user": user.email, "scopes": granted})
    return key, f"hd_{prefix}_{secret}"


def authenticate(header: str) -> ApiKey | None:
    """The usable key, with its user, that an Authorization header carries; None for all else."""
    scheme, _, text = header.partition(" ")
    mark, _, rest = text.strip().partition("_")
    prefix, _, secret = rest.partition("_")
    if scheme.lower() != "bearer" or mark != "hd":
        return None
    key = ApiKey.objects.usable().select_related("user").filter(prefix=prefix[:12]).first()
    is_right = hmac.compare_digest(_hash(secret), key.secret_hash if key else _NO_HASH)
    if key is None or not is_right or _is_fenced_demo(key):
        return None
    _note_use(key)
    return key


@transaction.atomic
def revoke(key: ApiKey, *, by: User | None) -> None:
    if key.revoked_at is not None:
        return
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    audit.record("api_key.revoked", by=by, on=key)


def _hash(secret: str) -> str:
    """A plain hash is enough: the secret has 192 random bits, which no list can hold."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _is_fenced_demo(key: ApiKey) -> bool:
    return (key.is_demo or key.user.is_demo) and not settings.DEMO


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - _USE_STEP:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        key.last_used_at = now
