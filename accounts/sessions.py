"""Ending sessions: one, or all of a user."""

from functools import partial

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import F

from accounts.models import User
from accounts.signals import access_changed


def end_all(user: User) -> None:
    """End every session of this user, also those that no row is kept of."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["session_epoch"])
    for session in UserSession.objects.filter(user=user):
        session.end()
    announce(user)


def end(session: UserSession) -> None:
    session.end()
    announce(session.user)


def announce(user: User) -> None:
    """Let open connections of this user be checked again, once the change is committed."""
    transaction.on_commit(partial(access_changed.send_robust, sender=User, user=user))
