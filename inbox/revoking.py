"""Tells a user's open workspaces at once that their access changed; each then looks for itself."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest

from accounts.models import User
from accounts.signals import access_changed
from inbox import realtime


def connect() -> None:
    access_changed.connect(_access_changed, dispatch_uid="inbox.access_changed")
    user_logged_out.connect(_signed_out, dispatch_uid="inbox.signed_out")


def _access_changed(user: User, **_kwargs: Any) -> None:
    realtime.send([(realtime.user_group(user.pk), {"type": "access.changed"})])


def _signed_out(request: HttpRequest | None, **_kwargs: Any) -> None:
    key = request.session.session_key if request is not None else None
    if key:
        realtime.send([(realtime.session_group(key), {"type": "session.ended"})])
