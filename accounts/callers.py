"""Who is behind a request of the REST API."""

from typing import cast

from rest_framework.request import Request

from accounts.models import ApiKey, User
from history.recording import Actor


def user_of(request: Request) -> User:
    """The signed-in user, or the one whose key it is; views run for nobody else."""
    return cast("User", request.user)


def key_of(request: Request) -> ApiKey | None:
    """The key that was sent; None for a session."""
    return request.auth if isinstance(request.auth, ApiKey) else None


def actor_of(request: Request) -> Actor:
    """Who did it, for the event log."""
    key = key_of(request)
    return Actor("key", key.pk) if key else Actor("agent", user_of(request).pk)
