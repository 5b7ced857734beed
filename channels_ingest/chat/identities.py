"""Who the shop says is signed in: an HMAC over id, e-mail and expiry, made by the shop's server."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_LONGEST = timedelta(hours=24)


@dataclass(frozen=True)
class Verified:
    """A customer of the shop, as signed; `name` is not part of the signature and only shown."""

    external_id: str
    email: str
    name: str = ""


def signature(secret: str, external_id: str, email: str, exp: int) -> str:
    """Hex HMAC-SHA256 of `id|email|exp`, as the shop computes it."""
    signed = f"{external_id}|{email}|{exp}"
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


def verify(identity: Any, secret: str, now: datetime) -> Verified | None:
    """The signed customer; None for anything that is not signed, not yet or no longer valid."""
    if not secret or not isinstance(identity, dict) or not isinstance(identity.get("user"), dict):
        return None
    user = identity["user"]
    external_id, email = user.get("id"), user.get("email") or ""
    exp, given = identity.get("exp"), identity.get("signature")
    if not (isinstance(external_id, str) and isinstance(email, str) and isinstance(given, str)):
        return None
    # With the separator inside, two customers could have one signature.
    if not external_id or len(external_id) > 100 or "|" in external_id + email:
        return None
    if isinstance(exp, bool) or not isinstance(exp, int):
        return None
    right = signature(secret, external_id, email, exp)
    if not hmac.compare_digest(right.encode(), given.lower().encode()):
        return None
    if not now.timestamp() < exp <= (now + _LONGEST).timestamp():
        return None
    name = user.get("name")
    return Verified(external_id, email, name[:200] if isinstance(name, str) else "")
