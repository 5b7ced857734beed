"""Reply addresses: a ticket's ref with a code that only we can compute (contracts/email.md 3)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

from django.conf import settings

_MAC_LENGTH = 16
_TAG = re.compile(r"t([a-z0-9]{6,16})\.([a-z2-7]{16})\Z")


def reply_address(mailbox: str, ref: str) -> str:
    """`pomoc@sklep.pl` and a ref -> `pomoc+t<ref>.<mac>@sklep.pl`."""
    local, _at, domain = mailbox.rpartition("@")
    return f"{local}+t{ref}.{_mac(_keys()[0], mailbox, ref)}@{domain}"


def ref_in(address: str, mailbox: str) -> str | None:
    """The ref of a reply address of this mailbox; None if it is another's or the code is wrong."""
    local, _at, domain = address.strip().lower().rpartition("@")
    own_local, _own_at, own_domain = mailbox.lower().rpartition("@")
    name, plus, tag = local.rpartition("+")
    if not plus or (name, domain) != (own_local, own_domain):
        return None
    found = _TAG.match(tag)
    if found is None:
        return None
    ref, mac = found.groups()
    # Every key is tried, so that the time taken does not tell which one fits.
    fits = [hmac.compare_digest(mac, _mac(key, mailbox, ref)) for key in _keys()]
    return ref if any(fits) else None


def signature(purpose: str, value: str) -> str:
    """16 base32 characters that prove that we made `value` for this purpose."""
    return _sign(_keys()[0], f"{purpose}|{value}")


def is_signed(purpose: str, value: str, mac: str) -> bool:
    """Whether `mac` is our signature of the value, by any key that is still in use."""
    fits = [hmac.compare_digest(mac, _sign(key, f"{purpose}|{value}")) for key in _keys()]
    return any(fits)


def _keys() -> Sequence[str]:
    keys: list[str] = settings.HELPDESK_TOKEN_KEYS
    return keys


def _mac(key: str, mailbox: str, ref: str) -> str:
    return _sign(key, f"v1|{mailbox.lower()}|{ref}")


def _sign(key: str, text: str) -> str:
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:_MAC_LENGTH]
