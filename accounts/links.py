"""One-time links: a random token goes out, its hash stays."""

import hashlib
import secrets

from django.conf import settings
from django.urls import reverse


def new_token() -> str:
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def absolute(view_name: str, *args: str) -> str:
    """A link for a mail or a terminal; its host never comes from a request."""
    return settings.BASE_URL + reverse(view_name, args=args)
