"""Who the shop says is signed in: an HMAC over id, e-mail and expiry, made by the shop's server.

Or a JSON Web Token of the same secret (RFC 7519, HS256 and nothing else).
"""

import binascii
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_LONGEST = timedelta(hours=24)
_LONGEST_TOKEN = 4_096
# How far the shop's clock may be ahead of ours.
_SKEW = timedelta(minutes=5)


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
    if not secret or not isinstance(identity, dict):
        return None
    if "jwt" in identity:
        return _by_token(identity["jwt"], secret, now)
    if not isinstance(identity.get("user"), dict):
        return None
    user = identity["user"]
    external_id, email = user.get("id"), user.get("email") or ""
    exp, given = identity.get("exp"), identity.get("signature")
    if not (isinstance(external_id, str) and isinstance(email, str) and isinstance(given, str)):
        return None
    # With the separator inside, two customers could have one signature.
    if "|" in external_id + email or not isinstance(exp, int):
        return None
    right = signature(secret, external_id, email, exp)
    if not hmac.compare_digest(right.encode(), given.lower().encode()):
        return None
    return _named(external_id, email, user.get("name"), exp, now)


def _by_token(token: Any, secret: str, now: datetime) -> Verified | None:
    """The claims `sub`, `email`, `name` and `exp` of a token that the shop's server signed."""
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN or not token.isascii():
        return None
    signed, _dot, given = token.rpartition(".")
    right = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    try:
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        if not hmac.compare_digest(_decoded(given), right) or header["alg"] != "HS256":
            return None
        external_id, email = claims["sub"], claims.get("email") or ""
        name, exp, issued_at = claims.get("name"), claims["exp"], claims.get("iat", 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(issued_at, int | float) or issued_at > (now + _SKEW).timestamp():
        return None
    return _named(external_id, email, name, exp, now)


def _named(external_id: Any, email: Any, name: Any, exp: Any, now: datetime) -> Verified | None:
    """What is signed, if it is in its form and its time."""
    if not (isinstance(external_id, str) and isinstance(email, str)):
        return None
    if not external_id or len(external_id) > 100:
        return None
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        return None
    if not now.timestamp() < exp <= (now + _LONGEST).timestamp():
        return None
    return Verified(external_id, email, name[:200] if isinstance(name, str) else "")


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError from error
